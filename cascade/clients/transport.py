"""Transport: our own connections to providers, under whatever library translates for them.

What it promises, whoever calls it:

- one request a try: a library that sends a second one by itself is refused;
- no redirect is followed, so prompt and key go nowhere else;
- identity encoding is asked for; a compressed body that comes anyway is unpacked under the same cap;
- a body ends at 8 MiB, read or unpacked;
- no proxy and no .netrc from the environment, unless asked for;
- status, headers, bytes and phase are written down (`Wire`), so that nobody has to guess them from an exception.

aiohttp does the work (five times cheaper than httpx at concurrency); the libraries see an `httpx.AsyncClient`.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
from yarl import URL

from cascade.clients.wire import WIRE, Wire
from cascade.failure import FailureKind

MOST_BYTES = 8 << 20
"""The longest body that is read, sent or unpacked."""

MOST_ERROR_BYTES = 64 << 10
"""The longest body of an error that is read; what is beyond tells nobody anything."""

CONNECT_S = 10.0
"""Seconds in which a connection must stand."""

_CHUNK = 64 << 10
_COMPRESSED = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""zlib's window bits by content encoding."""


class WireError(httpx.TransportError):
    """A try failed on the wire; the `Wire` says how. No kind of error that a library repeats a request for."""


class Transport(httpx.AsyncBaseTransport):
    """Connections of one event loop, opened by the first request.

    Args:
        trust_env: whether proxies and .netrc are taken from the environment.
    """

    def __init__(self, *, trust_env: bool = False) -> None:
        self._trust_env = trust_env
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._trace = aiohttp.TraceConfig()
        self._trace.on_request_headers_sent.append(_sent)
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
                await self._exchange(request, wire)
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
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(self, request: httpx.Request, wire: Wire) -> None:
        session = self._session
        if session is None or self._loop is not asyncio.get_running_loop():
            session = self._opened()
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
            await _read(answer, wire)

    def _opened(self) -> aiohttp.ClientSession:
        self._loop = asyncio.get_running_loop()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=httpx.create_ssl_context(trust_env=True)),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=self._trust_env,
            trace_configs=[self._trace],
        )
        return self._session


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


async def _read(answer: aiohttp.ClientResponse, wire: Wire) -> None:
    """Read a body up to the cap; of an error, as much as tells what it is."""
    failed = answer.status >= 400
    most = MOST_ERROR_BYTES if failed else MOST_BYTES
    encoding = wire.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in _COMPRESSED and encoding != "identity":
        return _refuse(answer, wire, FailureKind.BAD_BODY, f"The body is compressed as {encoding[:20]!r}, unasked")
    if not failed and wire.expected is not None and wire.expected > most:
        return _refuse(answer, wire, FailureKind.TOO_BIG, f"A body of {wire.expected:,} bytes was announced")
    parts: list[bytes] = []
    length = 0
    try:
        async for part in _unpacked(answer, wire, encoding, most):
            parts.append(part)
            length += len(part)
            if length > most:
                if failed:
                    answer.close()
                    break
                return _refuse(answer, wire, FailureKind.TOO_BIG, f"The body is longer than {most:,} bytes")
    except zlib.error as error:
        return _refuse(answer, wire, FailureKind.BAD_BODY, f"The body cannot be unpacked ({error})")
    except (aiohttp.ClientError, OSError):
        if not failed:
            raise
        # The status has said it all; how an error's body ends changes nothing.
    wire.body = b"".join(parts)
    return None


async def _unpacked(answer: aiohttp.ClientResponse, wire: Wire, encoding: str, most: int) -> AsyncIterator[bytes]:
    inflate = zlib.decompressobj(_COMPRESSED[encoding]) if encoding in _COMPRESSED else None
    async for part in answer.content.iter_chunked(_CHUNK):
        wire.phase = "body"
        wire.got += len(part)
        if inflate is None:
            yield part
            continue
        rest = part
        while rest:
            yield inflate.decompress(rest, _CHUNK)
            rest = inflate.unconsumed_tail
            await asyncio.sleep(0)  # a bomb is unpacked beside the other requests, not before them
        if wire.got > most:
            return
    if inflate is not None and not inflate.eof:
        message = "it ends early"
        raise zlib.error(message)


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
