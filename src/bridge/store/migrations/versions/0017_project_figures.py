"""Projects: the plan as it was made, and the work that was left on each day."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "project_baseline",
        sa.Column("promotion_id", _ID, nullable=False, autoincrement=False),
        sa.Column("made_on", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("tasks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("promotion_id", name="pk_project_baseline"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_project_baseline_promotion_id"),
    )
    op.create_table(
        "project_day",
        sa.Column("promotion_id", _ID, nullable=False, autoincrement=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("hours_left", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("promotion_id", "day", name="pk_project_day"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_project_day_promotion_id"),
    )
