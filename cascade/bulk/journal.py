"""The journal beside an output: one line for each finished item, written at once, so that a killed run can go on.

Lines are only ever appended; a torn last line (the machine stopped while writing it) is cut off when it is read. The
whole output is written from it at the end, in the input's order, and the journal is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from cascade.errors import ConfigError, DataError, LogUnavailable
from cascade.files import write_atomically
from cascade.hashing import content_id

FORMAT = 1
Key = tuple[str, str]
"""Task and id of a request."""


class Journal:
    """Finished items by key; a context manager that one process at a time holds open."""

    def __init__(self, output: Path, *, kind: str, made_by: str = "") -> None:
        """Open or begin the journal of an output.

        Args:
            output: the file that will be written in the end; the journal is `<output>.part`.
            kind: what the items are (`explore`, `run`).
            made_by: a hash of all that must not change between a run and its resumption; "" for nothing.

        Raises:
            ConfigError: another process holds it, it cannot be written, or was begun by something else.
        """
        self.output = output
        self.path = journal_of(output)
        self.done: dict[Key, dict[str, Any]] = {}
        """What is finished, by key; the last line of a key counts."""
        self._content: dict[Key, str] = {}
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
            return  # Windows: two runs into one output are not kept apart
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = f"{self.path} is in use by another process; wait for it, or give another --output."
            raise ConfigError(message) from None

    def _read(self, header: Mapping[str, Any]) -> None:
        with os.fdopen(os.dup(self._handle), "rb") as file:
            data = file.read()
        whole = data.rfind(b"\n") + 1
        lines = data[:whole].splitlines()
        if not lines:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            self._write(header)
            return
        found = self._parsed(1, lines[0])
        if {key: found.get(key) for key in ("journal", "kind")} != {key: header[key] for key in ("journal", "kind")}:
            message = f"{self.path} is no journal of `cascade {header['kind']}`; remove it, or give another --output."
            raise ConfigError(message)
        if found.get("made_by") != header["made_by"]:
            message = (
                f"{self.path} was begun with another ladder or policy; finish it with that one, or remove the file to "
                "begin anew (what it holds was paid for)."
            )
            raise ConfigError(message)
        for number, line in enumerate(lines[1:], start=2):
            entry = self._parsed(number, line)
            try:
                key = (str(entry["task"]), str(entry["id"]))
                self.done[key], self._content[key] = entry["item"], entry["content"]
            except KeyError:
                message = f"{self.path}, line {number}: it is no entry of a journal; remove the file to begin anew."
                raise DataError(message) from None
        os.ftruncate(self._handle, whole)
        os.lseek(self._handle, 0, os.SEEK_END)

    def _parsed(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            message = f"{self.path}, line {number}: it is not a JSON object; remove the file to begin anew."
            raise DataError(message)
        return entry

    def get(self, key: Key, content: Any) -> dict[str, Any] | None:
        """Return what is finished under a key, if it was made from the same content."""
        return self.done.get(key) if self._content.get(key) == content_id(content) else None

    def append(self, key: Key, content: Any, item: Mapping[str, Any]) -> None:
        """Keep a finished item; when this returns, it survives the end of the process.

        Raises:
            LogUnavailable: it cannot be written (the disk is full); nothing more should be paid for.
        """
        self.done[key], self._content[key] = dict(item), content_id(content)
        self._write({"task": key[0], "id": key[1], "content": self._content[key], "item": item})

    def _write(self, entry: Mapping[str, Any]) -> None:
        data = (dump(entry) + "\n").encode("utf-8", errors="backslashreplace")
        try:
            while data:
                data = data[os.write(self._handle, data) :]
        except OSError as error:
            message = f"{self.path} cannot be written: {error.strerror}. What it holds is kept; run the command again."
            raise LogUnavailable(message) from None

    def finish(self, lines: Iterable[Mapping[str, Any]], *, keep: bool = False) -> None:
        """Write the output, whole and at once, and remove the journal unless it is still needed."""
        write_atomically(self.output, "".join(dump(line) + "\n" for line in lines))
        if not keep:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # what was written is in the file already; this is for a power loss
            os.fsync(self._handle)
        os.close(self._handle)
        self._handle = -1  # a straggler of a cancelled run must not write into whatever is opened next


def journal_of(output: Path) -> Path:
    """Return where the journal of an output lies."""
    return output.with_name(output.name + ".part")


def dump(value: Any) -> str:
    """Return a value as one line of JSON, text as it is."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
