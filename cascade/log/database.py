"""Database: the SQLite file behind a decision log, opened with care and watched while it is open."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, Table, create_engine, exc
from sqlalchemy.dialects.sqlite import Insert, insert

from cascade.errors import LogUnavailable
from cascade.log.rows import Entry, now_ms
from cascade.log.tables import APPLICATION_ID, SCHEMA_VERSION, labels, losses, metadata
from cascade.log.upgrades import upgrade

BUSY_TIMEOUT_S = 5.0
"""Seconds that a statement waits for another process's lock."""

_THE_ROWS_FAULT = (exc.StatementError, OverflowError, TypeError, ValueError)


class Database:
    """One file; one writing connection, used by the log's thread alone; every reader has a connection of its own."""

    def __init__(self, path: Path, *, read_only: bool, vanished: Callable[[int, str], None]) -> None:
        """Open the file and make its tables.

        Args:
            path: the file.
            read_only: it must exist, and is not changed.
            vanished: is told how many decisions went with a file that was deleted while it was open, and in words.
        """
        self.path = path
        self.read_only = read_only
        self._vanished = vanished
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        self._writing: Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._committed = 0
        self._abandoned: list[Connection | None] = []
        with self._explained("opened"):
            if read_only:
                path.stat()
                with self._engine.connect() as connection:
                    self._check(connection)
            else:
                self._open().close()

    def store(self, entries: Sequence[Entry], lost: int, why: str) -> Sequence[tuple[Entry, str]]:
        """Commit entries in one transaction; those that the tables refuse are left out and returned.

        Raises:
            LogUnavailable: nothing could be committed.
        """
        with self._explained("written"):
            refused = self._commit(entries, lost, why)
            if self._identity != _identity(self.path):
                # The file was deleted between check and commit: what went into the void goes in again.
                self._committed -= sum(entry.decisions for entry in entries)
                refused = self._commit(entries, lost, why)
        return refused

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state of the log.

        Raises:
            LogUnavailable: the file cannot be read.
        """
        with self._explained("read"), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def maintaining(self) -> Iterator[Connection]:
        """Give a connection outside of any transaction, for work on the file as a whole; the caller begins its own.

        Raises:
            LogUnavailable: the file cannot be changed.
        """
        with self._explained("changed"), self._engine.connect() as connection:
            self._check(connection)
            yield connection

    def abandon(self) -> None:
        """Begin anew after a fork: the parent's connection is neither used nor closed, which could drop its locks."""
        self._abandoned.append(self._writing)
        self._writing, self._identity, self._committed = None, None, 0

    def close(self) -> None:
        """Close the writing connection."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.close()

    def _commit(self, entries: Sequence[Entry], lost: int, why: str) -> Sequence[tuple[Entry, str]]:
        connection = self._writer()
        refused: Sequence[tuple[Entry, str]] = ()
        try:
            try:
                _insert(connection, entries, lost, why)
            except _THE_ROWS_FAULT as error:
                if _the_databases_fault(error):
                    raise
                refused = _insert_singly(connection, entries, lost, why)
        except BaseException:
            # Whatever state the connection is in, the next try gets a fresh one.
            self.close()
            raise
        self._committed += sum(entry.decisions for entry in entries)
        return refused

    def _writer(self) -> Connection:
        identity = _identity(self.path)
        if self._writing is not None and identity == self._identity:
            return self._writing
        if self._committed and identity != self._identity:
            self._vanished(
                self._committed, f"{self.path} was deleted or replaced while it was open; logging goes on in a new file"
            )
            self._committed = 0
        self.close()
        self._writing = self._open()
        self._identity = _identity(self.path)
        return self._writing

    def _open(self) -> Connection:
        """Make the file where it is missing, for its owner's eyes only, then check it and make the tables."""
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = self._engine.connect()
        try:
            self._check(connection)
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
            connection.rollback()
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
        """Refuse other programs' databases and those of later releases."""
        application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if application != APPLICATION_ID and (tables or self.read_only):
            message = f"{self.path} is a SQLite file, but no decision log; give another path."
            raise LogUnavailable(message)
        if version > SCHEMA_VERSION:
            message = (
                f"{self.path} is a decision log of a later release (schema {version}); update llm-cascade to read it."
            )
            raise LogUnavailable(message)
        if self.read_only and version < SCHEMA_VERSION:
            message = (
                f"{self.path} is a decision log of an earlier release (schema {version} of {SCHEMA_VERSION}); "
                f"`cascade log upgrade {self.path}` brings it up to date, and so does the next run that writes to it."
            )
            raise LogUnavailable(message)

    def _connect(self) -> sqlite3.Connection:
        """Open one SQLite connection in autocommit mode: transactions are begun by hand, as IMMEDIATE."""
        where, query = self.path.absolute().as_uri(), "mode=rw"
        if self.read_only:
            # Without a -wal file nobody is writing, and only `immutable` opens a log in a folder that is not writable.
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
        raise LogUnavailable(message) from None


def _insert(connection: Connection, entries: Sequence[Entry], lost: int, why: str) -> None:
    with connection.begin():
        # A plain BEGIN takes the lock at the first write, when SQLite no longer waits for it.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        for table in metadata.sorted_tables:
            rows = [row for entry in entries for row in entry.rows.get(table.name, ())]
            if rows:
                connection.execute(_insertion(table), rows)
        if lost:
            loss = {"at_ms": now_ms(), "n": lost, "reason": why, "loss_id": os.urandom(16).hex()}
            connection.execute(losses.insert(), loss)


def _insert_singly(
    connection: Connection, entries: Sequence[Entry], lost: int, why: str
) -> Sequence[tuple[Entry, str]]:
    refused = []
    for entry in entries:
        try:
            _insert(connection, [entry], 0, "")
        except _THE_ROWS_FAULT as error:
            if _the_databases_fault(error):
                raise
            refused.append((entry, f"a row was refused ({type(error).__name__})"))
    _insert(connection, [], lost, why)
    return refused


def _insertion(table: Table) -> Insert:
    """Insert so that the same row twice (a commit whose answer was lost) is one row; a label replaces an older one."""
    statement = insert(table)
    if table is labels:
        new = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns), set_={"correct": new.correct, "at_ms": new.at_ms}
        )
    return statement.on_conflict_do_nothing()


def _the_databases_fault(error: Exception) -> bool:
    """Tell a database that refuses everything from a row that it refuses."""
    return isinstance(error, exc.OperationalError | exc.InternalError) or type(error) is exc.DatabaseError


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
