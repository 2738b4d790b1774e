"""Spool: a local SQLite queue of entries for the time in which PostgreSQL cannot be reached."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cascade.errors import LogUnavailable
from cascade.log.fork_lock import fork_lock
from cascade.log.rows import Entry
from cascade.log.sqlite_file import identity

APPLICATION_ID = 0x43_53_43_53
"""Marks the file as a spool ("CSCS")."""

BUSY_TIMEOUT_S = 5.0


class Spool:
    """A durable FIFO queue of entries; several processes of one machine may share the file, and any may drain it."""

    def __init__(self, path: Path) -> None:
        """Take the file; it is created by the first entry.

        Raises:
            LogUnavailable: the path is another kind of file.
        """
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._parents: list[sqlite3.Connection | None] = []
        self._fork_lock = fork_lock()
        if path.exists():
            with self._open() as connection:
                connection.execute("SELECT count(*) FROM waiting")

    @property
    def length(self) -> int:
        """Number of entries."""
        if not self.path.exists():
            return 0
        with self._open() as connection:
            found: int = connection.execute("SELECT count(*) FROM waiting").fetchone()[0]
            return found

    def append(self, entries: Sequence[Entry]) -> None:
        """Append entries durably: when this returns, they survive a power loss.

        Raises:
            LogUnavailable: the file cannot be written either.
        """
        rows = [(json.dumps(dict(entry.rows), allow_nan=False), entry.decisions) for entry in entries]
        with self._open() as connection, _transaction(connection):
            connection.executemany("INSERT INTO waiting (entry, decisions) VALUES (?, ?)", rows)

    def first(self, count: int) -> list[tuple[int, Entry]]:
        """Return the oldest entries, with their sequence numbers."""
        if not self.path.exists():
            return []
        with self._open() as connection:
            query = "SELECT number, entry, decisions FROM waiting ORDER BY number LIMIT ?"
            return [
                (number, Entry(rows=json.loads(text), decisions=decisions))
                for number, text, decisions in connection.execute(query, (count,))
            ]

    def drop(self, first: int, last: int) -> None:
        """Delete entries that were committed to the database."""
        with self._open() as connection, _transaction(connection):
            connection.execute("DELETE FROM waiting WHERE number BETWEEN ? AND ?", (first, last))
        if not self.length:
            # Purged rows must not be found here: an empty spool keeps no trace of its entries.
            with self._open() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def abandon(self) -> None:
        """Reset after a fork, without closing the parent's connection."""
        self._parents.append(self._connection)
        self._connection = None

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is not None and self._identity != identity(self.path):
                self.close()  # removed by hand: its entries are lost, and a new file is made
            if self._connection is None:
                with self._fork_lock:
                    self._connection = self._connected()
                self._identity = identity(self.path)
            with self._fork_lock:
                yield self._connection
        except (sqlite3.Error, OSError) as error:
            self.close()
            message = f"The spool {self.path} cannot be used: {error}. Check the path, its rights and the disk."
            raise LogUnavailable(message) from None

    def _connected(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        try:
            self._check(connection)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")
            with _transaction(connection):
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS waiting "
                    "(number INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL, decisions INTEGER NOT NULL)"
                )
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and application != APPLICATION_ID:
            message = f"{self.path} is a SQLite file, but not a spool; give another path."
            raise LogUnavailable(message)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.execute("COMMIT")
