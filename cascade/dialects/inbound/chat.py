"""Chat Completions, the clients' side: a body is read as a Request, a Result written as a completion or its chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from cascade.dialects.inbound.answer import Answer, answer_of
from cascade.dialects.inbound.error_bodies import openai_error
from cascade.dialects.inbound.extension import summary
from cascade.dialects.inbound.inbound import Inbound, build_inbound
from cascade.dialects.inbound.parameters import ANYTHING, ParameterTable, object_body
from cascade.dialects.inbound.server_sent_events import pieces
from cascade.dialects.inbound.structured import forced_tool, without_tools
from cascade.dialects.origin import mapping
from cascade.errors import DataError
from cascade.exchange import EMPTY, TokenLogProb
from cascade.result import Result
from cascade.usage import Usage

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
"""No set, here and in what follows: a client may send what cannot be looked up in one."""

PARAMETERS = ParameterTable(
    passed=frozenset(
        {
            *("frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens"),
            *("max_tokens", "min_p", "parallel_tool_calls", "prediction", "presence_penalty", "reasoning_effort"),
            *("repetition_penalty", "response_format", "seed", "service_tier", "stop", "temperature", "thinking"),
            *("tool_choice", "tools", "top_k", "top_logprobs", "top_p", "verbosity", "web_search_options"),
        }
    ),
    read=frozenset(
        {"model", "messages", "stream", "stream_options", "metadata", "user", "safety_identifier", "cascade"}
    ),
    accepted={
        "n": (1,),
        "store": (False,),
        "modalities": (["text"],),
        "service_tier": ("auto", "default"),
        "prompt_cache_key": (ANYTHING,),
        "prompt_cache_retention": (ANYTHING,),
    },
    refused={
        "n": "one answer is verified and returned; ask several times",
        "store": "answers are kept in the decision log, if at all (`store_text`); leave it out",
        "audio": "only text is verified; ask the original client for sound",
        "modalities": "only text is verified; ask the original client for sound",
    },
)

_OWN = frozenset({"role", "content", "refusal", "tool_calls", "function_call"})
_IMPOSSIBLE = -9999.0
"""OpenAI's figure for a token that is nearly impossible, where JSON has no word for the provider's."""


def read(body: Any, defaults: Mapping[str, Any] = EMPTY) -> Inbound:
    """Read the body of a request.

    Args:
        body: the body, parsed JSON.
        defaults: options of the request that count where the body says nothing.

    Raises:
        UnsupportedParameter: a parameter is unknown, or cannot be honoured.
        DataError: the body is none of a request.
    """
    body = object_body(body)
    params = PARAMETERS.sort(body)
    messages = _messages(body.get("messages"))
    tool = forced_tool(params, messages)
    return build_inbound(
        body,
        messages=messages,
        params=params if tool is None else without_tools(params),
        schema=None if tool is None else tool.schema,
        tool=None if tool is None else tool.name,
        defaults=defaults,
        principal=body.get("safety_identifier") or body.get("user"),
        include_usage=bool(mapping(body.get("stream_options")).get("include_usage")),
    )


def write(result: Result[Any], inbound: Inbound, *, created: int = 0) -> dict[str, Any]:
    """Return the completion that a result is.

    Args:
        result: the result.
        inbound: what was asked.
        created: when it was made, in Unix seconds.

    Raises:
        RunError: the result holds no answer.
    """
    answer = answer_of(result, inbound)
    choice = {
        "index": 0,
        "message": _message(answer, inbound),
        "logprobs": _logprobs(answer.logprobs),
        "finish_reason": _finish(answer, inbound),
    }
    head = _head(result, answer, created, "chat.completion")
    return {**head, "choices": [choice], "usage": usage_of(answer.usage), "cascade": summary(result)}


def chunks(result: Result[Any], inbound: Inbound, *, created: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the chunks that a result is, as a stream sends them; arguments and errors as of `write`."""
    answer = answer_of(result, inbound)
    head = _head(result, answer, created, "chat.completion.chunk")
    beside: dict[str, Any] = {"usage": None} if inbound.include_usage else {}

    def chunk(delta: Mapping[str, Any], finish: str | None = None, logprobs: Any = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**head, "choices": [choice], **beside}

    message = _message(answer, inbound)
    content = message["content"]
    yield chunk({"role": "assistant", "content": None if content is None else "", "refusal": None})
    further = {name: value for name, value in message.items() if name not in _OWN and value is not None}
    if further:
        yield chunk(further)
    if answer.logprobs is not None:
        yield chunk({"content": content or ""}, logprobs=_logprobs(answer.logprobs))
    else:
        for piece in pieces(content or ""):
            yield chunk({"content": piece})
    if answer.refusal is not None:
        yield chunk({"refusal": answer.refusal})
    if "function_call" in message:
        yield chunk({"function_call": message["function_call"]})
    for place, call in enumerate(message.get("tool_calls", ())):
        yield from map(chunk, _call_deltas(place, call))
    yield {**chunk({}, finish=_finish(answer, inbound)), "cascade": summary(result)}
    if inbound.include_usage:
        yield {**head, "choices": [], "usage": usage_of(answer.usage), "cascade": summary(result)}


def error(exception: BaseException) -> tuple[int, dict[str, Any]]:
    """Return status and body of an error."""
    return openai_error(exception)


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return usage in OpenAI's form."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _messages(given: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(given, list | tuple) or not given:
        raise DataError(f"messages is {given!r:.80}; a list of at least one message was expected.")
    for place, message in enumerate(given):
        if not isinstance(message, Mapping) or message.get("role") not in ROLES:
            found = message.get("role") if isinstance(message, Mapping) else message
            raise DataError(
                f"messages[{place}] has the role {found!r:.80}; one of {', '.join(sorted(ROLES))} was expected."
            )
    return tuple(given)


def _head(result: Result[Any], answer: Answer, created: int, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{result.decision_id}", "object": kind, "created": created, "model": answer.model}


def _message(answer: Answer, inbound: Inbound) -> dict[str, Any]:
    """Return the assistant's message: what the provider said beside it (thinking, citations, signatures) stays."""
    kept = {name: value for name, value in answer.message.items() if name not in _OWN}
    content = None if not answer.text and (answer.tool_calls or answer.refusal) else answer.text
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": answer.refusal, **kept}
    if _older(answer, inbound):
        message["function_call"] = dict(answer.tool_calls[0]["function"])
    elif answer.tool_calls:
        message["tool_calls"] = [dict(call) for call in answer.tool_calls]
    return message


def _older(answer: Answer, inbound: Inbound) -> bool:
    """Tell whether the client speaks of functions and not of tools, as it did until 2023."""
    asked = inbound.request.params
    return "functions" in asked and "tools" not in asked and bool(answer.tool_calls)


def _finish(answer: Answer, inbound: Inbound) -> str:
    return "function_call" if answer.finish_reason == "tool_calls" and _older(answer, inbound) else answer.finish_reason


def _call_deltas(place: int, call: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one call as a stream sends it: first who is called, then the arguments in pieces."""
    function = call.get("function")
    if not isinstance(function, Mapping):  # a custom tool's, whose input is a text
        yield {"tool_calls": [{**call, "index": place}]}
        return
    arguments = str(function.get("arguments") or "")
    yield {"tool_calls": [{**call, "index": place, "function": {**function, "arguments": ""}}]}
    for piece in pieces(arguments):
        yield {"tool_calls": [{"index": place, "function": {"arguments": piece}}]}


def _logprobs(tokens: tuple[TokenLogProb, ...] | None) -> dict[str, Any] | None:
    if tokens is None:
        return None
    return {"content": logprob_entries(tokens), "refusal": None}


def logprob_entries(tokens: tuple[TokenLogProb, ...]) -> list[dict[str, Any]]:
    """Return log-probabilities in OpenAI's form, one entry a token."""
    return [
        {**_token(one.token or "", one.logprob), "top_logprobs": [_token(*pair) for pair in one.top]} for one in tokens
    ]


def _token(token: str, logprob: float) -> dict[str, Any]:
    figure = logprob if math.isfinite(logprob) else _IMPOSSIBLE
    return {"token": token, "bytes": list(token.encode("utf-8", "replace")), "logprob": figure}
