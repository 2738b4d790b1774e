"""Gateway server: uvicorn on h11, with refusals as JSON, a limit on how long a request may arrive, and a drain."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import h11
from uvicorn import Config, Server

from cascade.dialects.inbound.server_sent_events import dumps
from cascade.serve.gateway.request_body import BODY_S
from cascade.serve.server import HEADER_S, Impatient

if TYPE_CHECKING:
    from starlette.types import ASGIApp

MOST_CONNECTIONS = 8192
"""Connection limit; a new connection evicts the one that has waited longest without a complete request."""

KEEP_ALIVE_S = 75.0
"""Keep-alive timeout in seconds: longer than that of clients and balancers, so that they close first."""


class Arriving(Impatient):
    """HTTP connection whose refusals are JSON; headers have `header_s` to arrive, the body `BODY_S` from there."""

    most_connections = MOST_CONNECTIONS
    _body_of: Any = None

    def data_received(self, data: bytes) -> None:
        """Give a body more time than its headers."""
        super().data_received(data)
        cycle = self.cycle
        if self._arriving is None or cycle is None or cycle is self._body_of:
            return
        if cycle.more_body and not cycle.response_complete:
            self._body_of = cycle
            self._await_request(BODY_S + self.header_s)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, as h11 says why."""
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        hint = hint if hint < 500 else 400  # 501 of an unknown transfer coding is the client's mistake too
        self._refuse(hint, f"The request is no valid HTTP ({error or msg}).")

    def give_up(self) -> None:
        """Close a connection whose request did not arrive in time; say so where nothing was said yet."""
        begun = self.conn.their_state is not h11.IDLE or bool(self.conn.trailing_data[0])
        in_headers = self.cycle is None or self.cycle.response_complete
        if begun and in_headers and self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._stop_clock()
            self._refuse(408, f"The request's headers did not arrive within {self.header_s:g} s.")
            return
        super().give_up()

    def _refuse(self, status: int, message: str) -> None:
        told = {"message": message, "type": "invalid_request_error", "param": None, "code": "bad_http"}
        body = dumps({"type": "error", "error": told}).encode()  # the form of OpenAI and of Anthropic: no path is known
        headers = [
            ("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close"),
            ("x-should-retry", "false"),
        ]  # fmt: skip
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE} and not self.transport.is_closing():
            events = (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage())
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class GatewayServer(Server):
    """Server that drains at SIGTERM: its socket stays open, so that balancers see `/readyz` fail, until all is done."""

    def __init__(self, config: Config, drain: Callable[[], Awaitable[object]]) -> None:
        """Take uvicorn's configuration, and what waits until nothing runs any more."""
        super().__init__(config)
        self.interrupted = False
        """Whether it was ended by Ctrl+C."""
        self.on_started: Callable[[], object] = lambda: None
        """Called once it serves."""
        self.parent: int | None = None
        """The process without which it ends; None: there is none."""
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None
        self._serving: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop, for signals; tell that it serves, once signals are handled."""
        self._serving = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        self.on_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal, end at the second; unlike uvicorn's, it is not raised again once all is done."""
        del frame
        self.interrupted = self.interrupted or sig == signal.SIGINT
        if self._draining is not None or self._serving is None:
            self.should_exit = self.force_exit = True
            return
        self._serving.call_soon_threadsafe(self.end)

    async def on_tick(self, counter: int) -> bool:
        """Begin to drain once the process that started this one is gone."""
        if self.parent is not None and os.getppid() != self.parent:
            self.end()
        return await super().on_tick(counter)

    def end(self) -> None:
        """Begin to drain; called on the server's loop."""
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


def gateway_server(
    app: ASGIApp, drain: Callable[[], Awaitable[object]], *, header_s: float = HEADER_S
) -> GatewayServer:
    """Build a server that is ready to run on a bound socket.

    Args:
        app: the application to serve.
        drain: waits until nothing runs any more.
        header_s: seconds within which a request's headers have to arrive.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns of every broken request
    options: dict[str, Any] = {
        "http": type("Arriving", (Arriving,), {"header_s": header_s}), "ws": "none", "lifespan": "off",
        "loop": "asyncio", "timeout_keep_alive": KEEP_ALIVE_S, "timeout_graceful_shutdown": 3, "backlog": 2048,
        "access_log": False, "log_config": None, "server_header": False, "proxy_headers": False,
        "h11_max_incomplete_event_size": 65_536,
    }  # fmt: skip
    return GatewayServer(Config(app, **options), drain)
