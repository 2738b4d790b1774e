"""Transports for a client's own HTTP library (httpx or httpx2): the cascade answers, or the original HTTP client does.

So the client library itself parses and types the answer, and none of its methods is copied.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any

from cascade.dialects.inbound.extension import FIELD
from cascade.drop_in.exchange import Exchanges, Original, Step, Steps
from cascade.drop_in.live import LiveReply
from cascade.drop_in.wire import Reply, Sent
from cascade.errors import ConfigError

HTTP_LIBRARIES = ("httpx", "httpx2")

_RETRY = "x-stainless-retry-count"
"""Header in which client libraries count how often they have sent a request before."""

_ended: ContextVar[BaseException | None] = ContextVar("ended", default=None)
"""The error with which the cascade ended the request that its client sent last; None: with no error of ours."""


def http_library(client: Any) -> ModuleType:
    """Return the HTTP library of a client library's client.

    Raises:
        ConfigError: it is none that we know.
    """
    for kind in type(client).__mro__:
        root = kind.__module__.partition(".")[0]
        if root in HTTP_LIBRARIES and kind.__name__ in {"Client", "AsyncClient"}:
            return import_module(root)
    raise ConfigError(
        f"The client's HTTP client is a {type(client).__module__}.{type(client).__qualname__}; one of "
        f"{' or '.join(HTTP_LIBRARIES)} was expected: leave out `http_client`, or give one of these."
    )


def http_client(client: Any, exchanges: Exchanges, *, is_async: bool) -> Any:
    """Return an HTTP client for a client of a library, by which the cascade answers.

    Args:
        client: the library's client, whose own HTTP client answers everything else.
        exchanges: what answers.
        is_async: whether it is an async client.
    """
    http = http_library(client._client)  # noqa: SLF001 - no client library tells it otherwise
    sync_kind, async_kind = _kinds(http)
    if is_async:
        return http.AsyncClient(transport=async_kind(client, exchanges), trust_env=False)
    return http.Client(transport=sync_kind(client, exchanges), trust_env=False)


@cache
def _streams(http: ModuleType) -> tuple[type, type]:
    """Return the streams of responses that are passed on as they come, for an HTTP library."""

    class LiveStream(http.SyncByteStream):  # type: ignore[name-defined,misc]
        def __init__(self, live: LiveReply) -> None:
            self._live = live

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._live)

        def close(self) -> None:
            self._live.close()

    class AsyncLiveStream(http.AsyncByteStream):  # type: ignore[name-defined,misc]
        def __init__(self, live: LiveReply) -> None:
            self._live = live

        def __aiter__(self) -> AsyncIterator[bytes]:
            return aiter(self._live)

        async def aclose(self) -> None:
            self._live.close()

    return LiveStream, AsyncLiveStream


@cache
def _kinds(http: ModuleType) -> tuple[type, type]:
    """Return the two transports for an HTTP library, whose own base classes they need."""

    class CascadeTransport(http.BaseTransport):  # type: ignore[name-defined,misc]
        def __init__(self, client: Any, exchanges: Exchanges) -> None:
            self._client, self._exchanges = client, exchanges

        def handle_request(self, request: Any) -> Any:
            original = self._client._client  # noqa: SLF001 - as above
            if not self._exchanges.answers(request.method, request.url.path):
                return original.send(request, stream=True)
            if (early := _again(request)) is not None:
                raise early
            request.read()
            asked = Original(
                send=Step(run=partial(_send, http, original, request), arun=_never),
                read=lambda response: Step(run=response.read, arun=_never),
            )
            answer = _drive(self._exchanges.answer(_sent(request), asked, again=_is_retry(request)))
            return _made(http, self._client, request, answer, lambda events: events)

        def close(self) -> None:
            self._client._client.close()  # noqa: SLF001 - as above

    class AsyncCascadeTransport(http.AsyncBaseTransport):  # type: ignore[name-defined,misc]
        def __init__(self, client: Any, exchanges: Exchanges) -> None:
            self._client, self._exchanges = client, exchanges

        async def handle_async_request(self, request: Any) -> Any:
            original = self._client._client  # noqa: SLF001 - as above
            if not self._exchanges.answers(request.method, request.url.path):
                return await original.send(request, stream=True)
            if (early := _again(request)) is not None:
                raise early
            await request.aread()
            asked = Original(
                send=Step(run=_never, arun=partial(_send, http, original, request)),
                read=lambda response: Step(run=_never, arun=response.aread),
            )
            answer = await _adrive(self._exchanges.answer(_sent(request), asked, again=_is_retry(request)))
            return _made(http, self._client, request, answer, _aiter)

        async def aclose(self) -> None:
            await self._client._client.aclose()  # noqa: SLF001 - as above

    return CascadeTransport, AsyncCascadeTransport


def _is_retry(request: Any) -> bool:
    """Tell whether the library sends a request again: only what its own model was asked can have failed so."""
    return request.headers.get(_RETRY, "0") not in {"", "0"}


def _again(request: Any) -> BaseException | None:
    """Return the error with which the cascade has ended the request already, where the library sends it again."""
    if _is_retry(request):
        return _ended.get()
    _ended.set(None)
    return None


def _sent(request: Any) -> Sent:
    timeout = request.extensions.get("timeout") or {}
    return Sent(path=request.url.path, body=request.content, timeout_s=timeout.get("read"))


def _send(http: ModuleType, original: Any, request: Any) -> Any:
    """Send a request by the original HTTP client (an awaitable where that is async), without our own field."""
    plain = _sent(request).without(FIELD) if FIELD.encode() in request.content else None
    if plain is not None:
        told = [(name, value) for name, value in request.headers.multi_items() if name.lower() != "content-length"]
        request = http.Request(request.method, request.url, headers=told, content=plain, extensions=request.extensions)
    return original.send(request, stream=True)


async def _never() -> Any:
    raise NotImplementedError


def _drive(steps: Steps) -> Any:
    try:
        step = next(steps)
        while True:
            try:
                came = step.run()
            except BaseException as error:  # noqa: BLE001 - the generator decides
                step = steps.throw(error)
            else:
                step = steps.send(came)
    except StopIteration as stop:
        return stop.value


async def _adrive(steps: Steps) -> Any:
    try:
        step = next(steps)
        while True:
            try:
                came = await step.arun()
            except BaseException as error:  # noqa: BLE001 - the generator decides
                step = steps.throw(error)
            else:
                step = steps.send(came)
    except StopIteration as stop:
        return stop.value


async def _aiter(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


def _made(http: ModuleType, client: Any, request: Any, answer: Any, stream: Any) -> Any:
    """Return an answer as a response of the HTTP library; raise an error of ours as the client library's own."""
    if not isinstance(answer, Reply):
        return answer
    if answer.live is not None:
        kind = _streams(http)[stream is _aiter]
        return http.Response(answer.status, headers=dict(answer.headers), stream=kind(answer.live), request=request)
    content = answer.body if answer.events is None else stream(answer.events)
    response = http.Response(answer.status, headers=dict(answer.headers), content=content, request=request)
    if answer.error is None:
        return response
    library = import_module(_root(client))
    error = (
        library.APITimeoutError(request=request)
        if answer.timeout
        else client._make_status_error_from_response(response)  # noqa: SLF001 - as above
    )
    error.__cause__ = answer.error
    _ended.set(error)
    raise error


def _root(client: Any) -> str:
    roots = (kind.__module__.partition(".")[0] for kind in type(client).__mro__)
    return next(root for root in roots if root in {"openai", "anthropic"})
