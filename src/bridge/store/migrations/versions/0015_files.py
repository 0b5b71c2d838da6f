"""Files and time entries that were carried over."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

LINK = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "carried_file",
        sa.Column("link_id", LINK, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "outcome", "sha256", "copy_id", "why")),
        sa.PrimaryKeyConstraint("link_id", "side", "remote_id", name="pk_carried_file"),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name="fk_carried_file_link_id"),
    )
    op.create_table(
        "booked_time",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("link_id", LINK, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_booked_time"),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name="fk_booked_time_link_id"),
    )
    op.create_index("ix_booked_time_link_id", "booked_time", ["link_id"])
    op.create_index("ix_booked_time_day", "booked_time", ["day"])
