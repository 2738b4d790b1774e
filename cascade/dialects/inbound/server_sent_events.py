"""Server-sent events: the events of a dialect as the bytes of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DONE = b"data: [DONE]\n\n"
"""The end of a stream of Chat Completions."""

PIECE = 48
"""Characters of a piece, at least, where a text is sent in several: up to the next blank."""


def encode(events: Iterable[Mapping[str, Any]], *, named: bool) -> Iterator[bytes]:
    """Yield events as bytes.

    Args:
        events: the events, as JSON objects.
        named: whether each is named by its `type` (Responses, Messages); else the stream ends with `[DONE]`.
    """
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        yield f"{name}data: {dumps(event)}\n\n".encode()
    if not named:
        yield DONE


def dumps(value: Any) -> str:
    """Return a value as compact JSON; numbers that JSON has no word for are null (they come from providers)."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that end before a blank; joined they are the text."""
    start = 0
    while start < len(text):
        end = text.find(" ", start + PIECE)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end
