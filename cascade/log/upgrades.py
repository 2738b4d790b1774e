"""Upgrades: how a SQLite log of an earlier schema becomes one of today's; each step only adds."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from cascade.log.tables import SCHEMA_VERSION, metadata


def upgrade(connection: Connection, version: int) -> None:
    """Make the tables, or bring those of an earlier release up to date, inside the transaction that is open.

    Args:
        connection: a SQLite connection that holds the write lock.
        version: the schema that the file says it has; 0: a new file.
    """
    if 0 < version < SCHEMA_VERSION:
        for number in range(version, SCHEMA_VERSION):
            _STEPS[number](connection)
    metadata.create_all(connection)


def _from_1(connection: Connection) -> None:
    """Calls and receipts are tables of their own, which `create_all` makes."""
    connection.exec_driver_sql("ALTER TABLE decisions ADD COLUMN maybe_charged_usd DOUBLE NOT NULL DEFAULT 0")
    connection.exec_driver_sql("ALTER TABLE losses ADD COLUMN loss_id VARCHAR")
    connection.exec_driver_sql("CREATE UNIQUE INDEX losses_id ON losses (loss_id)")


_STEPS: dict[int, Callable[[Connection], None]] = {1: _from_1}
