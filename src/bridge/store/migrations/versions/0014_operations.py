"""Facts tell all that reports on incidents need; sums per day. `kpi rebuild` fills in what was stored before."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXTS = ("first_team", "source", "person", "type", "state")
COUNTS = ("reopened", "reassigned", "told_reopened", "told_reassigned")
SUMS = ("opened", "ended", "resolved_reported", "time_reported", "resolved_timeline", "time_timeline")


def upgrade() -> None:
    with op.batch_alter_table("incident_fact") as facts:
        for name in TEXTS:
            facts.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
        for name in COUNTS:
            facts.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        facts.add_column(sa.Column("holds", sa.Text(), nullable=False, server_default="[]"))
        facts.add_column(sa.Column("effort", sa.Double(), nullable=False, server_default="0"))
        facts.add_column(sa.Column("left_at", sa.BigInteger(), nullable=True))
        facts.add_column(sa.Column("response_breached", sa.Boolean(), nullable=True))
        facts.add_column(sa.Column("resolution_breached", sa.Boolean(), nullable=True))
    for name in ("opened_at", "resolved_reported", "resolved_timeline", "left_at"):
        op.create_index(f"ix_incident_fact_{name}", "incident_fact", [name])
    op.create_table(
        "fact_day",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("day", "source", name="pk_fact_day"),
    )
    op.execute("INSERT INTO meta (name, value) SELECT 'facts', 'stale' WHERE EXISTS (SELECT 1 FROM incident_fact)")
