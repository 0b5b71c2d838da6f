"""Commands expire and tell of their progress; what earlier command lines left behind is never carried out."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("command", sa.Column("progress", sa.Text(), nullable=True))
    op.add_column("command", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE command SET state = 'expired' WHERE state = 'waiting'")
