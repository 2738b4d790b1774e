"""Event store: log records of OpenTelemetry until the span that they belong to is read, in a temporary database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Self

from cascade.importing.bodies.otlp import Event


class EventStore:
    """Events by span, in the order in which they came; a context manager."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE events (span TEXT, content TEXT, taken INTEGER DEFAULT 0);"
            "CREATE INDEX events_by_span ON events (span); BEGIN;"
        )
        self._any = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add(self, event: Event) -> None:
        """Keep an event."""
        self._any = True
        content = json.dumps([event.name, event.attributes, event.at])
        self._db.execute("INSERT INTO events VALUES (?, ?, 0)", (_key(event.span), content))

    def take(self, span: str) -> list[Event]:
        """Return the events of a span; they are left over no longer."""
        if not self._any:
            return []
        rows = self._db.execute("SELECT content FROM events WHERE span = ? ORDER BY rowid", (_key(span),)).fetchall()
        if rows:
            self._db.execute("UPDATE events SET taken = 1 WHERE span = ?", (_key(span),))
        return [_event(span, content) for (content,) in rows]

    def left_over(self) -> Iterator[Event]:
        """Yield the events whose span was not read."""
        rows = self._db.execute("SELECT span, content FROM events WHERE NOT taken ORDER BY rowid")
        yield from (_event(span, content) for span, content in rows)


def _key(span: str) -> str:
    """Return ids as text that SQLite takes: without lone surrogates."""
    return span.encode("utf-8", "backslashreplace").decode()


def _event(span: str, content: str) -> Event:
    name, attributes, at = json.loads(content)
    return Event(span=span, name=name, attributes=attributes, at=at)
