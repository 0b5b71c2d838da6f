"""People are told: lines of digests, escalations, and the tasks of projects as last read."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "notice_line",
        sa.Column("id", _ID, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("unique_key", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice_line"),
        sa.UniqueConstraint("unique_key", name="uq_notice_line_unique_key"),
    )
    waiting = sa.text("told_at IS NULL")
    op.create_index("ix_notice_line_waiting", "notice_line", ["digest"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "escalation",
        sa.Column("id", _ID, nullable=False),
        sa.Column("incident_id", _ID, nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_escalation"),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_escalation_incident_id"),
        sa.UniqueConstraint("incident_id", "clock", name="uq_escalation_incident_id_clock"),
    )
    running = sa.text("ended_at IS NULL")
    op.create_index("ix_escalation_running", "escalation", ["id"], sqlite_where=running, postgresql_where=running)
    op.create_table(
        "project_tasks",
        sa.Column("project_id", _ID, nullable=False, autoincrement=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("tasks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_project_tasks"),
    )
