"""Chat Completions, the provider's side: the request's body, and the completion, untrusted JSON, as a Response."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cascade.dialects.finish import Finish, read_finish, read_own_finish
from cascade.dialects.shape import MOST_ALTERNATIVES, ShapeLimits
from cascade.dialects.usage import read_usage
from cascade.exchange import EMPTY, ModelCall, Response, TokenLogProb, text_of
from cascade.failure import CallFailure, FailureKind
from cascade.usage import Price

BESIDE_THE_BODY = frozenset({"extra_body", "extra_headers"})
"""Parameters that are no field of the body."""

NO_CHOICE = "The provider's answer holds no choice with a message."

_THINKING = re.compile(r"<(?:think|thinking|budget:thinking)>(.*?)</(?:think|thinking|budget:thinking)>(.*)", re.DOTALL)
_SNAPSHOT = re.compile(r"[-@:.](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest|preview)$")


def write_body(call: ModelCall, *, model: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request's body: what `extra_body` holds stands beside the parameters, as litellm sends it.

    Args:
        call: what is asked.
        model: the model as the endpoint calls it.
        params: the parameters as the endpoint takes them; `extra_headers` among them go elsewhere.
    """
    body: dict[str, Any] = {"model": model, "messages": [_without_nulls(message) for message in call.messages]}
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

    Content that is neither text nor null is no answer. Thinking that a model writes into its text between marks at the
    beginning is taken out of it, as litellm does: what verifiers and policies saw does not depend on the client.

    Args:
        body: the body, parsed.
        call: what was asked.
        price: what the requested model costs.
        logprobs: those of the first choice, where they were read before (`pieces.py`).
    """
    choices = _choices(body)
    if not choices or not all(isinstance(choice["message"].get("content"), str | None) for choice in choices):
        return CallFailure(kind=FailureKind.BAD_BODY, message=NO_CHOICE)
    choices = [{**choice, "message": _without_thinking(choice["message"])} for choice in choices]
    if logprobs is None and choices[0].get("logprobs"):
        logprobs = read_logprobs(choices[0]["logprobs"], limits_of(call).alternatives)
    return _response(body, choices, read_own_finish(choices[0]), logprobs, call=call, price=price)


def read_completion(
    completion: Any,
    *,
    call: ModelCall,
    price: Price,
    native: tuple[str | None, bool] | None = None,
    logprobs: tuple[TokenLogProb, ...] | None = None,
) -> Response | CallFailure:
    """Return the response in a completion as litellm makes it, priced by the requested model.

    BAD_BODY where there is no answer in it.

    Args:
        completion: the completion, in OpenAI's form.
        call: what was asked.
        price: what the requested model costs.
        native: the reason for stopping in the body before litellm translated it, and whether one was due.
        logprobs: those of the first choice, where they were read before litellm saw the body.
    """
    body = _mapping(completion)
    choices = _choices(body)
    if not choices:
        return CallFailure(kind=FailureKind.BAD_BODY, message=NO_CHOICE)
    if logprobs is None and choices[0].get("logprobs"):
        logprobs = read_logprobs(choices[0]["logprobs"], limits_of(call).alternatives)
    return _response(body, choices, read_finish(choices[0], native), logprobs, call=call, price=price)


def _choices(body: Any) -> list[Mapping[str, Any]]:
    choices = _sequence(_mapping(body).get("choices"))
    return [choice for choice in choices if isinstance(_mapping(choice).get("message"), Mapping)]


def _response(
    body: Mapping[str, Any],
    choices: Sequence[Mapping[str, Any]],
    finish: Finish,
    logprobs: tuple[TokenLogProb, ...] | None,
    *,
    call: ModelCall,
    price: Price,
) -> Response:
    said = choices[0]["message"]
    texts = [text_of(other["message"].get("content")) for other in choices]
    written = [*texts, *(str(other["message"].get("tool_calls") or "") for other in choices)]
    written += [thinking for other in choices if isinstance(thinking := _thinking(other["message"]), str)]
    used = read_usage(body, call=call, price=price, written=written, entries=len(logprobs or ()))
    usage, flags = used.usage, used.flags
    reported = body.get("model") if isinstance(body.get("model"), str) else None
    if reported and not same_model(call.model, reported):
        flags = (*flags, "other_model")
    own = _mapping(said.get("provider_specific_fields"))
    refusal = said.get("refusal") or own.get("refusal")
    tool_calls = tuple(item for item in _sequence(said.get("tool_calls")) if isinstance(item, Mapping))
    return Response(
        text=texts[0],
        tool_calls=tool_calls,
        message=_for_history(said),
        finish_reason=finish.reason,
        finish_raw=finish.raw,
        refusal=refusal if isinstance(refusal, str) else None,
        logprobs=logprobs,
        samples=tuple(texts[1:]),
        usage=usage,
        cost_usd=used.cost_usd,
        cost_reported=used.cost_reported,
        model_reported=reported,
        flags=(*flags, *finish.flags),
    )


def _thinking(message: Mapping[str, Any]) -> Any:
    return message.get("reasoning_content") or message.get("reasoning")


def _without_thinking(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message.get("content")
    found = _THINKING.match(content) if isinstance(content, str) else None
    if found is None or "reasoning_content" in message or "reasoning" in message:
        return message
    return {**message, "content": found[2], "reasoning_content": found[1]}


def read_logprobs(reported: Any, alternatives: int = MOST_ALTERNATIVES) -> tuple[TokenLogProb, ...] | None:
    """Return the answer's tokens with their log-probabilities (NaN: it was no number); None where there are none."""
    return tuple(read_tokens(_sequence(_mapping(reported).get("content")), alternatives)) or None


def read_tokens(entries: Sequence[Any], alternatives: int) -> list[TokenLogProb]:
    """Return tokens with their log-probabilities, and the first so many alternatives of each."""
    return [
        TokenLogProb(
            token=_text(item.get("token")),
            logprob=_figure(item.get("logprob")),
            top=tuple(
                (_text(other.get("token")) or "", _figure(other.get("logprob")))
                for other in map(_mapping, _sequence(item.get("top_logprobs"))[:alternatives])
            ),
        )
        for item in map(_mapping, entries)
    ]


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


def _for_history(message: Mapping[str, Any]) -> dict[str, Any]:
    # Nulls that litellm fills in (tool_calls, function_call) are refused by some providers when they are sent back.
    kept = {key: value for key, value in message.items() if value is not None or key == "content"}
    own = {
        key: value for key, value in _mapping(kept.pop("provider_specific_fields", None)).items() if value is not None
    }
    if (refusal := own.pop("refusal", None)) is not None:
        kept.setdefault("refusal", refusal)
    return {**kept, "provider_specific_fields": own} if own else kept


def _figure(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
