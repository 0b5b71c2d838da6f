"""Tasks know what they guard, promotions what they made beside issues."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task", sa.Column("gate", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("promotion", sa.Column("made", sa.Text(), nullable=False, server_default="{}"))
