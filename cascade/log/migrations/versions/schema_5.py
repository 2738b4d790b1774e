"""Purges are links of the chain of receipts, and so is where it begins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cascade.log.chain import link_earlier

revision = "5"
down_revision = "4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and link the purges and the decisions without a receipt that are known by now."""
    op.add_column("receipts", sa.Column("content", sa.Text(), nullable=True))
    link_earlier(op.get_bind())
