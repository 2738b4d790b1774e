"""What tries without an answer have cost in the mean."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was written before has no estimate."""
    op.add_column("decisions", sa.Column("maybe_charged_estimate_usd", sa.Double(), nullable=True))
