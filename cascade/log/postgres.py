"""Postgres: the PostgreSQL backend of a decision log, with a local spool for outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic

from sqlalchemy import Connection, text

from cascade.errors import LogUnavailable
from cascade.log.address import Address
from cascade.log.insertion import insert, loss
from cascade.log.rows import Entry
from cascade.log.server import Unreachable, engine_of, explained, migrated, schema_version
from cascade.log.spool import Spool
from cascade.log.tables import SCHEMA_VERSION, metadata

BATCH = 500
"""Entries of the spool in one transaction."""

HAND_ON_S = 1.0
"""Seconds of draining the spool before new entries are written."""

SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
"""Retry interval, in seconds, while the server is down."""


class Postgres:
    """One database, with a small connection pool that replaces dead connections."""

    def __init__(
        self,
        address: Address,
        *,
        spool: Path,
        read_only: bool,
        receipts: bool,
        spools: bool,
        refused: Callable[[int, str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Connect, and create the tables in an empty database; while the server is down, entries go to the spool.

        Args:
            address: the database.
            spool: the file for entries while it is down.
            read_only: nothing is written.
            receipts: whether each decision gets a receipt.
            spools: whether entries go to the spool while it is down; if not, `store` raises.
            refused: called with the number of spooled decisions that the tables rejected, and the reason.
            warn: called with a warning.

        Raises:
            MissingExtra: the extra `postgres` is not installed.
            LogUnavailable: the server rejects the connection (a wrong password, no such database), or the database is
                not ours.
        """
        self.name = address.name
        self.read_only = read_only
        self.durable = False
        """Whether a commit waits for the disk, whatever the server's `synchronous_commit`."""
        self._engine = engine_of(address)
        self._spool = Spool(spool)
        self._receipts, self._refused, self._warn = receipts, refused, warn
        self._spools = spools
        self._ready = False
        self._wait_s, self._again_at = 0.0, 0.0
        self._trouble = f"Rows for {self.name} still wait in {spool}."
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
        """Number of entries in the spool."""
        return self._spool.length

    def store(self, entries: Sequence[Entry], lost: int, why: str) -> Sequence[tuple[Entry, str]]:
        """Commit entries, or append them to the spool while the server is down; returns rejected entries.

        Spooled entries are committed first, to keep the order.

        Raises:
            LogUnavailable: they could neither be committed nor spooled, or may not be spooled.
        """
        if lost:
            entries = [*entries, loss(lost, why)]
        if self.hand_on():
            try:
                with self._explained("written"):
                    return self._commit(entries)
            except LogUnavailable as error:
                self._is_down(error)
        if not self._spools:
            raise LogUnavailable(self._trouble)
        self._spool.append(entries)
        return ()

    def tend(self) -> None:
        """Drain the spool, also while nothing is written."""
        self.hand_on()

    def hand_on(self) -> bool:
        """Drain the spool for at most a second; return whether it is empty."""
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
        """Yield a connection on a snapshot of the log.

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
        """Yield a connection of its own, without a transaction, for deletes and vacuum.

        Raises:
            LogUnavailable: the database cannot be reached, or the spool is not empty.
        """
        if not self.hand_on():
            message = f"Rows for {self.name} still wait in {self._spool.path}; run it again when the server is back."
            raise LogUnavailable(message)
        with self._explained("written"):
            self._prepare()
            with self._engine.connect() as connection:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def abandon(self) -> None:
        """Reset after a fork: the parent's connections are neither used nor closed."""
        self._engine.dispose(close=False)
        self._spool.abandon()

    def close(self) -> None:
        """Drain the spool as far as possible, and close all connections."""
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
        """Check once that the tables exist and are ours; create them in an empty database."""
        if self._ready:
            return
        with self._engine.connect() as connection:
            version = schema_version(connection)
            if version is None:
                self._require_room(connection)
        if version is None:
            migrated(self._engine)
        elif version < SCHEMA_VERSION:
            message = (
                f"{self.name} is a decision log of an earlier release (schema {version} of {SCHEMA_VERSION}); "
                "stop the processes that write to it, then run `cascade log upgrade`."
            )
            raise LogUnavailable(message)
        elif version > SCHEMA_VERSION:
            message = f"{self.name} is a decision log of a later release (schema {version}); update calibrated-cascade."
            raise LogUnavailable(message)
        self._ready = True

    def _require_room(self, connection: Connection) -> None:
        from sqlalchemy import inspect

        taken = sorted(set(inspect(connection).get_table_names()) & {table.name for table in metadata.sorted_tables})
        if self.read_only or taken:
            found = f"has tables called {', '.join(taken)} that are not ours" if taken else "is not a decision log"
            advice = "give another database, or another schema (?options=-csearch_path%3Dcascade)"
            message = f"{self.name} {found}; {advice}."
            raise LogUnavailable(message)

    def _is_down(self, error: LogUnavailable) -> None:
        self._wait_s = min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, 2 * self._wait_s))
        self._again_at = monotonic() + self._wait_s
        # A server that turned read-only (a failover) answers old connections so for ever; the next try makes new ones.
        self._engine.dispose()
        self._trouble = str(error)
        if self._spools:
            self._warn(f"{error} Meanwhile rows wait in {self._spool.path}; nothing is lost.")
        else:
            self._warn(f"{error} Meanwhile no call is made (log.on_outage: refuse).")

    def _explained(self, verb: str) -> AbstractContextManager[None]:
        return explained(self.name, verb)
