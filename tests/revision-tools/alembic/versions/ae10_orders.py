import sqlalchemy as sa
from alembic import op

revision = "ae10"
down_revision = None


def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("customer", sa.Text, nullable=False, index=True),
        sa.Column("paid", sa.Boolean, nullable=False, server_default=sa.false()),
    )
