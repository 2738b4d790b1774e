"""The time to the first piece of streams that are passed on as they come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which rows from before lack."""
    op.add_column("decisions", sa.Column("first_piece_s", sa.Double(), nullable=True))
    op.add_column("observations", sa.Column("first_piece_s", sa.Double(), nullable=True))
