"""Tables of a log, read without our code."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def rows(where: str | Path, table: str, order: str = "1") -> list[dict[str, Any]]:
    """Return all rows of a table, ordered by a column (the first, unless said)."""
    query = f"SELECT * FROM {table} ORDER BY {order}"  # noqa: S608 - fixed names
    if isinstance(where, Path):
        with closing(sqlite3.connect(where)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]
    import psycopg
    from psycopg.rows import dict_row

    with psycopg.connect(where, row_factory=dict_row) as server:
        return server.execute(query).fetchall()
