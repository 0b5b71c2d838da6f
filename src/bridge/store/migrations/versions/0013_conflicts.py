"""Conflicts of the sync, steps between statuses that were seen, and how far other clocks are from ours."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "conflict",
        sa.Column("id", number, nullable=False),
        sa.Column("link_id", number, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("field", "incident_value", "project_value", "why", "told")
        ),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("resolved_by", "resolution", "value")),
        sa.PrimaryKeyConstraint("id", name="pk_conflict"),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name="fk_conflict_link_id"),
    )
    op.create_index("ix_conflict_link_id", "conflict", ["link_id"])
    unresolved = sa.text("resolved_at IS NULL")
    op.create_index(
        "uq_conflict_open",
        "conflict",
        ["link_id", "field"],
        unique=True,
        sqlite_where=unresolved,
        postgresql_where=unresolved,
    )
    op.create_table(
        "status_step",
        sa.Column("issue_tracker", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issue_tracker", "from_status", "to_status", name="pk_status_step"),
    )
    op.create_table(
        "clock_offset",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("earliest", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", name="pk_clock_offset"),
    )
