"""Origin: which provider family an assistant message is from, noted where it holds what only that family reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.dialects.families import ANTHROPIC, GOOGLE, family_of
from cascade.exchange import EMPTY, Message, ModelCall

BESIDE, FAMILY = "provider_specific_fields", "family"
"""Where a message holds what is beyond OpenAI's form, and under which key in it its family is noted."""

SIGNED = "__thought__"
"""What litellm puts between a call's id and Gemini's signature of the thought before it."""

PLAIN = frozenset({"role", "content", "name"})
FORM = PLAIN | {"refusal", "tool_calls", "tool_call_id", "function_call"}
_CALL_FORM = frozenset({"id", "type", "function", "custom", "index"})


def with_origin(message: Mapping[str, Any], call: ModelCall) -> Mapping[str, Any]:
    """Return an answer's message with the family that it is from, where it holds anything that only that one reads."""
    calls = mappings(message.get("tool_calls"))
    beyond = any(value for key, value in message.items() if key not in FORM)
    if not beyond and isinstance(message.get("content"), str | None) and not any(map(extras_of, calls)):
        return message
    return {**message, BESIDE: {**mapping(message.get(BESIDE)), FAMILY: family_of(call)}}


def origin_of(message: Message) -> str | None:
    """Return the family that an assistant message is from: as it was noted, or by signatures; None: not known."""
    beside = mapping(message.get(BESIDE))
    if isinstance(family := beside.get(FAMILY), str):
        return family
    calls = mappings(message.get("tool_calls"))
    if "thought_signatures" in beside or any(SIGNED in str(call.get("id")) or _is_googles(call) for call in calls):
        return GOOGLE
    content = message.get("content")
    blocks = [*mappings(message.get("thinking_blocks")), *(mappings(content) if not isinstance(content, str) else ())]
    return ANTHROPIC if any(block.get("signature") or _is_redacted(block) for block in blocks) else None


def _is_googles(call: Mapping[str, Any]) -> bool:
    return "thought_signature" in mapping(call.get(BESIDE)) or "google" in mapping(call.get("extra_content"))


def _is_redacted(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "redacted_thinking"


def extras_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a call holds beyond OpenAI's form."""
    return {key: value for key, value in call.items() if key not in _CALL_FORM and value}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings in a list; [] where it is none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; the empty one where it is none."""
    return value if isinstance(value, Mapping) else EMPTY
