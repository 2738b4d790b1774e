"""What a decision was made from: features, mode, propensity, the whole policy, and which answers are the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; rows from before lack them."""
    op.add_column("decisions", sa.Column("mode", sa.String(), nullable=True))
    op.add_column("decisions", sa.Column("propensity", sa.Double(), nullable=True))
    op.add_column("decisions", sa.Column("next_usd", sa.Double(), nullable=True))
    op.add_column("attempts", sa.Column("features", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("same_as", sa.Integer(), nullable=True))
    op.add_column("policies", sa.Column("content", sa.Text(), nullable=True))
