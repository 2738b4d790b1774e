"""KeySet: finds ids that appear twice among millions, without holding them in memory."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from typing import Self

from cascade.samples.sample import Sample


class KeySet:
    """Set of the keys (task and id) of samples, in a temporary SQLite database; a context manager."""

    def __init__(self) -> None:
        # Without a name it is a temporary file, deleted on closing; what exceeds SQLite's cache of 2 MB goes there.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE keys (key BLOB PRIMARY KEY) WITHOUT ROWID; BEGIN;"
        )

    def add(self, sample: Sample) -> bool:
        """Add a sample's key, and return whether it is new."""
        return self._is_new(digest(sample))

    def add_id(self, identity: str) -> bool:
        """Add an id alone, and return whether it is new; not together with keys of samples."""
        return self._is_new(_digest(identity))

    def _is_new(self, key: bytes) -> bool:
        return self._db.execute("INSERT OR IGNORE INTO keys VALUES (?)", (key,)).rowcount == 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()


def digest(sample: Sample) -> bytes:
    """Return a 16-byte digest of task and id, to detect duplicates among millions of samples."""
    return _digest("\0".join(sample.key))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
