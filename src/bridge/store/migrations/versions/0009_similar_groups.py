"""Groups of similar summaries, each with its first member's fingerprint."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "similar_group",
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "group_key", name="pk_similar_group"),
    )
    op.create_index("ix_similar_group_used", "similar_group", ["rule_id", "division", "used"])
