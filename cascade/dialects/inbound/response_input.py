"""Input of Responses, text or items, as the messages of a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.dialects.origin import mapping, mappings
from cascade.dialects.parts import chat_part
from cascade.errors import DataError, UnsupportedParameter
from cascade.exchange import EMPTY

ROLES = ("assistant", "developer", "system", "user")


def messages_of(instructions: Any, given: Any) -> tuple[Mapping[str, Any], ...]:
    """Return instructions and input as messages.

    Raises:
        DataError: they are none.
        UnsupportedParameter: an item is of a tool that the provider ran, or names what it keeps.
    """
    if instructions is not None and not isinstance(instructions, str):
        raise DataError(f"instructions is {instructions!r:.80}; a text was expected.")
    made: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    if isinstance(given, str):
        return (*made, {"role": "user", "content": given})
    if not isinstance(given, list | tuple) or not given:
        raise DataError(f"input is {given!r:.80}; a text, or a list of at least one item, was expected.")
    thinking: list[str] = []
    for place, item in enumerate(given):
        if not isinstance(item, Mapping):
            raise DataError(f"input[{place}] is {item!r:.80}; an object was expected.")
        kind = item.get("type", "message")
        if kind == "reasoning":
            thinking += [part["text"] for part in mappings(item.get("summary")) if isinstance(part.get("text"), str)]
        elif isinstance(kind, str) and kind in _CALLS:
            _append_call(made, _CALLS[kind](item), thinking)
        elif kind in ("function_call_output", "custom_tool_call_output"):
            made.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": _output(item.get("output"))})
        elif kind == "message":
            made.append(_message(item, place, thinking))
        else:
            raise UnsupportedParameter(
                f"input[{place}] is of the type {str(kind)[:60]!r}, which only OpenAI can read; messages, reasoning, "
                "function calls and their outputs were expected.",
                parameter=f"input[{place}]",
            )
    return tuple(made)


def _message(item: Mapping[str, Any], place: int, thinking: list[str]) -> dict[str, Any]:
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise DataError(f"input[{place}] has the role {role!r:.80}; one of {', '.join(sorted(ROLES))} was expected.")
    if not isinstance(content, str | list | tuple):
        raise DataError(f"input[{place}] has the content {content!r:.80}; a text or parts were expected.")
    parts = content if isinstance(content, str) else [_part(part) for part in mappings(content)]
    if role == "assistant":
        text = parts if isinstance(parts, str) else "".join(str(part.get("text") or "") for part in parts)
        return {"role": role, "content": text, **_taken(thinking)}
    return {"role": role, "content": parts}


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    if part.get("type") == "input_file":
        told = {name: part[name] for name in ("file_data", "file_id", "filename") if part.get(name) is not None}
        return {"type": "file", "file": told}
    if part.get("type") == "input_image" and part.get("detail") is not None and isinstance(part.get("image_url"), str):
        return {"type": "image_url", "image_url": {"url": part["image_url"], "detail": part["detail"]}}
    return chat_part(part)


def _append_call(made: list[dict[str, Any]], call: dict[str, Any], thinking: list[str]) -> None:
    """Add a call to the assistant's message before it, or to a new one: calls of one turn are items of their own."""
    if not made or made[-1].get("role") != "assistant":
        made.append({"role": "assistant", "content": None, **_taken(thinking)})
    made[-1].setdefault("tool_calls", []).append(call)


def _function_call(item: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": item.get("name"), "arguments": item.get("arguments") or "{}"}
    return {"id": item.get("call_id") or item.get("id"), "type": "function", "function": function}


def _custom_call(item: Mapping[str, Any]) -> dict[str, Any]:
    custom = {"name": item.get("name"), "input": item.get("input") or ""}
    return {"id": item.get("call_id") or item.get("id"), "type": "custom", "custom": custom}


_CALLS = {"function_call": _function_call, "custom_tool_call": _custom_call}


def _output(given: Any) -> Any:
    if isinstance(given, str):
        return given
    return [_part(part) for part in mappings(given)] or str(mapping(given) or EMPTY)


def _taken(thinking: list[str]) -> dict[str, str]:
    """Return thinking for the message that it led to, and forget it."""
    said = "".join(thinking)
    thinking.clear()
    return {"reasoning_content": said} if said else {}
