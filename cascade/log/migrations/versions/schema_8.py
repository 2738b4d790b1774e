"""The fingerprint of the system prompt that a request began with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8"
down_revision = "7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which rows from before lack."""
    op.add_column("decisions", sa.Column("prompt", sa.String(), nullable=True))
    op.add_column("observations", sa.Column("prompt", sa.String(), nullable=True))
