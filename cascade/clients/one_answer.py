"""OneAnswer: aiohttp's HTTP protocol, made to read one answer a request; aiohttp itself reads on an idle connection.

aiohttp keeps what comes on an idle connection and serves it to the next request, of any principal. Here a byte that no
request awaits closes the connection, as in `connection.py`.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from cascade.clients.connection import is_readable
from cascade.clients.wire import WIRE, Wire


class OneAnswer(ResponseHandler):
    """One connection; aiohttp makes it, gives it to one request at a time and tells it when one begins."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._awaiting = False
        self._uses = self._answers = 0
        self._body: Any = None
        self._wire: Wire | None = None

    def set_response_params(self, **params: Any) -> None:
        """Begin to await an answer: aiohttp calls it before each request."""
        self._wire = WIRE.get()
        if self._wire is not None:
            self._wire.kept, self._wire.began = self._uses > 0, False
        transport = self.transport
        if self._uses and transport is not None and is_readable(transport.get_extra_info("socket")):
            self.abort()  # sending fails then, before anything was sent
        self._awaiting, self._answers, self._body, self._uses = True, 0, None, self._uses + 1
        super().set_response_params(**params)

    def feed_data(self, data: Any, *size: Any) -> None:
        """Count an answer whose head came; interim ones (1xx) are none."""
        message, body = data
        if message.code >= 200:
            self._answers += 1
            self._body = body
        super().feed_data(data, *size)

    def data_received(self, data: bytes) -> None:
        """Read on; where nothing is awaited, close."""
        if not data:  # aiohttp tells itself that it may read on
            super().data_received(data)
            return
        if not self._awaiting:
            self.force_close()
            self.abort()
            return
        if self._wire is not None:
            self._wire.began = True
        super().data_received(data)
        if self._answers > 1:
            self.force_close()
        if self._body is not None and self._body.is_eof():
            self._awaiting = False


class Connector(aiohttp.TCPConnector):
    """aiohttp's pool of connections, of this kind."""

    def __init__(self, *, ssl: ssl.SSLContext, force_close: bool) -> None:
        super().__init__(limit=0, ssl=ssl, force_close=force_close)
        # The only place where aiohttp says which protocol it makes; the tests of sequences notice if it moves.
        self._factory = lambda: OneAnswer(self._loop)  # type: ignore[assignment]


__all__ = ["Connector", "OneAnswer"]
