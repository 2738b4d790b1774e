"""HTTP server: uvicorn with a request timeout and a connection limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cascade.extras import require_extra
from cascade.serve.access import Access, checked_key, is_loopback

require_extra("serve", "uvicorn", use="The dashboard")
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HEADER_S = 10.0
"""Request timeout: seconds for a request's line, headers and body to arrive."""

KEEP_ALIVE_S = 5.0
"""Keep-alive timeout in seconds."""

MOST_CONNECTIONS = 512
"""Connection limit; a new connection evicts the one that has waited longest without a complete request."""


class Impatient(H11Protocol):
    """HTTP connection with a request timeout; it also closes if others need its place.

    uvicorn waits for a first request without limit, so a few hundred idle sockets would block every client.
    """

    header_s = HEADER_S
    """Request timeout in seconds."""

    most_connections = MOST_CONNECTIONS
    """Connection limit."""

    _arriving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the timeout of the first request."""
        super().connection_made(transport)
        waiting = _WAITING.setdefault(id(self.server_state), {})
        if len(self.connections) > self.most_connections and waiting:
            next(iter(waiting)).give_up()
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Stop the timeout when a request is complete, and restart it for the next."""
        if self._arriving is None and (self.cycle is None or self.cycle.response_complete):
            self._await_request()
        super().data_received(data)
        if self.cycle is not None and not self.cycle.more_body:
            self._stop_clock()

    def on_response_complete(self) -> None:
        """Leave an idle connection to uvicorn's keep-alive timeout."""
        self._stop_clock()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeout."""
        self._stop_clock()
        super().connection_lost(exc)

    def give_up(self) -> None:
        """Close the connection without a response: no browser is so slow."""
        self._stop_clock()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.abort()

    def _await_request(self, limit_s: float | None = None) -> None:
        self._stop_clock()
        self._arriving = self.loop.call_later(self.header_s if limit_s is None else limit_s, self.give_up)
        _WAITING.setdefault(id(self.server_state), {})[self] = None

    def _stop_clock(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None
        _WAITING.get(id(self.server_state), {}).pop(self, None)


_WAITING: dict[int, dict[Impatient, None]] = {}
"""Connections with an incomplete request, by server, the longest wait first."""


def make_server(app: ASGIApp, *, host: str, port: int, key: str | None, header_s: float = HEADER_S) -> Server:
    """Build a server that is ready to run.

    Args:
        app: the application to serve.
        host: address to bind.
        port: port to bind.
        key: the access key; None for open access on loopback.
        header_s: request timeout in seconds.

    Raises:
        ConfigError: the host is not loopback, and there is no key.
    """
    guarded = Access(app, key=checked_key(host, key), hosts=_names(host, port))
    protocol = type("Impatient", (Impatient,), {"header_s": header_s})
    options: dict[str, Any] = {
        "host": host, "port": port, "http": protocol, "ws": "none", "lifespan": "off", "loop": "asyncio",
        "timeout_keep_alive": KEEP_ALIVE_S, "timeout_graceful_shutdown": 3, "backlog": 2048, "access_log": False,
        "log_config": None, "server_header": False, "proxy_headers": False, "h11_max_incomplete_event_size": 16_384,
    }  # fmt: skip
    return Server(Config(guarded, **options))


def _names(host: str, port: int) -> set[str]:
    """Return the allowed Host names of a server on loopback."""
    if not is_loopback(host):
        return set()
    own = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    return {f"{name}:{port}" for name in own} | ({*own} if port == 80 else set())
