"""The SQLite file of a decision log: made whole, told apart from another one, switched to write-ahead logging."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, exc

from cascade.log.tables import APPLICATION_ID

_AGAIN_S = 0.01
"""Retry interval, in seconds, of the switch to write-ahead logging."""

BUSY_TIMEOUT_S = 5.0
"""Seconds that a statement waits for another process's lock."""


def create_file(path: Path) -> bool:
    """Create a missing file with our mark, so that it never stands under its name empty, not even after a kill.

    Where the write-ahead log of a deleted file is left, it is made empty: then SQLite removes that. Returns whether
    it was.
    """
    if path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))  # that it can be written
        return False
    if Path(f"{path}-wal").exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return True
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    os.close(handle)
    try:
        with closing(sqlite3.connect(name)) as made:
            made.execute(f"PRAGMA application_id={APPLICATION_ID}")
        try:
            os.link(name, path)
        except FileExistsError:
            pass  # another process was first
        except OSError:  # a file system without hard links
            Path(name).rename(path)
    finally:
        Path(name).unlink(missing_ok=True)
    return False


def use_wal(connection: Connection) -> None:
    """Switch the file to write-ahead logging, with retries: SQLite does not wait for another process doing the same."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except exc.OperationalError as error:
            connection.rollback()
            if "locked" not in str(error.orig) or time.monotonic() >= until:
                raise
            time.sleep(_AGAIN_S)
        else:
            connection.rollback()
            return


def identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file, which detect a replacement; None if the file is missing."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
