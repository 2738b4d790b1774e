"""Chat Completions, the provider's side: the request's body, and the completion, untrusted JSON, as a Response."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cascade.dialects.finish import Finish, read_finish, read_own_finish
from cascade.dialects.logprobs import choice_logprobs, read_logprobs
from cascade.dialects.message import SERVER_TOOL, AssistantMessage, call_texts, is_message, read_message
from cascade.dialects.native import native_finish, server_call_ids, server_tool_flags
from cascade.dialects.origin import with_origin
from cascade.dialects.shape import ShapeLimits
from cascade.dialects.usage import read_usage
from cascade.exchange import EMPTY, Message, ModelCall, Response, TokenLogProb
from cascade.failure import CallFailure, FailureKind
from cascade.usage import Price

BESIDE_THE_BODY = frozenset({"extra_body", "extra_headers"})
"""Parameters that are no field of the body."""

NO_CHOICE = "The provider's answer holds no choice with a message."

_SNAPSHOT = re.compile(r"[-@:.](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest|preview)$")


def write_body(messages: Sequence[Message], *, model: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request's body: what `extra_body` holds stands beside the parameters, as litellm sends it.

    Args:
        messages: the conversation, as the endpoint takes it (`history.py`).
        model: the model as the endpoint calls it.
        params: the parameters as the endpoint takes them; `extra_headers` among them go elsewhere.
    """
    body: dict[str, Any] = {"model": model, "messages": [_without_nulls(message) for message in messages]}
    body |= {name: value for name, value in params.items() if name not in BESIDE_THE_BODY and value is not None}
    extra = params.get("extra_body")
    return body | dict(extra) if isinstance(extra, Mapping) else body


def _without_nulls(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without keys that say nothing; some providers refuse `"content": null` beside tool calls."""
    return {key: value for key, value in message.items() if value is not None}


def read_body(
    body: Any, *, call: ModelCall, price: Price, logprobs: tuple[TokenLogProb, ...] | None = None
) -> Response | CallFailure:
    """Return the response in a body that came from the provider itself; BAD_BODY where there is no answer in it.

    Content that is neither text, parts nor null is no answer. Thinking that a model writes into its text between marks
    at the beginning is taken out of it: what verifiers and policies saw does not depend on the client.

    Args:
        body: the body, parsed.
        call: what was asked.
        price: what the requested model costs.
        logprobs: those of the first choice, where they were read before (`pieces.py`).
    """
    read = _read(body, body)
    if read is None:
        return CallFailure(kind=FailureKind.BAD_BODY, message=NO_CHOICE)
    choices, messages = read
    finish = read_own_finish(choices[0], calls_tools=bool(messages[0].tool_calls))
    return _response(body, body, choices[0], messages, finish, logprobs, call=call, price=price)


def read_completion(
    completion: Any,
    *,
    call: ModelCall,
    price: Price,
    raw: Any = None,
    logprobs: tuple[TokenLogProb, ...] | None = None,
) -> Response | CallFailure:
    """Return the response in a completion as litellm makes it, priced by the requested model.

    BAD_BODY where there is no answer in it.

    Args:
        completion: the completion, in OpenAI's form.
        call: what was asked.
        price: what the requested model costs.
        raw: the provider's own body, parsed, before litellm translated it; None: it is not known. Read from it are the
            reason for stopping, usage, log-probabilities, and which tools the provider ran itself.
        logprobs: those of the first choice, where they were read before litellm saw the body.
    """
    read = _read(completion, raw)
    if read is None:
        return CallFailure(kind=FailureKind.BAD_BODY, message=NO_CHOICE)
    choices, messages = read
    body, first = completion, choices[0]
    if (own := _choices(raw)) is not None:
        # litellm makes a count of true, drops what it does not know, and log-probabilities in older forms with it.
        body = {**completion, "usage": raw.get("usage"), "service_tier": raw.get("service_tier")}
        first = {**own[0], "message": first["message"], "finish_reason": first.get("finish_reason")}
    finish = read_finish(choices[0], None if raw is None else native_finish(raw))
    return _response(body, raw, first, messages, finish, logprobs, call=call, price=price)


def _read(body: Any, raw: Any) -> tuple[list[Mapping[str, Any]], list[AssistantMessage]] | None:
    choices = _choices(body)
    if choices is None:
        return None
    ids = server_call_ids(raw)
    return choices, [read_message(choice["message"], ids) for choice in choices]


def _choices(body: Any) -> list[Mapping[str, Any]] | None:
    """Return the choices with a message; None where there are none, or one of them is no answer."""
    choices = _sequence(_mapping(body).get("choices"))
    found = [choice for choice in choices if isinstance(_mapping(choice).get("message"), Mapping)]
    return found if found and all(is_message(choice["message"]) for choice in found) else None


def _response(
    body: Mapping[str, Any],
    raw: Any,
    first: Mapping[str, Any],
    messages: Sequence[AssistantMessage],
    finish: Finish,
    logprobs: tuple[TokenLogProb, ...] | None,
    *,
    call: ModelCall,
    price: Price,
) -> Response:
    said = messages[0]
    if logprobs is None and (given := choice_logprobs(first, _mapping(raw) or body)):
        limits = limits_of(call)
        logprobs = read_logprobs(given, limits.alternatives, most=limits.entries)
    written = [*(one.text for one in messages), *(one.thinking for one in messages if one.thinking)]
    written += [text for one in messages for call in one.tool_calls for text in call_texts(call)]
    used = read_usage(body, call=call, price=price, written=written, entries=len(logprobs or ()))
    usage, flags = used.usage, used.flags
    reported = body.get("model") if isinstance(body.get("model"), str) else None
    if reported and not same_model(call.model, reported):
        flags = (*flags, "other_model")
    ran = dict.fromkeys((*(f"{SERVER_TOOL}{name}" for name in said.server_tools), *server_tool_flags(raw)))
    return Response(
        text=said.text,
        tool_calls=said.tool_calls,
        message=with_origin(said.history, call),
        finish_reason=finish.reason,
        finish_raw=finish.raw,
        refusal=said.refusal,
        logprobs=logprobs,
        samples=tuple(one.text for one in messages[1:]),
        usage=usage,
        cost_usd=used.cost_usd,
        cost_reported=used.cost_reported,
        model_reported=reported,
        flags=(*flags, *finish.flags, *ran),
    )


def limits_of(call: ModelCall) -> ShapeLimits:
    """Return what the answer to a call may hold."""
    extra = call.params.get("extra_body")
    return ShapeLimits.of({**call.wishes, **call.params, **(extra if isinstance(extra, Mapping) else {})})


def same_model(requested: str, reported: str) -> bool:
    """Tell whether two names mean one model: providers and snapshots (`-2024-07-18`, `-latest`) aside.

    An azure name is a deployment, chosen freely, so nothing can be told of it.
    """
    return requested.startswith("azure") or _family(requested) == _family(reported)


def _family(name: str) -> str:
    family = name.rsplit("/", 1)[-1].lower()
    while (shorter := _SNAPSHOT.sub("", family)) != family:
        family = shorter
    return family


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
