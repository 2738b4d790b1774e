"""Truncation of a SQLite file in place, found by its size: SQLite reads a part that is missing as zeros."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from sqlalchemy import Connection

from cascade.errors import LogUnavailable

LEAST = 512
"""Size in bytes of SQLite's smallest page."""

_WAL_HEADER, _FRAME_HEADER = 32, 24
_ADVICE = (
    "Restore it, or move it away with {name}-wal and {name}-shm to begin a new log (`sqlite3 {path} .recover` prints "
    "what is left)."
)


def require_whole(connection: Connection, path: Path) -> None:
    """Check that the file holds all pages of the snapshot that an open transaction reads.

    Pages may still be in the write-ahead log only. A page that is in neither file is allowed if SQLite's own check
    finds nothing: an unused page at the end may never have been written.

    Raises:
        LogUnavailable: the file was truncated.
    """
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    found = path.stat().st_size
    if found >= pages * size:
        return
    missing = set(range(found // size + 1, pages + 1)) - _pages_in_wal(path, size)
    if not missing:
        return
    torn = bool(found % size) and found // size + 1 in missing
    if torn or connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
        raise LogUnavailable(truncated(path, found, pages * size))


def require_not_empty(path: Path) -> None:
    """Check that a file that exists holds a page: a decision log is made whole, under its name, or not at all.

    SQLite would take it for a new one, and delete its write-ahead log.

    Raises:
        LogUnavailable: it is empty, or was cut within its first page.
    """
    if (size := path.stat().st_size) < LEAST:
        message = (
            f"The decision log {path} cannot be opened: it has {size} bytes, at least {LEAST} were expected. It was "
            "truncated, or another program made it: restore it, or remove it to begin a new log."
        )
        raise LogUnavailable(message)


def truncated(path: Path, found: int, expected: int) -> str:
    """Return the message of a truncated log: its size in bytes as found, and as expected."""
    return (
        f"The decision log {path} was truncated: {found:,} bytes were found, {expected:,} were expected. "
        f"Nothing more is written to it. {_ADVICE.format(path=path, name=path.name)}"
    )


def malformed(path: Path) -> str:
    """Return the message of a log that SQLite cannot read: truncated, if it is shorter than it says itself."""
    found, expected = path.stat().st_size, _header_size(path)
    if found < (expected or 100):
        return truncated(path, found, expected or 100)
    return (
        f"The decision log {path} is damaged: SQLite found it malformed; a whole file was expected. "
        f"{_ADVICE.format(path=path, name=path.name)}"
    )


def _header_size(path: Path) -> int:
    """Return the size in bytes that a SQLite file says it has; 0 if it does not say."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        return 0
    (page,) = struct.unpack(">H", head[16:18])
    (pages,) = struct.unpack(">I", head[28:32])
    return int(pages) * (65536 if page == 1 else int(page))


def _pages_in_wal(path: Path, page_size: int) -> set[int]:
    """Return the numbers of the pages that the write-ahead log holds."""
    try:
        handle = os.open(f"{path}-wal", os.O_RDONLY)
    except OSError:
        return set()
    try:
        salts, at = os.pread(handle, 8, 16), _WAL_HEADER
        pages = set()
        while len(head := os.pread(handle, _FRAME_HEADER, at)) == _FRAME_HEADER and head[8:16] == salts:
            pages.add(int.from_bytes(head[:4], "big"))
            at += _FRAME_HEADER + page_size
    finally:
        os.close(handle)
    return pages
