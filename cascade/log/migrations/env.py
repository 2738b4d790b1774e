"""Alembic environment: runs the migrations on the connection, and in the transaction, of `migrate`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, func, select

from cascade.log.server import LOCK, VERSION_TABLE
from cascade.log.tables import metadata


def run() -> None:
    """Run the migrations under an advisory lock, so that concurrent processes make the tables once."""
    connection: Connection = context.config.attributes["connection"]
    connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    context.configure(connection=connection, target_metadata=metadata, version_table=VERSION_TABLE)
    context.run_migrations()


run()
