"""Content parts of messages, from Anthropic's and the Responses form into that of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cascade.dialects.message import THINKING_PARTS
from cascade.exchange import EMPTY, text_of

_TEXTS = frozenset({"text", "output_text", "input_text", "refusal"})
_SERVER_PARTS = frozenset({"server_tool_use", "mcp_tool_use"})


class AssistantParts(NamedTuple):
    """The content of an assistant message, as another provider takes it."""

    content: Any
    """Text, or parts where some are kept that are no text."""

    calls: tuple[Mapping[str, Any], ...]
    """The parts that are calls of tools."""

    dropped: tuple[str, ...]
    """What was left out."""


class UserParts(NamedTuple):
    """The content of a user's message, as Chat Completions take it."""

    results: tuple[Mapping[str, Any], ...]
    """The parts that are results of tools, as they were."""

    rest: tuple[Mapping[str, Any], ...]
    """All other parts."""


def assistant_parts(content: Any, *, blocks: bool, own: bool) -> AssistantParts:
    """Read the content of an assistant message.

    Args:
        content: text, parts, or null.
        blocks: whether the receiver takes thinking and server tools as parts, in Anthropic's form.
        own: whether the receiver wrote it: then it is left as it is, but for calls.
    """
    if not isinstance(content, list | tuple):
        return AssistantParts(content, (), ())
    kept: list[Mapping[str, Any]] = []
    calls: list[Mapping[str, Any]] = []
    dropped: list[str] = []
    for part in map(_part, content):
        kind = str(part.get("type"))
        signed = part.get("signature") or part.get("data")
        if kind == "tool_use":
            calls.append(part)
        elif own or (blocks and kind in THINKING_PARTS and signed) or (blocks and is_server_part(kind)):
            kept.append(part)
        elif kind in _TEXTS:
            kept.append({"type": "text", "text": str(part.get("text") or part.get("refusal") or "")})
        else:
            what = "thinking" if kind in THINKING_PARTS else "server_tools" if is_server_part(kind) else "images"
            dropped.append(what)
    if not own and all(part.get("type") == "text" for part in kept):
        return AssistantParts("".join(part["text"] for part in kept), tuple(calls), tuple(dropped))
    return AssistantParts(kept, tuple(calls), tuple(dropped))


def user_parts(content: Sequence[Any]) -> UserParts:
    """Read the parts of a message that is not the assistant's."""
    parts = [*map(_part, content)]
    results = tuple(part for part in parts if part.get("type") == "tool_result")
    return UserParts(results, tuple(chat_part(part) for part in parts if part.get("type") != "tool_result"))


def chat_part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part in the form of Chat Completions; unchanged if it has it already, or if its form is unknown."""
    kind, beside = str(part.get("type")), {key: part[key] for key in ("cache_control",) if key in part}
    if kind in _TEXTS and kind != "text":
        return {"type": "text", "text": str(part.get("text") or part.get("refusal") or ""), **beside}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    source = part.get("source")
    if kind not in {"image", "document"} or not isinstance(source, Mapping):
        return part
    if source.get("type") == "text":
        return {"type": "text", "text": str(source.get("data") or ""), **beside}
    address = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": address}, **beside}
    return {"type": "file", "file": {"filename": str(part.get("title") or "document.pdf"), "file_data": address}}


def result_contents(result: Mapping[str, Any]) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """Return the text of a tool's result, and its pictures, which no tool message of Chat Completions holds."""
    content = result.get("content")
    parts = [chat_part(_part(part)) for part in content] if isinstance(content, list | tuple) else []
    text = text_of(parts) if parts else str(content or "")
    return text, tuple(part for part in parts if part.get("type") != "text")


def without_cache_marks(content: Any) -> tuple[Any, bool]:
    """Return content without marks for the prompt cache, and whether there were any."""
    if not isinstance(content, list | tuple) or not any("cache_control" in _part(part) for part in content):
        return content, False
    return [{key: value for key, value in _part(part).items() if key != "cache_control"} for part in content], True


def is_server_part(kind: str) -> bool:
    """Tell whether a part is of a tool that the provider ran itself."""
    return kind in _SERVER_PARTS or (kind.endswith("_tool_result") and kind != "tool_result")


def _part(part: Any) -> Mapping[str, Any]:
    return part if isinstance(part, Mapping) else {"type": "text", "text": part} if isinstance(part, str) else EMPTY
