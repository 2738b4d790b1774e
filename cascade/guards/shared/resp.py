"""RESP: the few words of Redis's protocol that leases need, over asyncio: log in, choose a database, run a script."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha1
from typing import Any

from cascade.guards.shared.lease_store import TIMEOUT_S

_MOST_BYTES = 1 << 24
_MOST_ITEMS = 1 << 16


class RedisError(Exception):
    """The server refuses, cannot be reached, or says nothing that can be read."""


def _refusal(told: str) -> RedisError:
    """Return the error that a server tells; to strangers it also refuses long commands as errors of the protocol."""
    if "NOAUTH" in told or "unauthenticated" in told:
        return RedisError("it asks for a password, and guards.shared has none; docs/serve.md shows one")
    return RedisError(told[:200].rstrip("."))


@lru_cache
def _digest(script: str) -> str:
    return sha1(script.encode()).hexdigest()  # noqa: S324 - the name by which Redis knows a script


class RedisConnection:
    """One connection, opened when it is needed and opened anew after an error; one command at a time."""

    def __init__(
        self, host: str, port: int, *, database: int = 0, user: str | None = None, password: str | None = None,
        tls: bool = False,
    ) -> None:  # fmt: skip
        """Take where the server is, and how to log in."""
        self._where = (host, port)
        self._database, self._user, self._password, self._tls = database, user, password, tls
        self.forget()

    def forget(self) -> None:
        """Drop the connection without closing it."""
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def script(self, script: str, arguments: Sequence[str]) -> Any:
        """Run a script by its digest; it is sent where the server does not know it yet.

        Raises:
            RedisError: it cannot be run.
        """
        async with self._lock:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    found = await self._command("EVALSHA", _digest(script), *arguments)
                    if isinstance(found, RedisError) and str(found).startswith("NOSCRIPT"):
                        found = await self._command("EVAL", script, *arguments)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
                await self._drop()
                raise RedisError(f"{type(error).__name__} {error}".strip()) from None
            except BaseException:
                await self._drop()  # an answer may still come, which would be taken for that of the next command
                raise
        if isinstance(found, RedisError):
            async with self._lock:
                await self._drop()  # after some errors the server closes it, too
            raise found
        return found

    async def aclose(self) -> None:
        """Close the connection."""
        await self._drop()

    async def _drop(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
                async with asyncio.timeout(TIMEOUT_S):
                    await streams[1].wait_closed()

    async def _command(self, *words: str) -> Any:
        if self._streams is None:
            context = ssl.create_default_context() if self._tls else None
            self._streams = await asyncio.open_connection(*self._where, ssl=context)
            if self._password is not None:
                login = (self._user, self._password) if self._user else (self._password,)
                self._require(await self._asked("AUTH", *login))
            if self._database:
                self._require(await self._asked("SELECT", str(self._database)))
        return await self._asked(*words)

    @staticmethod
    def _require(answer: Any) -> None:
        if isinstance(answer, RedisError):
            raise answer

    async def _asked(self, *words: str) -> Any:
        if self._streams is None:
            raise ConnectionError("not connected")
        reader, writer = self._streams
        parts = [word.encode() for word in words]
        content = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        writer.write(b"*%d\r\n%s" % (len(parts), content))
        await writer.drain()
        return await self._read(reader)

    async def _read(self, reader: asyncio.StreamReader) -> Any:
        line = (await reader.readuntil(b"\r\n"))[:-2]
        kind, rest = line[:1], line[1:].decode("utf-8", "replace")
        if kind == b"+":
            return rest
        if kind == b"-":
            return _refusal(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            if not -1 <= length <= _MOST_BYTES:
                raise ValueError("an answer that is too long")
            return None if length < 0 else (await reader.readexactly(length + 2))[:-2].decode("utf-8", "replace")
        if kind == b"*" and 0 <= int(rest) <= _MOST_ITEMS:
            return [await self._read(reader) for _ in range(int(rest))]
        raise ValueError("an answer that is none of Redis")
