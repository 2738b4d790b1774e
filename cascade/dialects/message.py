"""Message: what an assistant message says, in whichever form a provider writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cascade.exchange import EMPTY
from cascade.hashing import content_id
from cascade.reading.thinking import answer_start, split_thinking, without_marks

SERVER_TOOL = "server_tool:"
"""Flag of a response, followed by the tool's name: the provider itself ran a tool; the text is the answer."""

THINKING_PARTS = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning.text", "reasoning.summary"})
"""Types of content parts that are thinking."""

_OWN_CALLS = frozenset({"function", "custom", "builtin_function", "tool_use", "tool_call"})
"""Types of calls that the client answers. `builtin_function` is Moonshot's: the client sends the arguments back."""

_SAID = frozenset({"role", "content"})
_MAY_THINK = frozenset({*"<[◁ \n\t\r"})
"""First characters of a text that may begin with thinking."""
_CLOSING = ("</", "[/THINK]", "◁/think▷")
"""In a text that may hold the end of a thinking that the prompt has opened."""

_SERVER_IDS = ("srvtoolu_", "mcptoolu_")
_THINKING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_text")
_TEXT_PARTS = frozenset({"text", "output_text", "input_text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantMessage:
    """An assistant message, read."""

    text: str
    """The answer's text, thinking left out."""

    thinking: str
    """The thinking that is shown; '' where none is."""

    tool_calls: tuple[Mapping[str, Any], ...]
    """Calls that the client is to answer, in OpenAI's form."""

    server_tools: tuple[str, ...]
    """Names of the tools that the provider ran itself."""

    refusal: str | None
    """The provider's own refusal text."""

    history: Mapping[str, Any]
    """The message as it may stand in a history: as the provider gave it, without what is null."""


def is_message(value: Any) -> bool:
    """Tell whether something is an assistant message: its content is text, parts or null."""
    content = value.get("content") if isinstance(value, Mapping) else 0
    if isinstance(content, list):
        return all(isinstance(part, str) or is_part(part) for part in content)
    return isinstance(content, str | None)


def is_part(value: Any) -> bool:
    """Tell whether something is a part of a message: an object whose type, if it has one, is a text."""
    return isinstance(value, Mapping) and isinstance(value.get("type", ""), str | None)


def read_message(message: Mapping[str, Any], server_ids: frozenset[str] = frozenset()) -> AssistantMessage:
    """Read an assistant message: text or parts, calls in both forms, thinking in all of its places.

    Args:
        message: the message.
        server_ids: ids of calls that are known to be the provider's own.
    """
    content = message.get("content")
    if (
        isinstance(content, str)
        and content[:1] not in _MAY_THINK
        and not any(mark in content for mark in _CLOSING)
        and not any(map(message.get, message.keys() - _SAID))
    ):
        text = content  # nearly every answer
        return AssistantMessage(
            text=text, thinking="", tool_calls=(), server_tools=(), refusal=None, history=_for_history(message)
        )
    parts = [*_parts(content)]
    shown = [*_thinking(message, parts)]
    text = "".join(_text(part) for part in parts if part.get("type", "text") in _TEXT_PARTS)
    kept = message
    if not shown and (start := answer_start(text)):
        shown.append(without_marks(text[:start]))
        text = text[start : split_thinking(text)[1]]
        if isinstance(message.get("content"), str):
            kept = {**message, "content": text, "reasoning_content": shown[0]}
    text = text.lstrip() if shown else text  # what stood between the thinking and the answer
    calls = [*_calls(message, parts)]
    own = tuple(call for call in calls if not is_server_call(call, server_ids))
    ran = [_name(call) for call in calls if is_server_call(call, server_ids)] + [*_ran(message, parts)]
    refused = [message.get("refusal"), _mapping(message.get("provider_specific_fields")).get("refusal")]
    refused += [part.get("refusal") for part in parts if part.get("type") == "refusal"]
    return AssistantMessage(
        text=text,
        thinking="\n".join(shown),
        tool_calls=own,
        server_tools=tuple(dict.fromkeys(ran)),
        refusal=next((given for given in refused if isinstance(given, str) and given), None),
        history=_for_history(kept),
    )


def is_server_call(call: Mapping[str, Any], server_ids: frozenset[str] = frozenset()) -> bool:
    """Tell whether a call was answered by the provider itself (web search, code execution)."""
    identity = call.get("id")
    if isinstance(identity, str) and (identity in server_ids or identity.startswith(_SERVER_IDS)):
        return True
    kind = call.get("type")
    return isinstance(kind, str) and kind not in _OWN_CALLS


def older_call(call: Any) -> dict[str, Any] | None:
    """Return a `function_call` as a tool call; its id is a hash, so that its answer finds it again."""
    name = _mapping(call).get("name")
    if not isinstance(name, str) or not name:
        return None
    function = {"name": name, "arguments": _arguments(call.get("arguments"))}
    return {"id": f"call_{content_id(function)[:24]}", "type": "function", "function": function}


def block_call(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a `tool_use` block of Anthropic's form as a tool call."""
    function = {"name": str(block.get("name")), "arguments": _arguments(block.get("input"))}
    return {"id": str(block.get("id")), "type": "function", "function": function}


def call_texts(call: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a model wrote of a call: name and arguments, without ids and signatures."""
    function = _mapping(call.get("function") or call.get("custom"))
    said = (function.get("name"), function.get("arguments", function.get("input")))
    return tuple(text for text in said if isinstance(text, str) and text)


def _parts(content: Any) -> Iterator[Mapping[str, Any]]:
    for part in content if isinstance(content, list | tuple) else (content,):
        if isinstance(part, Mapping):
            yield part
        elif isinstance(part, str):
            yield {"type": "text", "text": part}


def _text(part: Mapping[str, Any]) -> str:
    text = part.get("text")
    return text if isinstance(text, str) else ""


def _thinking(message: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the thinking that is shown, once, though some providers write it in two places."""
    for name in _THINKING_FIELDS:
        if given := "".join(_said(message.get(name))):
            yield given
            return
    inside = [part for part in parts if part.get("type") in THINKING_PARTS]
    for blocks in (message.get("reasoning_details"), message.get("thinking_blocks"), inside):
        if given := "".join(_said(blocks)):
            yield given
            return


def _said(value: Any) -> Iterator[str]:
    """Yield the texts of thinking: a text, a block, or a list of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name in ("thinking", "text", "reasoning", "summary", "content"):
            yield from _said(value.get(name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _said(item)


def _calls(message: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    listed = message.get("tool_calls")
    found = [call for call in listed if isinstance(call, Mapping)] if isinstance(listed, list | tuple) else []
    found += [block_call(part) for part in parts if part.get("type") == "tool_use"]
    if not found and (older := older_call(message.get("function_call"))) is not None:
        found = [older]
    yield from found


def _ran(message: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names of the tools that the provider ran, where the message tells them beside its calls."""
    for part in parts:
        if part.get("type") in {"server_tool_use", "mcp_tool_use"}:
            yield str(part.get("name"))
    executed = message.get("executed_tools")  # Groq's compound systems
    for tool in executed if isinstance(executed, list | tuple) else ():
        yield str(_mapping(tool).get("type") or "tool")
    notes = message.get("annotations")
    if isinstance(notes, list) and any(_mapping(note).get("type") == "url_citation" for note in notes):
        yield "web_search"


def _name(call: Mapping[str, Any]) -> str:
    function = call.get("function")
    name = (function if isinstance(function, Mapping) else call).get("name")
    return name if isinstance(name, str) else str(call.get("type"))


def _arguments(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "{}" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _for_history(message: Mapping[str, Any]) -> dict[str, Any]:
    # Nulls that litellm fills in (tool_calls, function_call) are refused by some providers when they are sent back.
    kept = {key: value for key, value in message.items() if value is not None or key == "content"}
    given = _mapping(kept.pop("provider_specific_fields", None))
    own = {key: value for key, value in given.items() if value is not None}
    if (refusal := own.pop("refusal", None)) is not None:
        kept.setdefault("refusal", refusal)
    return {**kept, "provider_specific_fields": own} if own else kept


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY
