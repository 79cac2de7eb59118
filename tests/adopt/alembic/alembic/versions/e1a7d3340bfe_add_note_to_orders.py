"""add note to orders

Revision ID: e1a7d3340bfe
Revises: c5e90f4aa812
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "e1a7d3340bfe", "c5e90f4aa812", None, None


def upgrade():
    op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))


def downgrade():
    op.drop_column("orders", "note")
