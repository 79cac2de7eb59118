"""create customers

Revision ID: 3f6a1c0b9d21
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "3f6a1c0b9d21", None, None, None


def upgrade():
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )


def downgrade():
    op.drop_table("customers")
