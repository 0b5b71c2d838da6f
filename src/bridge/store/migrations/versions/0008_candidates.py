"""Candidates are forms, and have an issue in which they are decided."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name in ("objective", "due", "template", "impact", "proposed_by"):
        op.add_column("promotion", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("waiting_since", "deferred_until"):
        op.add_column("promotion", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("promotion", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.add_column("promotion", sa.Column("from_history", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "intake",
        sa.Column("promotion_id", ID, autoincrement=False, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.Text(), nullable=False),
        sa.Column("journal", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_intake_promotion_id"),
        sa.PrimaryKeyConstraint("promotion_id", name="pk_intake"),
    )
    op.create_index("ix_intake_issue_id", "intake", ["issue_id"])
