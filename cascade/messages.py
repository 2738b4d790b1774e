"""Messages as callers have them: mappings, or the objects that clients of providers return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from cascade.errors import DataError

_MOST_DEPTH = 64


def plain_messages(messages: Iterable[Any]) -> tuple[Mapping[str, Any], ...]:
    """Return messages as mappings; objects of openai, anthropic or litellm are taken apart, without what is null.

    Raises:
        DataError: one of them is no message; the text says which and what was expected.
    """
    return tuple(_message(place, message) for place, message in enumerate(messages))


def _message(place: int, message: Any) -> Mapping[str, Any]:
    made = message if isinstance(message, Mapping) else plain(message)
    if not isinstance(made, Mapping) or not isinstance(made.get("role"), str):
        found = (
            f"a {type(message).__name__} without a role" if isinstance(made, Mapping) else f"a {type(message).__name__}"
        )
        text = (
            f"messages[{place}] is {found}; a mapping with `role` and `content` was expected, or a message object of "
            "openai, anthropic or litellm."
        )
        raise DataError(text)
    content = made.get("content")
    if isinstance(content, list | tuple) and any(not isinstance(part, str | Mapping) for part in content):
        made = {**made, "content": [plain(part) for part in content]}
    calls = made.get("tool_calls")
    if isinstance(calls, list | tuple) and any(not isinstance(call, Mapping) for call in calls):
        made = {**made, "tool_calls": [plain(call) for call in calls]}
    return made


def plain(value: Any, depth: int = _MOST_DEPTH) -> Any:
    """Return an object of a client as mappings and lists; anything else as it is."""
    if depth <= 0 or isinstance(value, type):
        return value
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json", exclude_none=True)
    if is_dataclass(value) and not isinstance(value, type):
        return {key: item for key, item in asdict(value).items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in value]
    return value
