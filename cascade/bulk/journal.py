"""Journal (write-ahead log) beside an output: makes a bulk run resumable after a kill.

It is append-only: `open` where a request begins, `begun` before a call, `answered` or `ended` after it, an item when
all its calls are done. A torn last line is truncated on reading. Disk space for the answers of all calls in flight is
reserved before the calls, so a full disk stops the run before the next call, not between a call and its answer. At the
end the output is copied from the journal, and the journal is removed. No entries are held in memory.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from cascade.bulk.journal_file import JournalFile
from cascade.bulk.journal_index import STATES, JournalIndex, Key, Place
from cascade.errors import ConfigError, DataError
from cascade.files import write_atomically
from cascade.hashing import content_id

FORMAT = 3
READABLE = (1, 2, 3)
"""1 had items only; 2 did not name the log's calls and decisions."""


class Journal:
    """Journal of one output; a context manager with an exclusive lock."""

    def __init__(self, output: Path, *, kind: str, made_by: str = "") -> None:
        """Open or create the journal of an output.

        Args:
            output: the file that will be written in the end; the journal is `<output>.part`.
            kind: what the items are (`explore`, `run`).
            made_by: hash of everything that must not change between a run and its resumption; "" for nothing.

        Raises:
            ConfigError: another process holds it, it cannot be written, or it belongs to another run.
        """
        self.output = output
        self.path = journal_of(output)
        self.ambiguous = 0
        """Ambiguous calls: begun by an earlier run without a recorded end; they may have been billed."""
        self.resumed = False
        """Whether an earlier run left entries."""
        self.began_ms = 0
        """When its first run began, in Unix milliseconds; 0 if unknown."""
        self._open: set[str] = set()
        self._file = JournalFile(self.path)  # before the index: it may be refused
        self.index = JournalIndex()
        """Places of the entries."""
        try:
            self._read({"journal": FORMAT, "kind": kind, "made_by": made_by})
        except BaseException:
            self._file.close()
            self.index.close()
            raise

    def _read(self, header: Mapping[str, Any]) -> None:
        begun: set[str] = set()
        at = 0
        with self._file.reading() as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                entry = self._parsed(number, line)
                if number == 1:
                    self._check(entry, header)
                    self.began_ms = int(entry.get("at_ms", 0))
                else:
                    self.resumed = True
                    try:
                        self._take(entry, line, at, begun)
                    except (KeyError, TypeError, ValueError):
                        message = (
                            f"{self.path}, line {number}: it is not a journal entry; remove the file to start again."
                        )
                        raise DataError(message) from None
                at += len(line)
        self.ambiguous = len(begun)
        self._file.cut(at)
        if not at:
            self.began_ms = time.time_ns() // 1_000_000
            self._write({**header, "at_ms": self.began_ms})

    def _check(self, found: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        if found.get("journal") not in READABLE or found.get("kind") != header["kind"]:
            message = (
                f"{self.path} is not a journal of `cascade {header['kind']}`; remove it, or give another --output."
            )
            raise ConfigError(message)
        if found.get("made_by") != header["made_by"]:
            message = (
                f"{self.path} was begun with another ladder or policy; finish it with that one, or remove the file to "
                "start again (its answers were paid for)."
            )
            raise ConfigError(message)

    def _take(self, entry: Mapping[str, Any], line: bytes, at: int, begun: set[str]) -> None:
        if "open" in entry:
            task, identity = entry["open"]
            self.index.open_decision((task, identity), entry["decision"], entry.get("content"))
        elif "item" in entry:
            start = line.index(_ITEM) + len(_ITEM)
            self.index.put_item(
                (str(entry["task"]), str(entry["id"])), entry["content"], Place(at + start, len(line) - start - 2),
                decision=entry["item"].get("decision_id"), position=None,
            )  # fmt: skip
        else:
            state = next(state for state in STATES if state in entry)
            asks = entry[state]
            (begun.add if state == "begun" else begun.discard)(asks)
            self.index.put_call(entry.get("call", asks), asks, state, Place(at, len(line)))

    def _parsed(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            message = f"{self.path}, line {number}: it is not a JSON object; remove the file to start again."
            raise DataError(message)
        return entry

    def get(self, key: Key, content: Any) -> dict[str, Any] | None:
        """Return the finished item of a key, if its content is the same."""
        place = self.index.item(key, content_id(content))
        return None if place is None else self.at(place)

    def append(self, key: Key, content: Any, item: Mapping[str, Any], *, position: int | None = None) -> bytes:
        """Append a finished item, and return its line of the output.

        When this returns, it survives the end of the process.

        Args:
            key: of the request.
            content: what the request asks; a changed one is another request.
            item: the item.
            position: its position in the output.

        Raises:
            LogUnavailable: it cannot be written (the disk is full); no further call should be made.
        """
        identity, line = content_id(content), encoded(item)
        head = encoded({"task": key[0], "id": key[1], "content": identity})[:-1] + _ITEM
        place = Place(self._file.end + len(head), len(line))
        self._file.put(head + line + b"}\n")
        self.index.put_item(key, identity, place, decision=item.get("decision_id"), position=position)
        return line + b"\n"

    def open(self, key: Key, content: Any, decision: str) -> None:
        """Record the decision id of a request before its first call, so that a resumed run uses the same.

        Args:
            key: of the request.
            content: what the request asks.
            decision: its decision id.

        Raises:
            LogUnavailable: it cannot be written.
        """
        identity = content_id(content)
        self._write({"open": key, "decision": decision, "content": identity})
        self.index.open_decision(key, decision, identity)

    def opened(self, key: Key, content: Any) -> str | None:
        """Return the decision id of a request that was begun with this content, and is not finished.

        A journal of an earlier release does not tell the content; it is taken to be this.
        """
        found = self.index.open_decision_of(key)
        return None if found is None or found[1] not in (None, content_id(content)) else found[0]

    def at(self, place: Place) -> dict[str, Any]:
        """Return the JSON object at a place."""
        found: dict[str, Any] = json.loads(self._file.bytes_at(place))
        return found

    def reply(self, asks: str) -> dict[str, Any] | None:
        """Return an earlier run's answer to a call, by the call's idempotency key."""
        place = self.index.reply(asks)
        return None if place is None else self.at(place)["reply"]

    def begin(self, asks: str, call: str, expected_pico: int, *, take_room: bool = True) -> None:
        """Record the intent of a call (write-ahead), and reserve space for its answer; `synced` waits for the disk.

        Args:
            asks: the call's idempotency key.
            call: its id, the same as in the decision log.
            expected_pico: picodollars that it costs in the mean.
            take_room: whether space is reserved; not where the answer is fetched later, and can be again.

        Raises:
            LogUnavailable: the disk is full; the call must not be made.
        """
        self._write({"begun": asks, "call": call, "expected": expected_pico})
        if take_room:
            self._open.add(call)
            self._file.take_room(len(self._open))

    def end(self, asks: str, call: str, entry: Mapping[str, Any] | None) -> None:
        """Record the end of a call.

        Args:
            asks: the call's idempotency key.
            call: its id.
            entry: its `reply`, or its `outcome` if it has none; None for a cancelled call, which stays ambiguous, since
                it may have been billed.

        Raises:
            LogUnavailable: it cannot be written; no further call should be made.
        """
        self._open.discard(call)
        if entry is not None and not self._file.closed:
            self._write({"answered" if "reply" in entry else "ended": asks, "call": call, **entry})

    async def synced(self) -> None:
        """Wait until everything written so far is durable; concurrent waiters share one fsync.

        Raises:
            LogUnavailable: the disk reports an error.
        """
        await self._file.synced()

    def _write(self, entry: Mapping[str, Any]) -> None:
        self._file.put(encoded(entry) + b"\n")

    def lines(self) -> Iterator[bytes]:
        """Yield the output's lines: the items that have a position, in its order."""
        for place in self.index.by_position():
            yield self._file.bytes_at(place) + b"\n"

    def finish(self, lines: Iterable[bytes] | None, *, keep: bool = False) -> None:
        """Write the output atomically, and remove the journal unless it is still needed.

        Args:
            lines: of the output; None if it is written already.
            keep: whether some items are to be tried again.
        """
        if lines is not None:
            write_atomically(self.output, lines)
        if not keep:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.index.close()


_ITEM = b',"item":'


def journal_of(output: Path) -> Path:
    """Return the path of an output's journal."""
    return output.with_name(output.name + ".part")


def dump(value: Any) -> str:
    """Serialise a value as one line of JSON, without escaping text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encoded(value: Any) -> bytes:
    """Serialise a value as one line of JSON, in bytes."""
    # A lone surrogate becomes its escape, which is JSON.
    return dump(value).encode("utf-8", errors="backslashreplace")
