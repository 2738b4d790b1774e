"""DirectClient: calls go straight to providers that speak Chat Completions, over our own connections, one try each."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import h11

from cascade.clients import Client
from cascade.clients.answered import AnsweredIds
from cascade.clients.body import parsed_body, unpack
from cascade.clients.classify_failure import classify_wire, stray_answer
from cascade.clients.connection import ERROR_BODY_S
from cascade.clients.live_reader import LiveReader
from cascade.clients.live_stream import LIVE, LiveStream, went_out
from cascade.clients.parameters import RefusedWishes, refuse_forbidden, with_meaning
from cascade.clients.pool import ConnectionPool, Origin, tls_context
from cascade.clients.providers import Provider, provider_of
from cascade.clients.wire import Wire, may_resend, wire_of
from cascade.dialects.chat import read_body, write_body
from cascade.dialects.error_body import holds_error
from cascade.dialects.error_wordings import ErrorWording
from cascade.dialects.history import for_receiver
from cascade.dialects.shape import ShapeLimits
from cascade.dialects.streamed import STREAMED
from cascade.errors import ConfigError
from cascade.exchange import RESENT, ModelCall, Response, TokenLogProb
from cascade.extras import DISTRIBUTION
from cascade.failure import CallFailure, FailureKind
from cascade.fast_replace import fast_replace
from cascade.loggers import guard_foreign
from cascade.prices import PriceBook

_RESERVED = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "te"})
"""Headers that concern the connection, and so are ours to write."""


class DirectClient(Client):
    """The client for providers of the table; needs neither litellm nor the openai package.

    A kept connection that closes before the first byte of an answer is no failure of the provider: the call is sent
    once more on a fresh one, outside tries and breakers. Where the first one may have been read after all, the reply
    says so: `resent` among a response's flags, `charged` on a failure.

    Where the answer of a call is passed on as it comes (`live_stream.py`), it is asked for as a stream. A server that
    refuses that, or answers with a whole body, is read as ever.

    Args:
        prices: where prices come from; default: `PriceBook()`.
        error_body_s: seconds for which the body of an error is waited for.
        wordings: rows that go before the table of error wordings.
    """

    def __init__(
        self,
        *,
        prices: PriceBook | None = None,
        error_body_s: float = ERROR_BODY_S,
        wordings: Sequence[ErrorWording] = (),
    ) -> None:
        guard_foreign()  # asyncio's own logger, and those of libraries that others import beside us
        self._prices = prices or PriceBook()
        self._error_body_s = error_body_s
        self._wordings = tuple(wordings)
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, ConnectionPool] = WeakKeyDictionary()
        self._refused = RefusedWishes()
        self._answered = AnsweredIds()
        self._unstreamed: set[tuple[str, str]] = set()  # addresses and models that refuse to stream

    def check(self, call: ModelCall) -> None:
        """Refuse what could never work: an unknown provider, a missing address, a forbidden parameter, no price."""
        refuse_forbidden(call)
        self._prices.quote(call.model, call.price)
        _place(call)

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Put one call to its model. A model that refuses a wish is asked once more without, and that is remembered."""
        started = time.perf_counter()
        refuse_forbidden(call)
        provider, model, url = _place(call)
        wishes = self._granted(call, provider, model)
        (reply, wire), tries = await self._try(call, provider, model, url, wishes), 1
        if self._refuses_stream(reply, url, model):
            (reply, wire), tries = await self._try(call, provider, model, url, wishes), 2
        if self._refused.learn(call, reply, wishes):
            (reply, wire), tries = await self._try(call, provider, model, url, {}), tries + 1
        changes: dict[str, Any] = {"latency_s": time.perf_counter() - started, "tries": tries}
        if wire is not None and isinstance(reply, Response):
            changes["status"] = wire.status
            if wire.resent:
                changes["flags"] = (*reply.flags, RESENT)
        return fast_replace(reply, **changes)

    async def warm_up(self) -> None:
        """Read the certificates that TLS needs, in a thread."""
        await tls_context()

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None and pool.pid == os.getpid():
            pool.close()

    def _granted(self, call: ModelCall, provider: Provider, model: str) -> dict[str, Any]:
        wished = self._refused.without(call)
        if not wished or not provider.wished(model):
            return {name: value for name, value in wished.items() if name not in {"logprobs", "top_logprobs"}}
        return with_meaning(dict(wished), call)

    async def _try(
        self, call: ModelCall, provider: Provider, model: str, url: str, wishes: Mapping[str, Any]
    ) -> tuple[Response | CallFailure, Wire | None]:
        """Make one try; return what came, and the record of it where anything was sent."""
        key = provider.key_of(call)
        if not key:
            return CallFailure(kind=FailureKind.AUTH, message=_no_key(call, provider), charged=False), None
        params = provider.params({**wishes, **call.params}, model)
        messages, dropped = for_receiver(call)
        body = write_body(messages, model=model, params=params)
        live = None if (url, model) in self._unstreamed else LIVE.get()
        if live is not None:
            body |= STREAMED
        wire = wire_of(call, ends_at=asyncio.get_running_loop().time() + call.timeout_s, limits=ShapeLimits.of(body))
        reader = self._reader(live, wire, url, model)
        parsed: Any = None
        logprobs: tuple[TokenLogProb, ...] | None = None
        try:
            async with asyncio.timeout_at(wire.ends_at):
                await self._exchange(url, _headers(provider, key, params), _encoded(body, call), wire)
                if not wire.streamed:
                    parsed, logprobs = await parsed_body(wire)
        except TimeoutError:
            _note(wire, FailureKind.TIMEOUT, "No answer in time")
        except asyncio.CancelledError:
            if live is not None and reader is not None and live.began:
                left = CallFailure(kind=FailureKind.DEADLINE, message="It was broken off while its answer went out.")
                live.left = self._with_part(left, call, reader)
            raise
        if wire.streamed and reader is not None:
            parsed = reader.end(wire)
        reply = self._read(call, url, wire, key, parsed, logprobs)
        if live is not None and live.began and reader is not None:
            reply = live.finish(reply) if isinstance(reply, Response) else self._with_part(reply, call, reader)
        if dropped and isinstance(reply, Response):
            reply = fast_replace(reply, flags=(*reply.flags, *dropped))
        return reply, wire

    def _reader(self, live: LiveStream | None, wire: Wire, url: str, model: str) -> LiveReader | None:
        if live is None:
            return None
        reader = LiveReader(live, wire, model, is_stray=lambda answer: self._answered.stray(url, answer, wire))
        wire.reader = reader
        return reader

    def _refuses_stream(self, reply: Response | CallFailure, url: str, model: str) -> bool:
        """Tell whether a server refused a call since it asks for a stream, and remember that."""
        asked = LIVE.get() is not None and (url, model) not in self._unstreamed
        if not asked or not isinstance(reply, CallFailure) or reply.kind is not FailureKind.BAD_REQUEST:
            return False
        if "stream" not in reply.message.lower() or went_out():
            return False
        self._unstreamed.add((url, model))
        return True

    def _with_part(self, failure: CallFailure, call: ModelCall, reader: LiveReader) -> CallFailure:
        """Return the failure of an answer of which a part has gone out: that part was made, so it is paid for."""
        price = self._prices.price(call.model, call.price)
        part = read_body(reader.so_far(), call=call, price=price)
        if isinstance(part, CallFailure):
            return fast_replace(failure, charged=True)
        return fast_replace(failure, charged=True, usage=part.usage, cost_usd=part.cost_usd or 0.0)

    def _read(
        self,
        call: ModelCall,
        url: str,
        wire: Wire,
        key: str,
        parsed: Any,
        logprobs: tuple[TokenLogProb, ...] | None,
    ) -> Response | CallFailure:
        if wire.refused:
            return classify_wire(wire, secret=key, wordings=self._wordings)
        if isinstance(wire.reader, LiveReader) and wire.reader.stray:
            return stray_answer(wire, secret=key)
        price = self._prices.price(call.model, call.price)
        reply = read_body(parsed, call=call, price=price, logprobs=logprobs)
        if isinstance(reply, CallFailure) or holds_error(parsed):
            return classify_wire(wire, secret=key, wordings=self._wordings)
        if self._answered.stray(url, parsed.get("id"), wire):
            return stray_answer(wire, secret=key)
        return reply

    async def _exchange(self, url: str, headers: list[tuple[str, str]], body: bytes, wire: Wire) -> None:
        """Send a request, at most once more where a kept connection turns out closed; `wire` says what happened."""
        origin, host, target = _taken_apart(url)
        lines = [("host", host), *headers, ("content-length", str(len(body)))]
        try:
            request = h11.Request(method="POST", target=target, headers=lines)
        except h11.LocalProtocolError as error:
            message = f"The address or a header of {origin.host} cannot be sent: {error}."
            raise ConfigError(message) from None
        wire.asked = hash(body)
        pool = self._pool()
        try:
            if await self._once(pool, origin, request, body, wire, fresh=wire.replaced):
                await self._once(pool, origin, request, body, wire, fresh=True)
            await unpack(wire)
        except TimeoutError:  # of the whole try: it is an OSError too
            raise
        except (OSError, ValueError) as error:
            _note(wire, FailureKind.DROPPED, f"{type(error).__name__}: {error}")

    async def _once(
        self, pool: ConnectionPool, origin: Origin, request: h11.Request, body: bytes, wire: Wire, *, fresh: bool
    ) -> bool:
        """Send a request over one connection; tell whether it is to be sent over a fresh one."""
        connection = await pool.acquire(origin, wire, fresh=fresh)
        try:
            await connection.exchange(request, body, wire)
        finally:
            pool.release(origin, connection)
        kept = connection.uses > 1
        if not kept or connection.began or wire.fault is None:
            return False
        if not connection.unread and not may_resend():
            return False
        wire.fault, wire.trouble, wire.resent, wire.replaced = None, "", not connection.unread, True
        return True

    def _pool(self) -> ConnectionPool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None or pool.pid != os.getpid():  # a child leaves its parent's connections alone
            pool = self._pools[loop] = ConnectionPool(error_body_s=self._error_body_s)
        return pool


def _place(call: ModelCall) -> tuple[Provider, str, str]:
    """Return a call's provider, the model as it is called there, and the address.

    Raises:
        ConfigError: the table knows no such provider, or it has no address.
    """
    found = provider_of(call)
    if found is None:
        message = (
            f"Rung {call.rung}: `client: direct` does not know the provider of {call.model!r}; write openai/… with an "
            "api_base where it speaks OpenAI's Chat Completions, or leave `client` out."
        )
        raise ConfigError(message)
    provider, model = found
    url = provider.url(call)
    if url is None or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        where = f"the address {call.api_base!r} is no http or https URL" if call.api_base else "it has no address"
        variables = f" (or set {' or '.join(provider.bases)})" if provider.bases else ""
        message = f"Rung {call.rung}: {where}; give the rung of {call.model} an `api_base`{variables}."
        raise ConfigError(message)
    return provider, model, url


@lru_cache(256)
def _taken_apart(url: str) -> tuple[Origin, str, str]:
    """Return an address's origin, its Host header and its path with the query."""
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    origin = Origin(host=parts.hostname or "", port=parts.port or (443 if tls else 80), tls=tls)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return origin, parts.netloc.rpartition("@")[2], target


def _no_key(call: ModelCall, provider: Provider) -> str:
    return f"No API key was found for {call.model}; give the rung an `api_key`, or set {' or '.join(provider.keys)}."


def _headers(provider: Provider, key: str, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    own = {
        "accept": "application/json",
        "accept-encoding": "identity",
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "user-agent": _user_agent(),
        **provider.own_headers(),
    }
    extra = params.get("extra_headers")
    if isinstance(extra, Mapping):
        given = {str(name).lower(): str(value) for name, value in extra.items()}
        own |= {name: value for name, value in given.items() if name not in _RESERVED}
    return list(own.items())


def _encoded(body: Mapping[str, Any], call: ModelCall) -> bytes:
    """Return a body as JSON in UTF-8; a lone surrogate, which UTF-8 cannot say, is escaped.

    Raises:
        ConfigError: a parameter is nothing that JSON can say.
    """
    try:
        text = _ENCODER.encode(body)
    except (TypeError, ValueError) as error:
        message = f"Rung {call.rung}: the request cannot be written as JSON ({error}); give parameters as plain values."
        raise ConfigError(message) from None
    return text.encode("utf-8") if text.isascii() else _utf8(body, text)


def _utf8(body: Mapping[str, Any], text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":"), default=_plain).encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    dump = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):
        return dump(exclude_none=True)
    message = f"{type(value).__name__} is no JSON"
    raise TypeError(message)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain, allow_nan=False)


def _user_agent() -> str:
    global _agent  # noqa: PLW0603 - read from the installation once
    if not _agent:
        try:
            _agent = f"{DISTRIBUTION}/{version(DISTRIBUTION)}"
        except PackageNotFoundError:
            _agent = DISTRIBUTION
    return _agent


_agent = ""


def _note(wire: Wire, kind: FailureKind, why: str) -> None:
    """Note what broke, unless the status that came says more."""
    if (wire.status or 0) < 400:
        wire.fault = FailureKind.CONNECT if wire.phase == "connect" else kind
    wire.trouble = f"{why}; the try got as far as: {wire.phase}."


__all__ = ["DirectClient"]
