"""seed plans

Revision ID: c5e90f4aa812
Revises: 84bd02e7715c
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "c5e90f4aa812", "84bd02e7715c", None, None


def upgrade():
    plans = op.create_table(
        "plans", sa.Column("code", sa.Text(), primary_key=True), sa.Column("title", sa.Text(), nullable=False)
    )
    op.bulk_insert(plans, [{"code": "free", "title": "Free"}, {"code": "team", "title": "It's: for teams"}])


def downgrade():
    op.drop_table("plans")
