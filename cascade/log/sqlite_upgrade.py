"""Upgrades the tables of a SQLite log from an earlier schema, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from cascade.log.chain import link_earlier
from cascade.log.tables import SCHEMA_VERSION, decisions, metadata


def upgrade(connection: Connection, version: int) -> None:
    """Create the tables, or upgrade those of an earlier release, inside the open transaction.

    Args:
        connection: a SQLite connection that holds the write lock.
        version: the file's schema version; 0: a new file.
    """
    if 0 < version < SCHEMA_VERSION:
        for step in _STEPS[version - 1 :]:
            step(connection)
    metadata.create_all(connection)
    if 0 < version < SCHEMA_VERSION:
        _never_reuse_numbers(connection)
        for index in decisions.indexes:  # those of columns that were added
            index.create(connection, checkfirst=True)
    if 0 < version < _LINKED:
        link_earlier(connection)


def _from_1(connection: Connection) -> None:
    """Upgrade from schema 1; `create_all` makes the new tables calls and receipts."""
    connection.exec_driver_sql("ALTER TABLE decisions ADD COLUMN maybe_charged_usd DOUBLE NOT NULL DEFAULT 0")
    connection.exec_driver_sql("ALTER TABLE losses ADD COLUMN loss_id VARCHAR")
    connection.exec_driver_sql("CREATE UNIQUE INDEX losses_id ON losses (loss_id)")


def _from_2(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE decisions ADD COLUMN maybe_charged_estimate_usd DOUBLE")


def _from_3(connection: Connection) -> None:
    """Upgrade from schema 3; `create_all` makes the new tables of observations."""
    for column in ("decisions ADD COLUMN mode VARCHAR", "decisions ADD COLUMN propensity DOUBLE",
                   "decisions ADD COLUMN next_usd DOUBLE", "attempts ADD COLUMN features TEXT",
                   "attempts ADD COLUMN same_as INTEGER", "policies ADD COLUMN content TEXT",
                   "labels ADD COLUMN propensity DOUBLE"):  # fmt: skip
        connection.exec_driver_sql(f"ALTER TABLE {column}")


def _from_4(connection: Connection) -> None:
    """Upgrade from schema 4; schema 1 had no receipts, and `create_all` makes them."""
    if connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'receipts'").scalar():
        connection.exec_driver_sql("ALTER TABLE receipts ADD COLUMN content TEXT")


def _from_5(connection: Connection) -> None:
    _add(connection, "first_piece_s DOUBLE")


def _from_6(connection: Connection) -> None:
    _add(connection, "text_until_ms BIGINT")
    _add(connection, "text_propensity DOUBLE")


def _from_7(connection: Connection) -> None:
    _add(connection, "prompt VARCHAR")


def _add(connection: Connection, column: str) -> None:
    """Add a column to decisions and observations; before schema 4 there were none, and `create_all` makes them."""
    for table in ("decisions", "observations"):
        if connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).scalar():
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")


_STEPS: Sequence[Callable[[Connection], None]] = (_from_1, _from_2, _from_3, _from_4, _from_5, _from_6, _from_7)

_LINKED = 5
"""First schema in which purges, and the decisions from before a chain, are links of it."""


def _never_reuse_numbers(connection: Connection) -> None:
    """Make tables anew whose numbers SQLite gives again after a purge, which it cannot change in place."""
    for table in metadata.sorted_tables:
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table.name,)).scalar_one()
        if not table.dialect_kwargs.get("sqlite_autoincrement") or "AUTOINCREMENT" in made.upper():
            continue
        for (index,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table.name,)
        ).all():
            connection.exec_driver_sql(f'DROP INDEX "{index}"')
        connection.exec_driver_sql(f'ALTER TABLE "{table.name}" RENAME TO "earlier_{table.name}"')
        table.create(connection)
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "earlier_{table.name}" ORDER BY sequence'  # noqa: S608 - our tables' names
        )
        connection.exec_driver_sql(f'DROP TABLE "earlier_{table.name}"')
