"""Effects, their predecessors and dead letters; commands."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _effect()
    _effect_predecessor()
    _dead_letter()
    _command()


def _effect() -> None:
    op.create_table(
        "effect",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("unique_key", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("promotion_id", ID, nullable=True),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_effect"),
        sa.UniqueConstraint("unique_key", name="uq_effect_unique_key"),
    )
    op.create_index(
        "ix_effect_due",
        "effect",
        ["run_at", "id"],
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index("ix_effect_key", "effect", ["key", "state", "id"])
    for state in ("running", "dead"):
        where = sa.text(f"state = '{state}'")
        op.create_index(f"ix_effect_{state}", "effect", ["id"], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_effect_promotion", "effect", ["promotion_id", "state"])


def _effect_predecessor() -> None:
    op.create_table(
        "effect_predecessor",
        sa.Column("effect_id", ID, autoincrement=False, nullable=False),
        sa.Column("predecessor_id", ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["effect_id"], ["effect.id"], name="fk_effect_predecessor_effect_id"),
        sa.ForeignKeyConstraint(["predecessor_id"], ["effect.id"], name="fk_effect_predecessor_predecessor_id"),
        sa.PrimaryKeyConstraint("effect_id", "predecessor_id", name="pk_effect_predecessor"),
    )


def _dead_letter() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("effect_id", ID, autoincrement=False, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("died_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["effect_id"], ["effect.id"], name="fk_dead_letter_effect_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letter"),
    )
    op.create_index("ix_dead_letter_effect_id", "dead_letter", ["effect_id"])


def _command() -> None:
    op.create_table(
        "command",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_command"),
    )
    op.create_index("ix_command_state_id", "command", ["state", "id"])
