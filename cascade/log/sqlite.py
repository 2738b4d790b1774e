"""Database: the SQLite backend of a decision log; detects a file deleted or replaced while open."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, exc

from cascade.errors import LogUnavailable
from cascade.log.fork_lock import fork_lock
from cascade.log.insertion import insert, loss
from cascade.log.rows import Entry
from cascade.log.sqlite_file import BUSY_TIMEOUT_S, create_file, identity, use_wal
from cascade.log.sqlite_upgrade import upgrade
from cascade.log.tables import APPLICATION_ID, SCHEMA_VERSION
from cascade.log.truncation import LEAST, malformed, require_not_empty, require_whole, truncated

WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))
"""First and last SQLite version that may damage a WAL file with several writing connections."""


class Database:
    """One file, with one writing connection, used by the log's thread only; every reader opens its own."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool,
        receipts: bool,
        vanished: Callable[[int, str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Open the file and create its tables.

        Args:
            path: the file.
            read_only: it must exist, and is not changed.
            receipts: whether each decision gets a receipt.
            vanished: called if the file was deleted while open, with the number of lost decisions and a message.
            warn: called with a warning.
        """
        self.path = path
        self.name = str(path)
        """Display name."""
        self.durable = False
        """Whether a commit survives a power loss; it always survives the end of the process."""
        self.spooled = 0
        """Entries in a spool: always 0, since a file needs none."""
        self._receipts, self._warn = receipts, warn
        self._version: int | None = None
        self._is_durable: bool | None = None
        self.read_only = read_only
        self._vanished = vanished
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool, hide_parameters=True)
        self._writing: Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._committed = 0
        self._size = 0
        self._truncated = ""
        self._abandoned: list[Connection | None] = []
        self._fork_lock = fork_lock()
        with self._explained("opened"):
            if read_only:
                require_not_empty(path)
                with self._engine.connect() as connection:
                    self._check(connection)
            else:
                with self._fork_lock:
                    self._open().close()

    def store(self, entries: Sequence[Entry], lost: int, why: str) -> Sequence[tuple[Entry, str]]:
        """Commit entries in one transaction; rejected entries are left out and returned.

        Raises:
            LogUnavailable: nothing could be committed.
        """
        if lost:
            entries = [*entries, loss(lost, why)]
        with self._explained("written"), self._fork_lock:
            refused = self._commit(entries)
            if self._identity != identity(self.path):
                # The file was deleted between check and commit: commit again, to the new file.
                self._committed -= sum(entry.decisions for entry in entries)
                refused = self._commit(entries)
        return refused

    def tend(self) -> None:
        """Detect a file that was deleted or replaced, also while nothing is written."""
        if self._writing is not None and (self._identity != identity(self.path) or self._shrunk()):
            with self._explained("opened"), self._fork_lock:
                self._writer()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection on a snapshot of the log.

        Raises:
            LogUnavailable: the file cannot be read.
        """
        with self._explained("read"):
            require_not_empty(self.path)
        with self._explained("read"), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("BEGIN")
            require_whole(connection, self.path)
            yield connection

    @contextmanager
    def maintaining(self) -> Iterator[Connection]:
        """Yield a connection outside of any transaction, for work on the file as a whole; the caller begins its own.

        Raises:
            LogUnavailable: the file cannot be changed.
        """
        with self._explained("changed"), self._engine.connect() as connection:
            self._check(connection)
            yield connection

    def abandon(self) -> None:
        """Reset after a fork: the parent's connection is neither used nor closed, which could drop its locks."""
        self._abandoned.append(self._writing)
        self._writing, self._identity, self._committed = None, None, 0

    def close(self) -> None:
        """Close the writing connection; a truncated file is left as it is."""
        if self._writing is not None and not self._truncated and self._shrunk():
            with suppress(LogUnavailable), self._explained("closed"), self._fork_lock:
                self._require_unshrunk()
        writing, self._writing = self._writing, None
        if writing is None:
            return
        if not self._truncated:
            writing.close()
            return
        # SQLite would write its log's pages into the file on closing, unless the file is not where it was.
        aside = self.path.with_name(f"{self.path.name}.truncated")
        self.path.rename(aside)
        writing.close()
        aside.rename(self.path)

    def _commit(self, entries: Sequence[Entry]) -> Sequence[tuple[Entry, str]]:
        connection = self._writer()
        try:
            if self._is_durable != self.durable:
                connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if self.durable else 'NORMAL'}")
                connection.rollback()
                self._is_durable = self.durable
            refused = insert(connection, entries, begin=self._begin, receipts=self._receipts)
        except BaseException:
            # The connection's state is unknown, so the next try gets a new one.
            self.close()
            raise
        self._committed += sum(entry.decisions for entry in entries)
        return refused

    def _begin(self, connection: Connection) -> None:
        # A plain BEGIN takes the lock at the first write, when SQLite no longer waits for it.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        first, last = WAL_RESET_BUG
        if self._version not in (None, version) and first <= sqlite3.sqlite_version_info <= last:
            self._warn(
                f"Several processes write to {self.path}, and SQLite {sqlite3.sqlite_version} can damage such a file "
                "in a rare race (the WAL-reset bug); log to PostgreSQL, or use SQLite 3.51.3 or newer."
            )
        self._version = version

    def _writer(self) -> Connection:
        found = identity(self.path)
        if self._writing is not None and found == self._identity:
            self._require_unshrunk()
            return self._writing
        if self._committed and found != self._identity:
            self._vanished(
                self._committed, f"{self.path} was deleted or replaced while it was open; logging goes on in a new file"
            )
            self._committed = 0
        self._truncated = ""
        self.close()
        self._writing, self._version, self._is_durable = self._open(), None, None
        self._identity, self._size = identity(self.path), self.path.stat().st_size
        return self._writing

    def _shrunk(self) -> bool:
        try:
            size = self.path.stat().st_size
        except OSError:
            return False  # deleted; that is found by its identity
        shrunk, self._size = size < self._size, max(size, self._size)
        return shrunk

    def _require_unshrunk(self) -> None:
        """Check a file that got smaller while open: a purge by another process compacts it, all else truncates it.

        Raises:
            LogUnavailable: it was truncated.
        """
        if self._truncated:
            raise LogUnavailable(self._truncated)
        expected = self._size
        if not self._shrunk():
            return
        size = self.path.stat().st_size
        try:
            # A connection of its own, since the writing one has pages in memory; that of an empty file would delete the
            # write-ahead log.
            if size >= LEAST:
                with self.reading():
                    pass
        except LogUnavailable as error:
            self._truncated = str(error)
        if size < LEAST:
            self._truncated = truncated(self.path, size, expected)
        if self._truncated:
            self._vanished(self._committed, self._truncated)
            self._committed = 0
            raise LogUnavailable(self._truncated)
        self._size = size

    def _open(self) -> Connection:
        """Create the file if missing, readable by its owner only, then check it and create the tables."""
        if not create_file(self.path):
            require_not_empty(self.path)
        connection = self._engine.connect()
        try:
            self._check(connection)
            use_wal(connection)
            with connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                # Read under the lock: another process may have upgraded it in between.
                upgrade(connection, connection.exec_driver_sql("PRAGMA user_version").scalar_one())
                connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: Connection) -> None:
        """Reject other programs' databases and those of later releases."""
        with connection.begin():
            # One state for all three: another process may be making the tables at this moment.
            connection.exec_driver_sql("BEGIN")
            application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
            require_whole(connection, self.path)
        if application != APPLICATION_ID and (tables or self.read_only):
            message = f"{self.path} is a SQLite file, but not a decision log; give another path."
            raise LogUnavailable(message)
        if version > SCHEMA_VERSION:
            message = f"{self.path} is a decision log of a later release (schema {version}); update calibrated-cascade."
            raise LogUnavailable(message)
        if self.read_only and version < SCHEMA_VERSION:
            message = (
                f"{self.path} is a decision log of an earlier release (schema {version} of {SCHEMA_VERSION}); "
                f"run `cascade log upgrade {self.path}`; the next run that writes to it upgrades it too."
            )
            raise LogUnavailable(message)

    def _connect(self) -> sqlite3.Connection:
        """Open one SQLite connection in autocommit mode: transactions are begun explicitly, as IMMEDIATE."""
        where, query = self.path.absolute().as_uri(), "mode=rw"
        if self.read_only:
            # Without a -wal file no process writes, and only `immutable` opens a log in a read-only folder.
            alone = not Path(f"{self.path}-wal").exists() and not os.access(self.path.absolute().parent, os.W_OK)
            query = "mode=ro&immutable=1" if alone else "mode=ro"
        return sqlite3.connect(
            f"{where}?{query}", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )

    @contextmanager
    def _explained(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem: Any = error.strerror or error
        except (exc.SQLAlchemyError, sqlite3.Error) as error:
            problem = getattr(error, "orig", None) or error
        else:
            return
        message = f"The decision log {self.path} cannot be {verb}: {problem}. Check the path, its rights and the disk."
        if "malformed" in str(problem):
            message = malformed(self.path)
        raise LogUnavailable(message) from None
