"""Chat span of one model call, with a child span for each failed try."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, StatusCode

from cascade.clients import Client
from cascade.exchange import ModelCall, Response, text_of
from cascade.failure import CallFailure, FailureKind
from cascade.redaction import redacted
from cascade.telemetry import names
from cascade.telemetry.spanned import Spanned

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


class Chat(Spanned):
    """The span of one call."""

    def __init__(
        self, tracer: Tracer, call: ModelCall, *, content: bool, left_s: Callable[[], float | None] = lambda: None
    ) -> None:
        provider, model = names.provider_and_model(call.model)
        asked = _asked(call, provider, model)
        super().__init__(tracer, tracer.start_span(f"{names.CHAT} {model}", kind=SpanKind.CLIENT, attributes=asked))
        self._content, self._left_s, self._asked = content, left_s, False
        if content:
            self.span.set_attribute(names.INPUT_MESSAGES, _messages(call.messages))

    def watching(self, client: Client) -> Client:
        """Wrap the client to trace its tries."""

        def asking() -> None:
            self._asked = True

        return _Watched(client, self._tracer, asking, self.broken_off)

    def end(self) -> None:
        """End the span; where no client was asked (budget, breaker, deadline), drop it: unended, it is not recorded."""
        if self._asked:
            super().end()

    def broken_off(self) -> str:
        """Return the `error.type` of a call that was cancelled: the request's deadline, or its caller."""
        left_s = self._left_s()
        return FailureKind.DEADLINE.value if left_s is not None and left_s <= 0 else "cancelled"

    def answered(self, reply: Response | CallFailure) -> None:
        """Record the response or the failure."""
        put = self.span.set_attribute
        put(names.TRIES, reply.tries)
        put(names.COST, reply.cost_usd or 0.0)
        usage = reply.usage
        counts = (
            (names.INPUT_TOKENS, usage.input_tokens), (names.OUTPUT_TOKENS, usage.output_tokens),
            (names.CACHED_TOKENS, usage.cached_tokens), (names.REASONING_TOKENS, usage.reasoning_tokens),
        )  # fmt: skip
        for name, tokens in counts:
            if tokens or (isinstance(reply, Response) and name in (names.INPUT_TOKENS, names.OUTPUT_TOKENS)):
                put(name, tokens)
        if isinstance(reply, CallFailure):
            self.fail(reply.kind.value)
            if reply.status is not None:
                put(names.HTTP_STATUS, reply.status)
            return
        if reply.model_reported is not None:
            put(names.RESPONSE_MODEL, reply.model_reported)
        put(names.FINISH_REASONS, (reply.finish_reason or "unknown",))
        if reply.endpoint:
            put(names.ENDPOINT, reply.endpoint)
        if self._content:
            parts = [{"type": "text", "content": reply.text}] if reply.text else []
            said = {"role": "assistant", "parts": parts, "finish_reason": reply.finish_reason or "unknown"}
            put(names.OUTPUT_MESSAGES, redacted(json.dumps([said], ensure_ascii=False)))


class _Watched(Client):
    """Client wrapper that records each failed try as a span."""

    def __init__(
        self, client: Client, tracer: Tracer, asking: Callable[[], None], broken_off: Callable[[], str]
    ) -> None:
        self._client, self._tracer, self._tries = client, tracer, 0
        self._asking, self._broken_off = asking, broken_off

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Call the client; only a failed try gets its own span."""
        began, number = time.time_ns(), self._tries
        self._tries += 1
        self._asking()
        reply: Response | CallFailure | None = None
        try:
            reply = await self._client.ask(call)
        finally:
            if not isinstance(reply, Response):
                attributes = {names.RESEND: number, names.RUNG: call.rung, **_place(call)}
                span = self._tracer.start_span(f"try {number + 1}", start_time=began, attributes=attributes)
                # Only the kind: a provider's message may quote the request.
                kind = self._broken_off() if reply is None else reply.kind.value
                span.set_attribute(names.ERROR, kind)
                if reply is not None and reply.status is not None:
                    span.set_attribute(names.HTTP_STATUS, reply.status)
                span.set_status(StatusCode.ERROR, kind)
                span.end()
        return reply

    async def warm_up(self) -> None:
        """Warm up the client."""
        await self._client.warm_up()

    async def aclose(self) -> None:
        """Do nothing: the wrapped client outlives the call."""


def _asked(call: ModelCall, provider: str, model: str) -> dict[str, Any]:
    about: dict[str, Any] = {
        names.OPERATION: names.CHAT,
        names.PROVIDER: provider,
        names.REQUEST_MODEL: model,
        names.KIND: names.LLM,
        names.RUNG: call.rung,
        **_place(call),
    }
    if call.verifier is not None:
        about[names.VERIFIER] = call.verifier
    for parameter, name in names.PARAMETERS.items():
        value = call.params.get(parameter)
        if isinstance(value, int | float) and not isinstance(value, bool):
            about[name] = value
    return about


def _place(call: ModelCall) -> dict[str, Any]:
    place: dict[str, Any] = {names.ENDPOINT: call.endpoint} if call.endpoint else {}
    if call.api_base is None:
        return place
    try:
        address = urlsplit(call.api_base)
        host, port = address.hostname, address.port
    except ValueError:
        return place
    # Nothing else of the address: it may contain users, keys and paths.
    return place | ({names.SERVER: host} if host else {}) | ({names.PORT: port} if port else {})


def _messages(messages: tuple[Mapping[str, Any], ...]) -> str:
    said = [
        {
            "role": str(message.get("role", "user")),
            "parts": [{"type": "text", "content": text_of(message.get("content"))}],
        }
        for message in messages
    ]
    return redacted(json.dumps(said, ensure_ascii=False))
