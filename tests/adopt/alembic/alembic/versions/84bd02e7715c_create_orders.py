"""create orders

Revision ID: 84bd02e7715c
Revises: 3f6a1c0b9d21
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "84bd02e7715c", "3f6a1c0b9d21", None, None


def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Enum("new", "paid", name="order_status"), server_default="new", nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_orders_customer_id"), "orders", ["customer_id"], unique=False)
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE order_status ADD VALUE 'sent'")


def downgrade():
    op.drop_index(op.f("ix_orders_customer_id"), table_name="orders")
    op.drop_table("orders")
    op.execute("DROP TYPE order_status")
