"""Batch line: one call as a line of a provider batch, and what came back for it as a reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.clients.anthropic_batches import VERSION, AnthropicBatches, is_anthropic, require_sdk, without_forced_tool
from cascade.clients.classify_failure import classify_wire
from cascade.clients.parameters import refuse_forbidden, with_meaning
from cascade.clients.provider_batches import ENDPOINT, ProviderBatches, chat_provider
from cascade.clients.request_writer import RequestWriter
from cascade.clients.wire import Wire
from cascade.dialects.chat import read_body, read_completion, write_body
from cascade.dialects.error_body import holds_error
from cascade.dialects.history import for_receiver
from cascade.dialects.native import as_chat
from cascade.errors import ConfigError
from cascade.exchange import EMPTY, ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.fast_replace import fast_replace
from cascade.usage import Price

EXPIRED = "the batch ended before this line was answered"


def batches_of(call: ModelCall) -> ProviderBatches | AnthropicBatches:
    """Return the batches of a call's provider, to be closed.

    Raises:
        ConfigError, MissingExtra: it has none, or they cannot be reached.
    """
    return AnthropicBatches(call) if is_anthropic(call) else ProviderBatches(call)


def require_batches(call: ModelCall) -> None:
    """Require that a call's provider has batches.

    Raises:
        ConfigError, MissingExtra: it has none, or their library is not installed.
    """
    if is_anthropic(call):
        require_sdk(call)
    else:
        chat_provider(call)


def batch_line(call: ModelCall, identity: str, writer: RequestWriter) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the line of a call, as a live client would send it, and flags for what it is sent without.

    Args:
        call: what is asked.
        identity: the line's `custom_id`.
        writer: writes what goes through litellm.

    Raises:
        ConfigError: it cannot go as a batch, or needs headers of its own.
    """
    refuse_forbidden(call)
    if call.params.get("extra_headers"):
        message = f"Rung {call.rung}: its params have extra_headers; a line of a batch has none. Leave them out."
        raise ConfigError(message)
    if is_anthropic(call):
        written = writer.write(call)
        if (version := written.headers.get("anthropic-version")) != VERSION:
            message = f"litellm writes {call.model} for Anthropic's API of {version}; {VERSION} was expected."
            raise ConfigError(message)
        betas = [one.strip() for one in written.headers.get("anthropic-beta", "").split(",") if one.strip()]
        line = {"custom_id": identity, "method": "POST", "url": "/v1/messages", "body": written.body, "betas": betas}
        return line, written.dropped
    provider, model = chat_provider(call)
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
    if holds_error(body):
        return _failure(status, body)
    if is_anthropic(call):
        body = without_forced_tool(body, call.params)
        reply = read_completion(as_chat(body), call=call, price=price, raw=body)
    else:
        reply = read_body(body, call=call, price=price)
    if isinstance(reply, CallFailure):
        return reply
    return fast_replace(reply, flags=(*reply.flags, *flags), status=status)


def _expired(error: Any) -> bool:
    return isinstance(error, Mapping) and error.get("code") in {"batch_expired", "batch_cancelled"}


def _failure(status: int, body: Mapping[str, Any]) -> CallFailure:
    from json import dumps

    wire = Wire(ends_at=0.0, phase="body", status=status if status >= 300 else 500, body=dumps(body).encode())
    return fast_replace(classify_wire(wire), charged=False)
