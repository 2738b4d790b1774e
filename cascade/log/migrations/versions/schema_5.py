"""Purges are links of the chain of receipts, and so is where it begins; the stream that watches certificates."""

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
    op.create_table(
        "watched",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("policy_sha256", sa.String(), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("rung", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=True),
        sa.Column("reference_text", sa.Text(), nullable=True),
        sa.Column("paid_usd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
