"""PostgreSQL server: connections, the meaning of its errors, and schema upgrades."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, exc, text

from cascade.errors import LogUnavailable
from cascade.extras import require_extra
from cascade.log.address import Address
from cascade.log.tables import APPLICATION_ID

CONNECT_TIMEOUT_S = 5
"""Connection timeout, in seconds."""

LOCK = APPLICATION_ID + 1
"""Advisory lock of schema changes, so that concurrent processes do them once."""

VERSION_TABLE = "cascade_schema"
"""Alembic's version table; not its default name, since other programs may use Alembic in the same database."""

_PASSING = ("08", "40", "53", "55P03", "57P")
"""SQLSTATE classes of transient errors: connection, deadlock, resources, locks, shutdown."""

_COMING_BACK = ("starting up", "shutting down", "recovery mode", "too many clients", "remaining connection slots")
"""Messages of transient errors."""


class Unreachable(LogUnavailable):
    """The server is temporarily unavailable."""


def engine_of(address: Address) -> Engine:
    """Return a small connection pool that replaces dead connections.

    Raises:
        MissingExtra: the extra `postgres` is not installed.
    """
    require_extra("postgres", "psycopg", use=f"The log {address.name}")
    import psycopg
    from psycopg.adapt import Loader

    class Number(Loader):
        """Loads `numeric`, the type of sums of integers, as int or float, since reports add it to floats."""

        def load(self, data: Any) -> int | float:
            digits = bytes(data).decode()
            return int(digits) if digits.lstrip("-").isdigit() else float(digits)

    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(
            address.url or "",
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="calibrated-cascade",
            # Keepalives: an unresponsive server is noticed in seconds, not in hours.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=10_000,
        )
        connection.adapters.register_loader("numeric", Number)
        return connection

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=8,
        pool_recycle=1800,
        hide_parameters=True,
    )


@contextmanager
def explained(name: str, verb: str, what: str = "decision log") -> Iterator[None]:
    """Turn database errors into one-sentence LogUnavailable errors.

    Args:
        name: the database, for messages.
        verb: what is done with it, as a participle.
        what: what it holds.

    Raises:
        Unreachable: a transient error.
        LogUnavailable: a permanent error: a wrong password, no such database, no permission.
    """
    try:
        yield
    except exc.SQLAlchemyError as error:
        problem = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
        refusal = "FATAL:" in problem or (state != "" and not state.startswith(_PASSING))
        refusal = refusal and not any(phrase in problem for phrase in _COMING_BACK)
        kind = LogUnavailable if refusal else Unreachable
        message = f"The {what} {name} cannot be {verb}: {problem.rstrip('.')}. Check the server."
        raise kind(message) from None


def schema_version(connection: Connection) -> int | None:
    """Return the schema's version; None without a schema."""
    known = connection.execute(text("SELECT to_regclass(:name)"), {"name": VERSION_TABLE}).scalar()
    if known is None:
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a fixed name
    return None if found is None else int(found)


def upgrade(address: Address) -> None:
    """Upgrade an earlier schema, or create the tables.

    Raises:
        MissingExtra: the extra `postgres` is not installed.
        LogUnavailable: it failed.
    """
    engine = engine_of(address)
    try:
        with explained(address.name, "upgraded"):
            migrated(engine)
    finally:
        engine.dispose()


def migrated(engine: Engine) -> None:
    """Run pending migrations, in one transaction."""
    from cascade.log.migrations import migrate

    with engine.begin() as connection:
        migrate(connection)
