"""ConnectionPool: the connections of one event loop, kept by origin; the one that was used last is used first."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohappyeyeballs import start_connection

from cascade.clients.connection import ERROR_BODY_S, Connection
from cascade.clients.wire import Wire

CONNECT_S = 10.0
"""Seconds in which a connection must stand, TLS included."""

MOST_OPEN = 1024
"""The most connections to one origin; who wants one more waits."""

MOST_IDLE = 128
"""The most idle connections to one origin that are kept."""

_HAPPY_EYEBALLS_S = 0.25  # RFC 8305


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where connections go to."""

    host: str
    """The host's name or address."""

    port: int
    """The port."""

    tls: bool
    """Whether the connection is encrypted."""


@dataclass(slots=True)
class _Origin:
    """What the pool holds of one origin."""

    idle: list[Connection] = field(default_factory=list)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_OPEN))


class ConnectionPool:
    """The connections of one event loop; used on that loop, and in the process that made it.

    Args:
        error_body_s: seconds for which the body of an error is waited for.
    """

    def __init__(self, *, error_body_s: float = ERROR_BODY_S) -> None:
        self.loop, self.pid = asyncio.get_running_loop(), os.getpid()
        self._error_body_s = error_body_s
        self._origins: dict[Origin, _Origin] = {}
        self._open: set[Connection] = set()
        self._closed = False

    async def acquire(self, origin: Origin, wire: Wire, *, fresh: bool = False) -> Connection:
        """Return a connection that is idle: a kept one, or one that is opened now.

        Args:
            origin: where to.
            wire: the record of the try.
            fresh: whether kept ones are passed over.

        Raises:
            OSError: no connection came about; TLS failures are of that kind too.
        """
        wire.phase = "connect"
        if self._closed:
            message = "the client was closed"
            raise ConnectionResetError(message)
        held = self._origins.get(origin)
        if held is None:
            held = self._origins[origin] = _Origin()
        await held.room.acquire()
        try:
            while held.idle and not fresh:
                connection = held.idle.pop()
                if connection.reusable:
                    return connection
            return await self._opened(origin)
        except BaseException:
            held.room.release()
            raise

    def release(self, origin: Origin, connection: Connection) -> None:
        """Take a connection back; one that is not idle is closed."""
        held = self._origins.get(origin)
        if held is None:  # the pool was closed meanwhile
            connection.close()
            return
        held.room.release()
        if connection.state != "idle" or len(held.idle) >= MOST_IDLE:
            connection.close()
        else:
            held.idle.append(connection)

    def close(self) -> None:
        """Close every connection; a call that is under way ends as if its server had closed."""
        self._closed = True
        for connection in tuple(self._open):
            connection.connection_lost(None)
        self._origins.clear()

    async def _opened(self, origin: Origin) -> Connection:
        started = self.loop.time()
        context = await tls_context() if origin.tls else None
        async with asyncio.timeout(CONNECT_S):
            # asyncio's own race of addresses leaves a socket open where it is cancelled as it connects.
            sock = await start_connection(await self._addresses(origin), happy_eyeballs_delay=_HAPPY_EYEBALLS_S)
            try:
                _, connection = await self.loop.create_connection(
                    lambda: Connection(self._error_body_s),
                    sock=sock,
                    ssl=context,
                    server_hostname=origin.host if origin.tls else None,
                )
            except BaseException:
                sock.close()
                raise
        if connection.state != "idle":
            message = "the server closed the connection as soon as it stood"
            raise ConnectionResetError(message)
        connection.connect_s = self.loop.time() - started
        connection.on_close = self._forget
        self._open.add(connection)
        return connection

    async def _addresses(self, origin: Origin) -> Sequence[tuple[Any, ...]]:
        for family in (socket.AF_INET, socket.AF_INET6):
            with suppress(OSError):  # a name, not an address
                socket.inet_pton(family, origin.host)
                return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (origin.host, origin.port))]
        return await self.loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        for held in self._origins.values():
            if connection in held.idle:
                held.idle.remove(connection)


async def tls_context() -> ssl.SSLContext:
    """Return the TLS settings of this process, made in a thread by the first call."""
    if _made.cache_info().currsize:
        return _made()
    return await asyncio.to_thread(_made)  # reading a hundred certificates takes 20 ms


@cache
def _made() -> ssl.SSLContext:
    """Return the TLS settings: certificates of the operating system and certifi, or those that SSL_CERT_FILE names.

    certifi's are what the libraries around us trust, and all there is in a small container.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not _names_certificates(os.environ):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _names_certificates(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("SSL_CERT_FILE") or environment.get("SSL_CERT_DIR"))


__all__ = ["CONNECT_S", "ConnectionPool", "Origin", "tls_context"]
