"""Batch line: one call as a line of a provider batch, and what came back for it as a reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.clients.classify_failure import classify_wire
from cascade.clients.parameters import refuse_forbidden, with_meaning
from cascade.clients.provider_batches import ENDPOINT, chat_provider
from cascade.clients.wire import Wire
from cascade.dialects.chat import read_body, write_body
from cascade.dialects.error_body import holds_error
from cascade.dialects.history import for_receiver
from cascade.errors import ConfigError
from cascade.exchange import EMPTY, ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.fast_replace import fast_replace
from cascade.usage import Price

EXPIRED = "the batch ended before this line was answered"


def batch_line(call: ModelCall, identity: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the line of a call, as the direct client would send it, and flags for what it is sent without.

    Args:
        call: what is asked.
        identity: the line's `custom_id`.

    Raises:
        ConfigError: it cannot go as a batch, or needs headers of its own.
    """
    refuse_forbidden(call)
    provider, model = chat_provider(call)
    if call.params.get("extra_headers"):
        message = f"Rung {call.rung}: its params have extra_headers; a line of a batch has none. Leave them out."
        raise ConfigError(message)
    wishes = dict(call.wishes)
    if provider.wished(model):
        wishes = with_meaning(wishes, call)
    else:
        wishes = {name: value for name, value in wishes.items() if name not in {"logprobs", "top_logprobs"}}
    messages, dropped = for_receiver(call)
    body = write_body(messages, model=model, params=provider.params({**wishes, **call.params}, model))
    return {"custom_id": identity, "method": "POST", "url": ENDPOINT, "body": body}, dropped


def batch_reply(
    line: Mapping[str, Any] | None, call: ModelCall, price: Price, flags: tuple[str, ...] = ()
) -> Response | CallFailure:
    """Return the reply that a line of a batch's output is.

    Args:
        line: of the output or error file; None: there was none, since the batch expired or was cancelled.
        call: what was asked.
        price: what the model costs in a batch.
        flags: of the response besides its own.
    """
    response = EMPTY if line is None else line.get("response") or EMPTY
    error = None if line is None else line.get("error")
    status, body = (
        (response.get("status_code"), response.get("body")) if isinstance(response, Mapping) else (None, None)
    )
    if line is None or _expired(error):
        return CallFailure(kind=FailureKind.TIMEOUT, message=EXPIRED, charged=False)
    if body is None or isinstance(error, Mapping) or type(status) is not int or status >= 300:
        return _failure(status if type(status) is int else 500, body if isinstance(body, Mapping) else line)
    reply = _failure(status, body) if holds_error(body) else read_body(body, call=call, price=price)
    if isinstance(reply, CallFailure):
        return reply
    return fast_replace(reply, flags=(*reply.flags, *flags), status=status)


def _expired(error: Any) -> bool:
    return isinstance(error, Mapping) and error.get("code") in {"batch_expired", "batch_cancelled"}


def _failure(status: int, body: Mapping[str, Any]) -> CallFailure:
    from json import dumps

    wire = Wire(ends_at=0.0, phase="body", status=status if status >= 300 else 500, body=dumps(body).encode())
    return fast_replace(classify_wire(wire), charged=False)
