"""Journal (write-ahead log) beside an output: makes a bulk run resumable after a kill.

It is append-only: `begun` before a call, `answered` or `ended` after it, an item when all its calls are done. A torn
last line is truncated on reading. Disk space for the answers of all calls in flight is reserved before the calls, so a
full disk stops the run before the next call, not between a call and its answer. At the end the output is written from
the journal in input order, and the journal is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from cascade.errors import ConfigError, DataError, LogUnavailable
from cascade.files import write_atomically
from cascade.hashing import content_id

FORMAT = 2
READABLE = (1, 2)
"""1 had items only."""

ROOM = 1 << 16
"""Bytes reserved for the answer of each call in flight; a longer answer can meet a full disk."""

Key = tuple[str, str]
"""Task and id of a request."""


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
        self.done: dict[Key, dict[str, Any]] = {}
        """Finished items by key; the last line of a key counts."""
        self.ambiguous = 0
        """Ambiguous calls: begun by an earlier run without a recorded end; they may have been billed."""
        self._content: dict[Key, str] = {}
        self._replies: dict[str, tuple[int, int]] = {}
        self._open: set[str] = set()
        self._end = self._room = self._synced = 0
        self._syncing: asyncio.Task[None] | None = None
        header = {"journal": FORMAT, "kind": kind, "made_by": made_by}
        try:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            message = f"{self.path} cannot be written: {error.strerror}. Give an --output in a folder that exists."
            raise ConfigError(message) from None
        try:
            self._lock()
            self._read(header)
        except BaseException:
            os.close(self._handle)
            raise

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:
            return  # Windows: no lock against two runs into one output
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = f"{self.path} is in use by another process; wait for it, or give another --output."
            raise ConfigError(message) from None

    def _read(self, header: Mapping[str, Any]) -> None:
        with os.fdopen(os.dup(self._handle), "rb") as file:
            data = file.read()
        whole = data.rfind(b"\n") + 1
        lines = data[:whole].split(b"\n")[:-1]
        if not lines:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            self._write(header)
            return
        found = self._parsed(1, lines[0])
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
        begun: set[str] = set()
        at = len(lines[0]) + 1
        for number, line in enumerate(lines[1:], start=2):
            try:
                self._take(self._parsed(number, line), (at, len(line)), begun)
            except (KeyError, TypeError):
                message = f"{self.path}, line {number}: it is not a journal entry; remove the file to start again."
                raise DataError(message) from None
            at += len(line) + 1
        self.ambiguous = len(begun)
        os.ftruncate(self._handle, whole)
        os.lseek(self._handle, 0, os.SEEK_END)
        self._end = self._room = whole

    def _take(self, entry: Mapping[str, Any], place: tuple[int, int], begun: set[str]) -> None:
        if "begun" in entry:
            begun.add(entry["begun"])
        elif "answered" in entry:
            begun.discard(entry["answered"])
            self._replies[entry["answered"]] = place
        elif "ended" in entry:
            begun.discard(entry["ended"])
        else:
            key = (str(entry["task"]), str(entry["id"]))
            self.done[key], self._content[key] = entry["item"], entry["content"]

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
        return self.done.get(key) if self._content.get(key) == content_id(content) else None

    def append(self, key: Key, content: Any, item: Mapping[str, Any]) -> None:
        """Append a finished item durably: when this returns, it survives the end of the process.

        Raises:
            LogUnavailable: it cannot be written (the disk is full); no further call should be made.
        """
        self.done[key], self._content[key] = dict(item), content_id(content)
        self._write({"task": key[0], "id": key[1], "content": self._content[key], "item": item})

    def reply(self, call: str) -> dict[str, Any] | None:
        """Return an earlier run's answer to a call, by the call's idempotency key."""
        place = self._replies.get(call)
        if place is None:
            return None
        line: dict[str, Any] = json.loads(os.pread(self._handle, place[1], place[0]))["reply"]
        return line

    def begin(self, call: str) -> None:
        """Record the intent of a call (write-ahead), and reserve space for its answer; `synced` waits for the disk.

        Raises:
            LogUnavailable: the disk is full; the call must not be made.
        """
        self._write({"begun": call})
        self._open.add(call)
        self._take_room()

    def end(self, call: str, reply: Mapping[str, Any] | None = None, *, broken_off: bool = False) -> None:
        """Record the end of a call; a cancelled call stays ambiguous, since it may have been billed.

        Raises:
            LogUnavailable: it cannot be written; no further call should be made.
        """
        self._open.discard(call)
        if not broken_off and self._handle >= 0:
            self._write({"ended": call} if reply is None else {"answered": call, "reply": reply})

    async def synced(self) -> None:
        """Wait until everything written so far is durable; concurrent waiters share one fsync.

        Raises:
            LogUnavailable: the disk reports an error.
        """
        wanted = self._end
        while self._synced < wanted:
            if self._syncing is None:
                self._syncing = asyncio.ensure_future(self._sync())
            await asyncio.shield(self._syncing)

    async def _sync(self) -> None:
        upto = self._end
        try:
            await asyncio.to_thread(os.fdatasync, self._handle)
        except OSError as error:
            raise self._full(error) from None
        finally:
            self._syncing = None
        self._synced = upto

    def _take_room(self) -> None:
        wanted = self._end + ROOM * (len(self._open) + 1)
        if wanted <= self._room:
            return
        try:
            os.posix_fallocate(self._handle, self._end, wanted - self._end)
        except AttributeError:
            return  # this system cannot reserve disk space
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                return
            raise self._full(error) from None
        self._room = wanted

    def _write(self, entry: Mapping[str, Any]) -> None:
        data = (dump(entry) + "\n").encode("utf-8", errors="backslashreplace")
        try:
            while data:
                written = os.write(self._handle, data)
                self._end += written
                data = data[written:]
        except OSError as error:
            raise self._full(error) from None

    def _full(self, error: OSError) -> LogUnavailable:
        message = f"{self.path} cannot be written: {error.strerror}. Its content is kept; run the command again."
        return LogUnavailable(message)

    def finish(self, lines: Iterable[Mapping[str, Any]], *, keep: bool = False) -> None:
        """Write the output atomically, and remove the journal unless it is still needed."""
        write_atomically(self.output, "".join(dump(line) + "\n" for line in lines))
        if not keep:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # the data is in the file already; this is for a power loss
            os.ftruncate(self._handle, self._end)  # the unused reserved space
            os.fsync(self._handle)
        os.close(self._handle)
        self._handle = -1  # a late task must not write into a reused file descriptor


def journal_of(output: Path) -> Path:
    """Return the path of an output's journal."""
    return output.with_name(output.name + ".part")


def dump(value: Any) -> str:
    """Serialise a value as one line of JSON, without escaping text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
