"""JournalIndex: where the entries of a journal stand in its file; on disk, so that memory does not grow with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from typing import Literal, NamedTuple, get_args

Key = tuple[str, str]
"""Task and id of a request."""

CallState = Literal["begun", "answered", "ended"]
STATES: tuple[CallState, ...] = get_args(CallState)


class Place(NamedTuple):
    """Place of some bytes in the journal."""

    at: int
    """Offset of the first byte."""

    size: int
    """Number of bytes."""


_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE items (
    key BLOB PRIMARY KEY, content TEXT NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL, decision TEXT,
    position INTEGER, again INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE calls (
    call TEXT PRIMARY KEY, asks TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX calls_asks ON calls (asks);
CREATE TABLE open (key BLOB PRIMARY KEY, decision TEXT NOT NULL UNIQUE, content TEXT) WITHOUT ROWID;
BEGIN;
"""


class JournalIndex:
    """Index of a journal, in a temporary SQLite database that ends with it; used by one thread at a time."""

    def __init__(self) -> None:
        # Without a name it is a temporary file, deleted on closing; what exceeds SQLite's cache of 2 MB goes there.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(_TABLES)

    def put_item(self, key: Key, content: str, place: Place, *, decision: str | None, position: int | None) -> None:
        """Take the finished item of a key, in place of an earlier one; its decision is no longer open."""
        digest = _digest(key)
        self._db.execute(
            "INSERT OR REPLACE INTO items (key, content, at, size, decision, position) VALUES (?, ?, ?, ?, ?, ?)",
            (digest, content, *place, decision, position),
        )
        self._db.execute("DELETE FROM open WHERE key = ?", (digest,))

    def item(self, key: Key, content: str) -> Place | None:
        """Return the place of a key's finished item; None if there is none with this content, or it is to be redone."""
        query = "SELECT at, size FROM items WHERE key = ? AND content = ? AND NOT again"
        found = self._db.execute(query, (_digest(key), content)).fetchone()
        return None if found is None else Place(*found)

    def set_position(self, key: Key, position: int) -> None:
        """Set the position of a finished item in the output."""
        self._db.execute("UPDATE items SET position = ? WHERE key = ?", (position, _digest(key)))

    def by_position(self) -> Iterator[Place]:
        """Yield the places of all items that have a position, in their order."""
        yield from map(
            Place._make, self._db.execute("SELECT at, size FROM items WHERE position >= 0 ORDER BY position")
        )

    @property
    def n_items(self) -> int:
        """Number of finished items."""
        found: int = self._db.execute("SELECT count(*) FROM items").fetchone()[0]
        return found

    def decisions(self, size: int) -> Iterator[list[str]]:
        """Yield the decision ids of all finished items, in lists of at most `size`."""
        last = b""
        while True:
            query = "SELECT key, decision FROM items WHERE key > ? AND decision IS NOT NULL ORDER BY key LIMIT ?"
            found = self._db.execute(query, (last, size)).fetchall()
            if not found:
                return
            yield [decision for _, decision in found]
            last = found[-1][0]

    def redo(self, decision: str) -> None:
        """Mark the item of a decision as one to be redone, under the same id."""
        self._db.execute("UPDATE items SET again = 1 WHERE decision = ?", (decision,))
        self._db.execute(
            "INSERT OR REPLACE INTO open SELECT key, decision, content FROM items WHERE decision = ?", (decision,)
        )

    def open_decision(self, key: Key, decision: str, content: str | None) -> None:
        """Take the decision id of a request that was begun, and the id of its content (None: not known)."""
        self._db.execute("INSERT OR REPLACE INTO open VALUES (?, ?, ?)", (_digest(key), decision, content))

    def open_decision_of(self, key: Key) -> tuple[str, str | None] | None:
        """Return decision id and content id of a request that was begun and has no finished item; else None."""
        found = self._db.execute("SELECT decision, content FROM open WHERE key = ?", (_digest(key),)).fetchone()
        return None if found is None else (found[0], found[1])

    def open_decisions(self) -> list[str]:
        """Return the decision ids of all requests that were begun and have no finished item."""
        return [decision for (decision,) in self._db.execute("SELECT decision FROM open")]

    def close_decision(self, decision: str) -> None:
        """Forget a decision id: the request's next run is another decision."""
        self._db.execute("DELETE FROM open WHERE decision = ?", (decision,))

    def put_call(self, call: str, asks: str, state: CallState, place: Place) -> None:
        """Take the latest entry of a call.

        Args:
            call: id of the call.
            asks: its idempotency key.
            state: the entry's kind.
            place: of the entry.
        """
        self._db.execute("INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", (call, asks, state, *place))

    def call(self, call: str) -> tuple[CallState, Place] | None:
        """Return kind and place of a call's latest entry; None if the journal has none."""
        found = self._db.execute("SELECT state, at, size FROM calls WHERE call = ?", (call,)).fetchone()
        return None if found is None else (found[0], Place(*found[1:]))

    def unanswered(self) -> list[str]:
        """Return the ids of all calls that were begun and have no recorded end."""
        return [call for (call,) in self._db.execute("SELECT call FROM calls WHERE state = 'begun'")]

    def reply(self, asks: str) -> Place | None:
        """Return the place of the latest answer to an idempotency key; None if there is none."""
        query = "SELECT at, size FROM calls WHERE asks = ? AND state = 'answered' ORDER BY at DESC LIMIT 1"
        found = self._db.execute(query, (asks,)).fetchone()
        return None if found is None else Place(*found)

    def close(self) -> None:
        """Close and delete the database."""
        self._db.close()


def _digest(key: Key) -> bytes:
    return blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=16).digest()
