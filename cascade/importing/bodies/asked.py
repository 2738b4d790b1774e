"""What was asked: request bodies of Chat Completions, Responses, Messages and older completions, as one chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cascade.exchange import EMPTY, Message
from cascade.samples.request_limits import ALLOWED

NOT_KEPT = frozenset({"n", "user", "logprobs", "top_logprobs", "prediction"})
"""Parameters of a call that say nothing about what was asked: further answers, persons, requests for signals."""

KEPT = ALLOWED - NOT_KEPT
"""Parameters that a recorded request keeps: requests from files may set no others."""

_MOST_TAG = 256


class Unusable(ValueError):
    """A body that cannot be asked again; the message is a reason that completes "left out: "."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, from a provider's body."""

    messages: tuple[Message, ...]
    """The chat, in the form of Chat Completions."""

    params: Mapping[str, Any]
    """Its parameters, in that form too."""

    model: str
    """The model that was asked; '' where the body names none."""

    tags: Mapping[str, str] = EMPTY
    """Its metadata."""


def asked_of(body: Any) -> Asked:
    """Return what a request body asks, in whichever of the known dialects.

    Raises:
        Unusable: it is no request for an answer, or only the provider knows the rest of it.
    """
    if not isinstance(body, Mapping):
        message = "the request's body is missing"
        raise Unusable(message)
    params = {key: value for key, value in body.items() if key in KEPT and value is not None}
    if isinstance(body.get("messages"), list):
        messages = [*_system(body.get("system")), *_messages(body["messages"])]
        if _is_anthropic(body):
            params = _params_of_messages(body, params)
    elif "input" in body and ("instructions" in body or not isinstance(body["input"], list) or _items(body["input"])):
        if body.get("previous_response_id") or body.get("conversation"):
            message = "it continues a conversation that only the provider holds"
            raise Unusable(message)
        messages = [*_system(body.get("instructions")), *_messages(_input(body["input"]))]
        params = _params_of_responses(body, params)
    elif isinstance(body.get("prompt"), str):
        messages = [{"role": "user", "content": body["prompt"]}]
    else:
        message = "it is no request for a chat answer (no messages)"
        raise Unusable(message)
    if not messages:
        message = "its chat is empty"
        raise Unusable(message)
    metadata = body.get("metadata")
    return Asked(
        messages=tuple(messages),
        params=params,
        model=body["model"] if isinstance(body.get("model"), str) else "",
        tags={
            str(key): str(value)[:_MOST_TAG]
            for key, value in (metadata.items() if isinstance(metadata, Mapping) else ())
            if isinstance(value, str | int | float) and key != "user_id"
        },
    )


def _system(given: Any) -> Iterator[dict[str, Any]]:
    """Yield instructions that stand beside the chat as its first message."""
    text = given if isinstance(given, str) else _text(given)
    if text:
        yield {"role": "system", "content": text}


def _messages(given: list[Any]) -> Iterator[dict[str, Any]]:
    for message in given:
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            reason = "a message of its chat has no role"
            raise Unusable(reason)
        content = message.get("content")
        parts = content if isinstance(content, list) else ()
        kinds = {str(part.get("type")) for part in parts if isinstance(part, Mapping)}
        if kinds and kinds & {"tool_use", "tool_result"}:
            yield from _tool_turn(message, content)
        elif kinds and kinds <= {"text", "input_text", "output_text"}:
            yield {**message, "content": _text(content)}
        else:
            yield {key: value for key, value in message.items() if value is not None or key == "content"}


def _tool_turn(message: Mapping[str, Any], content: Any) -> Iterator[dict[str, Any]]:
    """Yield a turn of Anthropic's form with calls or their results in OpenAI's."""
    from cascade.dialects.message import block_call

    blocks = [part for part in content if isinstance(part, Mapping)]
    for block in blocks:
        if block.get("type") == "tool_result":
            said = block.get("content")
            text = said if isinstance(said, str) else _text(said)
            yield {"role": "tool", "tool_call_id": str(block.get("tool_use_id")), "content": text}
    text = _text([block for block in blocks if block.get("type") == "text"])
    calls = [block_call(block) for block in blocks if block.get("type") == "tool_use"]
    if calls:
        yield {"role": message["role"], "content": text or None, "tool_calls": calls}
    elif text:
        yield {"role": message["role"], "content": text}


def _text(parts: Any) -> str:
    if not isinstance(parts, list | tuple):
        return ""
    texts = (part.get("text") if isinstance(part, Mapping) else part for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str))


def _is_anthropic(body: Mapping[str, Any]) -> bool:
    tools = body.get("tools")
    has_own_tools = isinstance(tools, list) and any(
        isinstance(tool, Mapping) and "input_schema" in tool for tool in tools
    )
    return "system" in body or "stop_sequences" in body or "output_config" in body or has_own_tools


def _params_of_messages(body: Mapping[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in params.items() if key not in ("tools", "tool_choice", "thinking")}
    if body.get("stop_sequences"):
        made["stop"] = body["stop_sequences"]
    tools = [tool for tool in params.get("tools", ()) if isinstance(tool, Mapping) and "input_schema" in tool]
    if tools:
        made["tools"] = [_tool(tool, tool["input_schema"]) for tool in tools]
        choice = params.get("tool_choice")
        kind = choice.get("type") if isinstance(choice, Mapping) else None
        if kind == "tool":
            made["tool_choice"] = {"type": "function", "function": {"name": params["tool_choice"].get("name")}}
        elif kind in ("auto", "any", "none"):
            made["tool_choice"] = "required" if kind == "any" else kind
    config = body.get("output_config")
    shape = config.get("format") if isinstance(config, Mapping) else None
    if isinstance(shape, Mapping) and isinstance(shape.get("schema"), Mapping):
        made["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": shape["schema"]}}
    return made


def _params_of_responses(body: Mapping[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in params.items() if key not in ("tools", "tool_choice")}
    if isinstance(body.get("max_output_tokens"), int):
        made["max_completion_tokens"] = body["max_output_tokens"]
    reasoning, text = body.get("reasoning"), body.get("text")
    if isinstance(reasoning, Mapping) and isinstance(reasoning.get("effort"), str):
        made["reasoning_effort"] = reasoning["effort"]
    shape = text.get("format") if isinstance(text, Mapping) else None
    if isinstance(shape, Mapping) and shape.get("type") == "json_schema":
        wrapped = {key: value for key, value in shape.items() if key != "type"}
        made["response_format"] = {"type": "json_schema", "json_schema": wrapped}
    elif isinstance(shape, Mapping) and shape.get("type") == "json_object":
        made["response_format"] = {"type": "json_object"}
    tools = [tool for tool in params.get("tools", ()) if isinstance(tool, Mapping)]
    if any(tool.get("type") != "function" for tool in tools):
        message = "its tools run at the provider"
        raise Unusable(message)
    if tools:
        made["tools"] = [_tool(tool, tool.get("parameters")) for tool in tools]
        choice = params.get("tool_choice")
        if isinstance(choice, str):
            made["tool_choice"] = choice
        elif isinstance(choice, Mapping) and choice.get("type") == "function":
            made["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    return made


def _tool(tool: Mapping[str, Any], parameters: Any) -> dict[str, Any]:
    function = {"name": tool.get("name"), "description": tool.get("description"), "parameters": parameters}
    function["strict"] = tool.get("strict")
    return {"type": "function", "function": {key: value for key, value in function.items() if value is not None}}


def _items(given: list[Any]) -> bool:
    """Tell items of a conversation from the inputs of an embedding, which are texts or tokens."""
    return any(isinstance(item, Mapping) for item in given)


def _input(given: Any) -> list[Any]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    made: list[Any] = []
    for item in given:
        kind = item.get("type", "message") if isinstance(item, Mapping) else None
        if kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            call = {"id": item.get("call_id"), "type": "function", "function": function}
            made.append({"role": "assistant", "content": None, "tool_calls": [call]})
        elif kind == "function_call_output":
            output = item.get("output")
            text = output if isinstance(output, str) else _text(output)
            made.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": text})
        elif kind == "message":
            made.append({key: value for key, value in item.items() if key in ("role", "content", "name")})
        elif kind != "reasoning":
            message = f"its input has an item that cannot be sent elsewhere ({kind})"
            raise Unusable(message)
    return made
