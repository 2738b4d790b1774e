"""Anthropic's Messages, the clients' side: a body is read as a Request, a Result written as a message or its events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cascade.dialects.inbound.answer import Answer, answer_of
from cascade.dialects.inbound.error_bodies import anthropic_error
from cascade.dialects.inbound.extension import FIELD, summary
from cascade.dialects.inbound.inbound import Inbound, build_inbound
from cascade.dialects.inbound.parameters import ANYTHING, ParameterTable, object_body
from cascade.dialects.inbound.server_sent_events import pieces
from cascade.dialects.inbound.structured import forced_tool, without_tools
from cascade.dialects.origin import mapping, mappings
from cascade.errors import DataError, UnsupportedParameter
from cascade.exchange import EMPTY
from cascade.result import Result
from cascade.usage import Usage

_ELSEWHERE = "it is run by Anthropic, so no other rung could answer; ask the original client"

PARAMETERS = ParameterTable(
    passed=frozenset({"max_tokens", "temperature", "thinking", "top_k", "top_p"}),
    read=frozenset(
        {
            *("model", "messages", "system", "stream", "metadata", FIELD),
            *("output_config", "output_format", "stop_sequences", "tool_choice", "tools"),
        }
    ),
    accepted={
        "cache_control": (ANYTHING,),
        "container": (None,),
        "inference_geo": ("global",),
        "service_tier": ("auto", "standard_only"),
        "speed": ("standard",),
    },
    refused={
        "container": _ELSEWHERE,
        "context_management": "a conversation is sent to every rung as it is; shorten it before",
        "inference_geo": "where a rung may run is said by its `allow`",
        "mcp_servers": _ELSEWHERE,
        "service_tier": "each rung has its own; set it in `params` of the rung",
        "speed": "each rung has its own; set it in `params` of the rung",
    },
)

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_EFFORTS = ("low", "medium", "high")


def read(body: Any, defaults: Mapping[str, Any] = EMPTY) -> Inbound:
    """Read the body of a request; arguments and errors as of `chat.read`."""
    body = object_body(body)
    params = PARAMETERS.sort(body)
    if mapping(params.get("thinking")).get("type") == "disabled":
        del params["thinking"]
    if stop := body.get("stop_sequences"):
        params["stop"] = stop
    params |= _tools(body)
    messages = (*_system(body.get("system")), *_messages(body.get("messages")))
    config = mapping(body.get("output_config"))
    if (effort := config.get("effort")) is not None:
        params["reasoning_effort"] = effort if effort in _EFFORTS else "high"
    form = mapping(config.get("format") or body.get("output_format"))
    tool = None if form else forced_tool(params, messages)
    metadata = body.get("metadata")
    said = mapping(metadata)
    tags = {name: value for name, value in said.items() if name != "user_id"} if said else metadata
    return build_inbound(
        {**body, "metadata": tags or None},
        messages=messages,
        params=params if tool is None else without_tools(params),
        schema=_schema(form) if form else None if tool is None else tool.schema,
        tool=None if tool is None else tool.name,
        defaults=defaults,
        principal=said.get("user_id"),
    )


def write(result: Result[Any], inbound: Inbound, *, created: int = 0) -> dict[str, Any]:
    """Return the message that a result is; arguments and errors as of `chat.write`, but that a message has no date."""
    del created
    answer = answer_of(result, inbound)
    return {
        **_head(result, answer),
        "content": _blocks(answer),
        "stop_reason": stop_reason(answer),
        "stop_sequence": None,
        "usage": usage_of(answer.usage),
        FIELD: summary(result),
    }


def chunks(result: Result[Any], inbound: Inbound, *, created: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the events that a result is, as a stream sends them; arguments and errors as of `write`."""
    del created
    answer = answer_of(result, inbound)
    usage = usage_of(answer.usage)
    begun: dict[str, Any] = {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": 0},
    }
    yield {"type": "message_start", "message": {**_head(result, answer), **begun}}
    for index, block in enumerate(_blocks(answer)):
        begin, deltas = _in_pieces(block)
        yield {"type": "content_block_start", "index": index, "content_block": begin}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": stop_reason(answer), "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": usage, FIELD: summary(result)}
    yield {"type": "message_stop"}


def error(exception: BaseException) -> tuple[int, dict[str, Any]]:
    """Return status and body of an error."""
    return anthropic_error(exception)


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return usage in Anthropic's form: its input tokens are those that the cache neither gave nor took."""
    beside = usage.cached_tokens + usage.cache_write_tokens
    return {
        "input_tokens": max(0, usage.input_tokens - beside),
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _messages(given: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(given, list | tuple) or not given:
        raise DataError(f"messages is {given!r:.80}; a list of at least one message was expected.")
    for place, message in enumerate(given):
        role = message.get("role") if isinstance(message, Mapping) else message
        if role not in ("user", "assistant", "system"):
            raise DataError(f"messages[{place}] has the role {role!r:.80}; user or assistant was expected.")
        if not isinstance(message.get("content"), str | list | tuple):
            raise DataError(
                f"messages[{place}] has the content {message.get('content')!r:.80}; a text or blocks were expected."
            )
    return tuple(given)


def _system(given: Any) -> tuple[Mapping[str, Any], ...]:
    if not given:
        return ()
    if not isinstance(given, str) and not (isinstance(given, list | tuple) and len(mappings(given)) == len(given)):
        raise DataError(f"system is {given!r:.80}; a text or text blocks were expected.")
    return ({"role": "system", "content": given if isinstance(given, str) else [*given]},)


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return tools and the choice of them in OpenAI's form."""
    found: dict[str, Any] = {}
    if tools := [_tool(tool) for tool in mappings(body.get("tools"))]:
        found["tools"] = tools
    choice = mapping(body.get("tool_choice"))
    if not tools or not choice:
        return found
    kind = choice.get("type")
    if kind == "tool":
        found["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    elif isinstance(kind, str) and kind in _CHOICES:
        found["tool_choice"] = _CHOICES[kind]
    else:
        raise DataError(f"tool_choice has the type {kind!r:.80}; auto, any, tool or none was expected.")
    if choice.get("disable_parallel_tool_use"):
        found["parallel_tool_calls"] = False
    return found


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    kind = tool.get("type")
    if kind not in (None, "custom"):
        message = f"The tool {str(kind)[:60]!r} cannot be honoured: {_ELSEWHERE}."
        raise UnsupportedParameter(message, parameter="tools")
    kept = {name: tool[name] for name in ("name", "description", "strict") if tool.get(name) is not None}
    return {"type": "function", "function": {**kept, "parameters": tool.get("input_schema") or {"type": "object"}}}


def _schema(form: Mapping[str, Any]) -> Any:
    if form.get("type") != "json_schema" or not isinstance(form.get("schema"), Mapping):
        raise DataError(f"output_config.format is {dict(form)!r:.80}; the type json_schema with a schema was expected.")
    return form["schema"]


def _head(result: Result[Any], answer: Answer) -> dict[str, Any]:
    return {"id": f"msg_{result.decision_id}", "type": "message", "role": "assistant", "model": answer.model}


def stop_reason(answer: Answer) -> str:
    """Return why an answer ended, in Anthropic's words."""
    return "refusal" if answer.refusal is not None else _STOP_REASONS[answer.finish_reason]


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    """Return the content: thinking first, as Anthropic sends it, then text, then calls of tools."""
    blocks = [dict(block) for block in mappings(answer.message.get("thinking_blocks"))]
    shown = answer.message.get("reasoning_content")
    if not blocks and isinstance(shown, str) and shown:
        blocks.append({"type": "thinking", "thinking": shown, "signature": ""})
    texts = [text for text in (answer.text, answer.refusal) if text]
    blocks += [{"type": "text", "text": text, "citations": None} for text in texts]
    return blocks + [_tool_use(call) for call in answer.tool_calls]


def _tool_use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = mapping(call.get("function") or call.get("custom"))
    given = function.get("arguments", function.get("input"))
    try:
        read_as = json.loads(given) if isinstance(given, str) and given else given or {}
    except (ValueError, RecursionError):
        read_as = given
    value = read_as if isinstance(read_as, Mapping) else {"arguments": given}
    return {"type": "tool_use", "id": str(call.get("id")), "name": str(function.get("name")), "input": dict(value)}


def _in_pieces(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a block as it begins, and the deltas that make it whole."""
    kind = block.get("type")
    if kind == "text":
        return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
    if kind == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(str(block.get("thinking") or ""))]
        signed = {"type": "signature_delta", "signature": str(block.get("signature") or "")}
        return {**block, "thinking": "", "signature": ""}, [*deltas, signed]
    if kind == "tool_use":
        told = json.dumps(block["input"], ensure_ascii=False)
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(told)]
    return dict(block), []
