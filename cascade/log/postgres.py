"""Postgres: the PostgreSQL database behind a decision log, with a local spool for the time in which it is down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, exc, text

from cascade.errors import ConfigError, LogUnavailable
from cascade.log.address import Address
from cascade.log.insertion import insert, loss
from cascade.log.rows import Entry
from cascade.log.spool import Spool
from cascade.log.tables import APPLICATION_ID, SCHEMA_VERSION, metadata

CONNECT_TIMEOUT_S = 5
"""Seconds after which a server that says nothing counts as down."""

BATCH = 500
"""Entries of the spool that one transaction hands on."""

HAND_ON_S = 1.0
"""Seconds that handing on may keep new entries waiting."""

SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
"""Between two tries to reach a server that is down."""

VERSION_TABLE = "cascade_schema"
"""Where Alembic keeps the schema's version; not its usual name, since others may use Alembic in the same database."""

_PASSING = ("08", "40", "53", "55P03", "57P")
"""SQLSTATEs of what passes by itself: connection, deadlock, resources, locks, a server that stops."""

_COMING_BACK = ("starting up", "shutting down", "recovery mode", "too many clients", "remaining connection slots")
"""What a server says that is reached, and will be there again soon."""


class Postgres:
    """One database; connections come from a small pool, and one that has died is replaced."""

    def __init__(
        self,
        address: Address,
        *,
        spool: Path,
        read_only: bool,
        receipts: bool,
        refused: Callable[[int, str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Connect, and make the tables in an empty database; a server that is down is waited for, with the spool.

        Args:
            address: the database.
            spool: the file in which entries wait while it is down.
            read_only: nothing is written.
            receipts: whether each decision gets a receipt.
            refused: is told how many decisions of the spool the tables refused, and why.
            warn: is told of what should not stay as it is.

        Raises:
            ConfigError: the extra `postgres` is not installed.
            LogUnavailable: the server refuses (a wrong password, no such database), or the database is not ours.
        """
        self.name = address.name
        self.read_only = read_only
        self.durable = False
        """Whether a commit waits for the disk whatever the server's `synchronous_commit` says."""
        self._engine = _engine(address)
        self._spool = Spool(spool)
        self._receipts, self._refused, self._warn = receipts, refused, warn
        self._ready = False
        self._wait_s, self._again_at = 0.0, 0.0
        try:
            with self._explained("opened"):
                self._prepare()
        except LogUnavailable as error:
            if read_only or not isinstance(error, Unreachable):
                self.close()
                raise
            self._is_down(error)

    @property
    def spooled(self) -> int:
        """Entries that wait in the spool."""
        return self._spool.length

    def store(self, entries: Sequence[Entry], lost: int, why: str) -> Sequence[tuple[Entry, str]]:
        """Commit entries, or keep them in the spool while the server is down; what the tables refuse is returned.

        What waits in the spool goes first, so that the log keeps the order.

        Raises:
            LogUnavailable: they could neither be committed nor kept.
        """
        if lost:
            entries = [*entries, loss(lost, why)]
        if self.hand_on():
            try:
                with self._explained("written"):
                    return self._commit(entries)
            except LogUnavailable as error:
                self._is_down(error)
        self._spool.append(entries)
        return ()

    def tend(self) -> None:
        """Hand on what waits in the spool, also while nothing is written."""
        self.hand_on()

    def hand_on(self) -> bool:
        """Commit what waits in the spool, for a second at most; return whether nothing waits any more."""
        if monotonic() < self._again_at:
            return False
        began = monotonic()
        try:
            while waiting := self._spool.first(BATCH):
                with self._explained("written"):
                    refused = self._commit([entry for _, entry in waiting])
                for entry, reason in refused:
                    self._refused(entry.decisions, reason)
                self._spool.drop(waiting[0][0], waiting[-1][0])
                self._wait_s = 0.0
                if monotonic() - began > HAND_ON_S:
                    return not self._spool.length
        except LogUnavailable as error:
            self._is_down(error)
            return False
        return True

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state of the log.

        Raises:
            LogUnavailable: the database cannot be read.
        """
        with self._explained("read"):
            self._prepare()
            with self._engine.connect() as connection:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    yield connection

    @contextmanager
    def maintaining(self) -> Iterator[Connection]:
        """Give a connection of its own, without a transaction, to whoever deletes and vacuums.

        Raises:
            LogUnavailable: the database cannot be reached, or rows still wait in the spool.
        """
        if not self.hand_on():
            message = f"Rows for {self.name} still wait in {self._spool.path}; run it again when the server is back."
            raise LogUnavailable(message)
        with self._explained("written"):
            self._prepare()
            with self._engine.connect() as connection:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def abandon(self) -> None:
        """Begin anew after a fork: the parent's connections are neither used nor closed."""
        self._engine.dispose(close=False)
        self._spool.abandon()

    def close(self) -> None:
        """Hand on what waits, as far as that goes, and close all connections."""
        if not self.read_only and self._ready:
            self.hand_on()
        self._engine.dispose()
        self._spool.close()

    def _commit(self, entries: Sequence[Entry]) -> Sequence[tuple[Entry, str]]:
        self._prepare()
        with self._engine.connect() as connection:
            refused = insert(connection, entries, begin=self._begin, receipts=self._receipts)
        self._wait_s = 0.0
        return refused

    def _begin(self, connection: Connection) -> None:
        if self.durable:
            connection.execute(text("SET LOCAL synchronous_commit = on"))

    def _prepare(self) -> None:
        """Look, once, whether the tables are there and ours; make them in an empty database."""
        if self._ready:
            return
        with self._engine.connect() as connection:
            version = _version(connection)
            if version is None:
                self._require_room(connection)
        if version is None:
            _migrate(self._engine)
        elif version < SCHEMA_VERSION:
            message = (
                f"{self.name} is a decision log of an earlier release (schema {version} of {SCHEMA_VERSION}); "
                "stop what writes to it, then bring it up to date with `cascade log upgrade`."
            )
            raise LogUnavailable(message)
        elif version > SCHEMA_VERSION:
            message = f"{self.name} is a decision log of a later release (schema {version}); update llm-cascade."
            raise LogUnavailable(message)
        self._ready = True

    def _require_room(self, connection: Connection) -> None:
        from sqlalchemy import inspect

        taken = sorted(set(inspect(connection).get_table_names()) & {table.name for table in metadata.sorted_tables})
        if self.read_only or taken:
            found = f"has tables called {', '.join(taken)} that are not ours" if taken else "is no decision log"
            advice = "give another database, or a schema of its own (?options=-csearch_path%3Dcascade)"
            message = f"{self.name} {found}; {advice}."
            raise LogUnavailable(message)

    def _is_down(self, error: LogUnavailable) -> None:
        self._wait_s = min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, 2 * self._wait_s))
        self._again_at = monotonic() + self._wait_s
        self._warn(f"{error} Meanwhile rows wait in {self._spool.path}; nothing is lost.")

    def _explained(self, verb: str) -> AbstractContextManager[None]:
        return _explained(self.name, verb)


class Unreachable(LogUnavailable):
    """The server is down or away, and may come back."""


def upgrade(address: Address) -> None:
    """Bring an earlier schema up to date, or make the tables.

    Raises:
        ConfigError: the extra `postgres` is not installed.
        LogUnavailable: it cannot be done.
    """
    engine = _engine(address)
    try:
        with _explained(address.name, "upgraded"):
            _migrate(engine)
    finally:
        engine.dispose()


def _migrate(engine: Engine) -> None:
    from cascade.log.migrations import migrate

    with engine.begin() as connection:
        migrate(connection)


@contextmanager
def _explained(name: str, verb: str) -> Iterator[None]:
    try:
        yield
    except exc.SQLAlchemyError as error:
        problem = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
        refusal = "FATAL:" in problem or (state != "" and not state.startswith(_PASSING))
        refusal = refusal and not any(phrase in problem for phrase in _COMING_BACK)
        kind = LogUnavailable if refusal else Unreachable
        message = f"The decision log {name} cannot be {verb}: {problem.rstrip('.')}. Check the server."
        raise kind(message) from None


def _engine(address: Address) -> Engine:
    try:
        import psycopg
    except ImportError:
        message = f"The log {address.name} needs the extra `postgres`: pip install 'llm-cascade[postgres]'."
        raise ConfigError(message) from None
    from psycopg.adapt import Loader

    class Number(Loader):
        """A sum of whole numbers comes back as `numeric`; reports add it to floats."""

        def load(self, data: Any) -> int | float:
            said = bytes(data).decode()
            return int(said) if said.lstrip("-").isdigit() else float(said)

    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(
            address.url or "",
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="llm-cascade",
            # A server that vanished without a word is noticed in seconds, not in hours.
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


def _version(connection: Connection) -> int | None:
    """Return the schema's version; None where there is none."""
    known = connection.execute(text("SELECT to_regclass(:name)"), {"name": VERSION_TABLE}).scalar()
    if known is None:
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a fixed name
    return None if found is None else int(found)


LOCK = APPLICATION_ID + 1
"""The advisory lock under which the schema is changed, so that processes that start together do it once."""
