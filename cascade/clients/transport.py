"""Transport: our own connections to providers, under whatever library translates for them.

What it promises to every library above it:

- one request a try: a library that sends a second one by itself is refused;
- no redirect is followed, so prompt and key go nowhere else;
- identity encoding is asked for; a compressed body that comes anyway is unpacked under the same cap;
- a body ends at 8 MiB, read or unpacked;
- no proxy and no .netrc from the environment, unless asked for;
- a byte that no request awaits closes its connection (`one_answer.py`), so that no answer serves another request;
- a kept connection that closes before the first byte of an answer is replaced by a fresh one, once;
- the body of an error is waited for 2 seconds;
- status, headers, bytes and phase are written down (`Wire`), so that nothing is guessed from an exception.

aiohttp does the work (five times cheaper than httpx at concurrency); the libraries see an `httpx.AsyncClient`.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
from yarl import URL

from cascade.clients.body import hold_to_bounds, unpack
from cascade.clients.connection import ERROR_BODY_S, MOST_BYTES, MOST_ERROR_BYTES, UNREAD_S
from cascade.clients.one_answer import Connector
from cascade.clients.pool import CONNECT_S
from cascade.clients.wire import WIRE, Wire, may_resend
from cascade.failure import FailureKind

_CHUNK = 64 << 10


class WireError(httpx.TransportError):
    """A try failed on the wire; the `Wire` says how. No kind of error that a library repeats a request for."""


class Transport(httpx.AsyncBaseTransport):
    """Connections of one event loop, opened by the first request.

    Args:
        trust_env: whether proxies and .netrc are taken from the environment.
        error_body_s: seconds for which the body of an error is waited for.
    """

    def __init__(self, *, trust_env: bool = False, error_body_s: float = ERROR_BODY_S) -> None:
        self._trust_env = trust_env
        self._error_body_s = error_body_s
        self._session: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connect_s: dict[bytes, float] = {}  # by host: seconds that the last connection took to open
        self._trace = aiohttp.TraceConfig()
        self._trace.on_request_headers_sent.append(_sent)
        self._trace.on_connection_create_start.append(_connecting)
        self._trace.on_connection_create_end.append(_connected)
        self.client: httpx.AsyncClient = _Shell(self)
        """What a library is given to send with."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return the answer, its body read.

        Raises:
            WireError: no usable answer came.
        """
        wire = WIRE.get() or Wire(ends_at=asyncio.get_running_loop().time() + 60.0)
        if wire.phase is not None:
            message = "A second request within one try was refused: repeating is the cascade's own business."
            raise WireError(message, request=request)
        wire.phase = "connect"
        try:
            async with asyncio.timeout_at(wire.ends_at):
                await self._exchange_once_or_twice(request, wire)
                await unpack(wire)
                await hold_to_bounds(wire)
        except TimeoutError as error:
            _note(wire, FailureKind.CONNECT if wire.phase == "connect" else FailureKind.TIMEOUT, "No answer in time")
            raise WireError(wire.trouble, request=request) from error
        except aiohttp.ClientPayloadError as error:
            _note(wire, FailureKind.BAD_BODY, f"The body broke off ({error})")
            raise WireError(wire.trouble, request=request) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            connecting = wire.phase == "connect"
            _note(wire, FailureKind.CONNECT if connecting else FailureKind.DROPPED, f"{type(error).__name__}: {error}")
            raise WireError(wire.trouble, request=request) from error
        if wire.fault is not None:
            raise WireError(wire.trouble, request=request)
        wire.phase = "done"
        headers = [(name, value) for name, value in wire.headers.items() if name not in _FOR_THE_WIRE]
        return httpx.Response(wire.status or 0, headers=headers, content=wire.body, request=request)

    async def aclose(self) -> None:
        """Close every connection."""
        for session in (self._session, self._fresh):
            if session is not None:
                await session.close()
        self._session = self._fresh = None

    async def _exchange_once_or_twice(self, request: httpx.Request, wire: Wire) -> None:
        if self._session is None or self._fresh is None or self._loop is not asyncio.get_running_loop():
            self._loop = asyncio.get_running_loop()
            self._session, self._fresh = self._opened(), self._opened(force_close=True)
        wire.asked = hash(request.content)
        try:
            await self._exchange(self._fresh if wire.replaced else self._session, request, wire)
            if wire.connect_s > 0:
                self._connect_s[request.url.netloc] = wire.connect_s
        except (aiohttp.ClientError, OSError):
            if not wire.kept or wire.began:
                raise
            sent_at, window_s = wire.sent_at, max(UNREAD_S, 2.0 * self._connect_s.get(request.url.netloc, 0.0))
            read = sent_at is not None and self._loop.time() - sent_at > window_s
            if read and not may_resend():
                raise
            wire.resent = read
            wire.phase, wire.sent_at, wire.replaced = "connect", None, True
            await self._exchange(self._fresh, request, wire)

    async def _exchange(self, session: aiohttp.ClientSession, request: httpx.Request, wire: Wire) -> None:
        headers = {name: value for name, value in request.headers.items() if name not in _FOR_THE_WIRE}
        headers["accept-encoding"] = "identity"
        async with session.request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=headers,
            data=request.content or None,
            allow_redirects=False,
            trace_request_ctx=wire,
        ) as answer:
            wire.phase, wire.status, wire.expected = "headers", answer.status, answer.content_length
            wire.headers = {name.lower(): value for name, value in answer.headers.items()}
            if 300 <= answer.status < 400:
                host = URL(answer.headers.get("location", "")).host or "another path of the same host"
                wire.fault, wire.trouble = FailureKind.MISBEHAVED, f"A redirect to {host} was not followed."
                answer.close()
                return
            await _read(answer, wire, self._error_body_s)

    def _opened(self, *, force_close: bool = False) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=Connector(ssl=self._tls, force_close=force_close),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=self._trust_env,
            trace_configs=[self._trace],
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context(trust_env=True)


class _Shell(httpx.AsyncClient):
    """The face of a transport: what libraries expect, without redirects, cookies and authentication of its own."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport=transport, trust_env=False, follow_redirects=False)
        self._own = transport

    async def aclose(self) -> None:
        """Do nothing: the connections are the transport's, and a library's cache may not close them."""

    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        """Send; whatever a library wants beside that (redirects, authentication, a stream) it does not get."""
        response = await self._own.handle_async_request(request)
        response.elapsed = timedelta()
        return response


_FOR_THE_WIRE = frozenset(
    {"accept-encoding", "connection", "content-encoding", "content-length", "host", "transfer-encoding"}
)
"""Headers that concern one connection; each side of ours makes its own."""


async def _sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    context.trace_request_ctx.phase = "sent"
    context.trace_request_ctx.sent_at = asyncio.get_running_loop().time()


async def _connecting(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    context.trace_request_ctx.connect_s = -asyncio.get_running_loop().time()


async def _connected(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    context.trace_request_ctx.connect_s += asyncio.get_running_loop().time()


async def _read(answer: aiohttp.ClientResponse, wire: Wire, error_body_s: float) -> None:
    """Read a body up to the cap; of an error, as much as tells what it is, and for a short time only."""
    failed = answer.status >= 400
    most = MOST_ERROR_BYTES if failed else MOST_BYTES
    if not failed and wire.expected is not None and wire.expected > most:
        return _refuse(answer, wire, FailureKind.TOO_BIG, f"A body of {wire.expected:,} bytes was announced")
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(error_body_s if failed else None):
            async for part in answer.content.iter_chunked(_CHUNK):
                wire.phase = "body"
                wire.got += len(part)
                parts.append(part)
                if wire.got > most:
                    if failed:
                        answer.close()
                        break
                    return _refuse(answer, wire, FailureKind.TOO_BIG, f"The body is longer than {most:,} bytes")
    except (aiohttp.ClientError, OSError):  # a TimeoutError among them
        answer.close()
        if not failed:
            raise
        # The status has said it all; how an error's body ends changes nothing.
    wire.body = b"".join(parts)
    return None


def _refuse(answer: aiohttp.ClientResponse, wire: Wire, kind: FailureKind, why: str) -> None:
    answer.close()
    if answer.status < 400:  # the status of an error says more than its body
        wire.fault, wire.trouble = kind, f"{why}: it was not read."


def _note(wire: Wire, kind: FailureKind, why: str) -> None:
    """Note what broke, unless the status that came says more."""
    if wire.status is None or wire.status < 400:
        wire.fault = kind
    wire.trouble = f"{why}; the try got as far as: {wire.phase}."


__all__ = ["MOST_BYTES", "Transport", "WireError"]
