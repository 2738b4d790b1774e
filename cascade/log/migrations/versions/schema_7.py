"""Until when the texts of a decision are kept, and the share by which it was drawn for that (a label queue)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cascade.log.tables import EXPIRING, EXPIRING_WHERE

revision = "7"
down_revision = "6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which rows from before lack, and the index by which texts expire."""
    for table in ("decisions", "observations"):
        op.add_column(table, sa.Column("text_until_ms", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("text_propensity", sa.Double(), nullable=True))
    op.create_index(EXPIRING, "decisions", ["text_until_ms"], postgresql_where=sa.text(EXPIRING_WHERE))
