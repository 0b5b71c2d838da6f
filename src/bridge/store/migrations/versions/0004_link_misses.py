"""Links remember when a side was first not found, and values that a side refused."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("link", sa.Column("refused", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("link", sa.Column("incident_missed_at", sa.BigInteger(), nullable=True))
    op.add_column("link", sa.Column("issue_missed_at", sa.BigInteger(), nullable=True))
