"""JournalFile: the append-only file of a journal: locked, written at once, synced in groups, with room for answers."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from pathlib import Path
from typing import BinaryIO

from cascade.bulk.journal_index import Place
from cascade.errors import ConfigError, LogUnavailable

ROOM = 1 << 16
"""Bytes reserved for the answer of each call in flight; a longer answer can meet a full disk."""


class JournalFile:
    """An append-only file with an exclusive lock."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            ConfigError: another process holds it, or it cannot be written.
        """
        self.path = path
        self._end = self._room = self._synced = 0
        self._syncing: asyncio.Task[None] | None = None
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}. Give an --output in a folder that exists."
            raise ConfigError(message) from None
        try:
            self._lock()
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

    @property
    def end(self) -> int:
        """Offset of the next byte to write."""
        return self._end

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle < 0

    def reading(self) -> BinaryIO:
        """Open the file for reading from its beginning."""
        return os.fdopen(os.dup(self._handle), "rb")

    def cut(self, end: int) -> None:
        """Cut off what stands behind an offset, and append from there."""
        os.ftruncate(self._handle, end)
        os.lseek(self._handle, end, os.SEEK_SET)
        self._end = self._room = end

    def bytes_at(self, place: Place) -> bytes:
        """Return the bytes at a place."""
        return os.pread(self._handle, place.size, place.at)

    def put(self, data: bytes) -> None:
        """Append bytes; when this returns, they survive the end of the process.

        Raises:
            LogUnavailable: the disk is full.
        """
        try:
            while data:
                written = os.write(self._handle, data)
                self._end += written
                data = data[written:]
        except OSError as error:
            raise self._full(error) from None

    def take_room(self, calls: int) -> None:
        """Reserve disk space for the answers of so many calls in flight.

        Raises:
            LogUnavailable: the disk is full.
        """
        wanted = self._end + ROOM * (calls + 1)
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

    def _full(self, error: OSError) -> LogUnavailable:
        message = f"{self.path} cannot be written: {error.strerror}. Its content is kept; run the command again."
        return LogUnavailable(message)

    def close(self) -> None:
        """Give back the unused reserved space, and close the file."""
        handle, self._handle = self._handle, -1  # a late task must not write into a reused file descriptor
        with contextlib.suppress(OSError):  # the data is in the file already; this is for a power loss
            if self._room > self._end:
                os.ftruncate(handle, self._end)
            os.fsync(handle)
        os.close(handle)
