"""Hooks: what was received (the inbox held nothing before), and how many changes came so."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("inbox")
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("remote_ids", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("source", "delivery", name="uq_inbox_source_delivery"),
    )
    waiting = sa.text("handled_at IS NULL")
    op.create_index("ix_inbox_waiting", "inbox", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_inbox_entity", "inbox", ["source", "entity"])
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])
    op.create_table(
        "hook_coverage",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("heard_in_a_row", sa.Integer(), nullable=False),
        sa.Column("missed_in_a_row", sa.Integer(), nullable=False),
        sa.Column("last_heard_at", sa.BigInteger(), nullable=True),
        sa.Column("last_missed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("system", name="pk_hook_coverage"),
    )
