"""Traced input and output: what tracing tools store of a model call, in the many forms that clients give it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cascade.importing.bodies.answered import Answered, answered_of
from cascade.importing.bodies.asked import Asked, Unusable, asked_of
from cascade.importing.records import decoded

ROLES: Mapping[str, str] = {
    "human": "user", "HumanMessage": "user", "ai": "assistant", "AIMessage": "assistant", "model": "assistant",
    "SystemMessage": "system", "ToolMessage": "tool", "function": "tool",
}  # fmt: skip
"""Roles of LangChain and Gemini, in the words of Chat Completions."""

_KNOWN = frozenset({"system", "developer", "user", "assistant", "tool"})


def traced_request(value: Any, *, or_text: bool = False) -> Asked:
    """Return what a traced input asks: a text, a list of messages, or a request's body; encoded as text or not.

    Args:
        value: the input.
        or_text: whether a text that is JSON of no known form is the prompt itself.

    Raises:
        Unusable: it is none of these.
    """
    given = decoded(value)
    if isinstance(given, str) and given.strip():
        return Asked(messages=({"role": "user", "content": given},), params={}, model="")
    if isinstance(given, list) and any(isinstance(item, Mapping | list) for item in given):
        # LangChain wraps a batch of one around the messages.
        given = given[0] if len(given) == 1 and isinstance(given[0], list) else given
        return asked_of({"messages": [*map(chat_message, given)]})
    if isinstance(given, Mapping) and isinstance(given.get("messages"), list):
        messages = given["messages"]
        messages = messages[0] if len(messages) == 1 and isinstance(messages[0], list) else messages
        return asked_of({**given, "messages": [*map(chat_message, messages)]})
    if isinstance(given, Mapping) and ("input" in given or "prompt" in given):
        return asked_of(given)
    if isinstance(given, Mapping) and isinstance(given.get("role"), str):
        return asked_of({"messages": [chat_message(given)]})
    if or_text and isinstance(value, str) and value.strip():
        return Asked(messages=({"role": "user", "content": value},), params={}, model="")
    message = "its prompt was not stored" if given in (None, "", {}, []) else "its prompt is in no known form"
    raise Unusable(message)


def traced_answer(value: Any) -> Answered | None:
    """Return what a traced output answers; None where there is nothing.

    A message or a provider's body is read as such. Any other JSON value is the answer itself: structured output.
    """
    given = decoded(value)
    if given in (None, "", {}, []):
        return None
    if isinstance(given, list) and all(isinstance(item, Mapping) for item in given):
        said = [chat_message(item) for item in given]
        if all(_is_said(item) for item in said):
            return _of_message(said[-1])
    if isinstance(given, Mapping):
        whole = answered_of(given)
        if whole is not None:
            return whole
        message = chat_message(given)
        if _is_said(message):
            return _of_message(message, given)
    if isinstance(value, str):
        return _of_message({"role": "assistant", "content": value})
    return Answered(content=json.dumps(given, ensure_ascii=False))


def chat_message(item: Any) -> Any:
    """Return a message in the form of Chat Completions, from those of LangChain, Gemini and OpenTelemetry.

    What is no message is returned as it is.
    """
    if not isinstance(item, Mapping):
        return item
    if isinstance(item.get("kwargs"), Mapping) and isinstance(item.get("id"), list) and item["id"]:  # LangChain's dumps
        item = {"type": item["id"][-1], **item["kwargs"]}
    role = item.get("role", item.get("type"))
    role = ROLES.get(str(role), role)
    if not isinstance(role, str) or role not in _KNOWN:
        return item
    message: dict[str, Any] = {"role": role}
    parts = item.get("parts")
    if isinstance(parts, list):
        return {**message, **_of_parts(parts)}
    message["content"] = item.get("content")
    calls = [*_calls(item)]
    if calls:
        message["tool_calls"] = calls
    for key in ("tool_call_id", "name", "refusal"):
        if isinstance(item.get(key), str):
            message[key] = item[key]
    return message


def _of_message(message: Mapping[str, Any], whole: Mapping[str, Any] | None = None) -> Answered | None:
    finish = (whole or message).get("finish_reason")
    return answered_of({"choices": [{"message": message, "finish_reason": finish}]})


def _is_said(message: Any) -> bool:
    return isinstance(message, Mapping) and message.get("role") == "assistant"


def _calls(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a message's calls, OpenAI's, LangChain's (`args`) or flat ones, in OpenAI's form."""
    given = item.get("tool_calls")
    more = item.get("additional_kwargs")
    if not given and isinstance(more, Mapping):
        given = more.get("tool_calls")
    for one in given if isinstance(given, Sequence) and not isinstance(given, str) else ():
        call = decoded(one)
        if not isinstance(call, Mapping):
            continue
        function = call.get("function")
        if not isinstance(function, Mapping):
            function = {"name": call.get("name"), "arguments": call.get("arguments", call.get("args"))}
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps({} if arguments is None else arguments, ensure_ascii=False)
        made = {"name": str(function.get("name")), "arguments": arguments}
        yield {"id": str(call.get("id") or ""), "type": "function", "function": made}


def tool_calls(given: Any) -> tuple[dict[str, Any], ...]:
    """Return tool calls that a column of their own holds, in OpenAI's form."""
    return tuple(_calls({"tool_calls": decoded(given)}))


def _of_parts(parts: Sequence[Any]) -> dict[str, Any]:
    """Return the content of a message in parts, as OpenTelemetry and Gemini write them.

    Raises:
        Unusable: a part cannot be sent elsewhere.
    """
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    made: dict[str, Any] = {}
    for part in parts:
        kind = part.get("type", "text") if isinstance(part, Mapping) else "text"
        if kind == "text":
            said = part.get("content", part.get("text")) if isinstance(part, Mapping) else part
            texts.append(said if isinstance(said, str) else "")
        elif kind == "tool_call":
            calls += _calls({"tool_calls": [part]})
        elif kind == "tool_call_response":
            result = part.get("response", part.get("result"))
            texts.append(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False))
            made["tool_call_id"] = str(part.get("id") or "").strip()
        elif kind not in ("reasoning", "thinking"):
            message = f"its chat has a part that tracing does not hold whole ({kind})"
            raise Unusable(message)
    made["content"] = "\n".join(texts) if texts or not calls else None
    if calls:
        made["tool_calls"] = calls
    return made
