"""What a work log did not take of a time entry, beside what stands in it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booked_time", sa.Column("refused", sa.Integer(), nullable=True))
    op.execute("UPDATE booked_time SET refused = minutes WHERE why <> ''")
    # What was refused was remembered as if it stood in the log.
    op.execute("UPDATE booked_time SET minutes = 0 WHERE why <> '' AND revision = 0")
