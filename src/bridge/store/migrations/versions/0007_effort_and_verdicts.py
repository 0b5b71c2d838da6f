"""Incidents tell their effort and their source's verdict on its clocks; resolutions per rule are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("incident", sa.Column("effort", sa.Double(), nullable=False, server_default="0"))
    op.add_column("incident", sa.Column("response_breached", sa.Boolean(), nullable=True))
    op.add_column("incident", sa.Column("resolution_breached", sa.Boolean(), nullable=True))
    op.create_index("ix_promotion_rule_opened", "promotion", ["rule_id", "opened_at"])
    op.create_table(
        "released_resolution",
        sa.Column("effect_id", ID, autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["effect_id"], ["effect.id"], name="fk_released_resolution_effect_id"),
        sa.PrimaryKeyConstraint("effect_id", name="pk_released_resolution"),
    )
    op.create_index("ix_released_resolution_rule", "released_resolution", ["rule_id", "released_at"])
