"""Promotions, tasks, links, exclusions; what the bridge did and why."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _promotion()
    _promotion_member()
    _task()
    _link()
    _exclusion()
    _own_write()
    _audit()


def _promotion() -> None:
    op.create_table(
        "promotion",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("root_issue_id", sa.Integer(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("decision_note", sa.Text(), nullable=False),
        sa.Column("attention", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_promotion"),
    )
    op.create_index("ix_promotion_root_issue_id", "promotion", ["root_issue_id"])
    op.create_index("ix_promotion_rule_id_group_key", "promotion", ["rule_id", "group_key"])


def _promotion_member() -> None:
    op.create_table(
        "promotion_member",
        sa.Column("promotion_id", ID, autoincrement=False, nullable=False),
        sa.Column("incident_id", ID, autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_promotion_member_incident_id"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_promotion_member_promotion_id"),
        sa.PrimaryKeyConstraint("promotion_id", "incident_id", name="pk_promotion_member"),
    )
    op.create_index("ix_promotion_member_incident_id", "promotion_member", ["incident_id"])


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("promotion_id", ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_task_promotion_id"),
        sa.PrimaryKeyConstraint("promotion_id", "key", name="pk_task"),
    )
    op.create_index("ix_task_issue_id", "task", ["issue_id"])


def _link() -> None:
    op.create_table(
        "link",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("incident_id", ID, autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("promotion_id", ID, autoincrement=False, nullable=False),
        sa.Column("task_key", sa.Text(), nullable=False),
        sa.Column("agreed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("notes_since", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=True),
        sa.Column("incident_note", sa.Text(), nullable=False),
        sa.Column("issue_note", sa.Text(), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=False),
        sa.Column("attention", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_link_incident_id"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_link_promotion_id"),
        sa.PrimaryKeyConstraint("id", name="pk_link"),
    )
    op.create_index("ix_link_ref", "link", ["source", "external_id"])
    op.create_index("ix_link_issue_id", "link", ["issue_id"])
    op.create_index("ix_link_promotion_id", "link", ["promotion_id"])
    op.create_index(
        "uq_link_running",
        "link",
        ["incident_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _exclusion() -> None:
    op.create_table(
        "exclusion",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("incident_id", ID, autoincrement=False, nullable=False),
        sa.Column("promotion_id", ID, autoincrement=False, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("started_because", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_exclusion_incident_id"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_exclusion_promotion_id"),
        sa.PrimaryKeyConstraint("id", name="pk_exclusion"),
    )
    op.create_index("ix_exclusion_incident_id", "exclusion", ["incident_id"])
    op.create_index(
        "uq_exclusion_running",
        "exclusion",
        ["promotion_id", "incident_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _own_write() -> None:
    op.create_table(
        "own_write",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "entity", "remote_id", name="pk_own_write"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
