"""Body store: the request bodies of a provider's batches by custom_id, in a temporary file."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Self

from cascade.dialects.chat import same_model
from cascade.hashing import canonical_json

_CACHE_KIB = 32 * 1024


class Ambiguous(ValueError):
    """A custom_id that belongs to several requests."""


class BodyStore:
    """Request bodies on disk; in memory is the index of the ones looked up last. A context manager."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the context manager
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB};"
            "CREATE TABLE bodies (key BLOB, start INTEGER, length INTEGER); BEGIN;"
        )
        self._end = self._n = 0
        self._answered = bytearray()
        self._indexed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._db.close()

    def add(self, custom_id: str, body: Mapping[str, Any]) -> None:
        """Keep the body of a request; all are added before the first is looked up."""
        data = json.dumps(body).encode()  # NaN too: what becomes of it is decided where the sample is made
        self._db.execute("INSERT INTO bodies VALUES (?, ?, ?)", (_key(custom_id), self._end, len(data)))
        self._file.write(data)
        self._end += len(data)
        self._n += 1

    def find(self, custom_id: str, model: str) -> Any:
        """Return the body of the request that an answer belongs to; None if there is none.

        Several batches often count their ids from 1: where bodies differ, the one that asks the answer's model counts.

        Raises:
            Ambiguous: that does not decide either.
        """
        if not self._indexed:
            self._file.flush()
            self._db.execute("CREATE INDEX bodies_by_key ON bodies (key)")
            self._answered = bytearray(self._n + 1)
            self._indexed = True
        places = self._db.execute(
            "SELECT rowid, start, length FROM bodies WHERE key = ?", (_key(custom_id),)
        ).fetchall()
        found: dict[bytes, tuple[int, Any]] = {}
        for row, start, length in places:
            self._file.seek(start)
            body = json.loads(self._file.read(length))
            found.setdefault(canonical_json(body) if len(places) > 1 else b"", (row, body))
        if len(found) > 1 and model:
            found = {key: one for key, one in found.items() if same_model(str(one[1].get("model")), model)}
        if len(found) > 1:
            raise Ambiguous
        for row, body in found.values():
            self._answered[row] = 1
            return body
        return None

    def unanswered(self) -> int:
        """Return the number of request lines whose answer was not looked up."""
        return self._n - sum(self._answered)


def _key(custom_id: str) -> bytes:
    return blake2b(custom_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
