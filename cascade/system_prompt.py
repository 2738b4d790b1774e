"""System prompt: what the messages of a request begin with; its fingerprint, and the messages with another one."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.exchange import Message, text_of
from cascade.hashing import content_id

_ROLES = ("system", "developer")

DIGITS = 16
"""Hexadecimal digits of a fingerprint."""


def prompt_print(messages: Sequence[Message]) -> str:
    """Return the fingerprint of the system prompt, 16 hexadecimal digits; '' where a chat begins without one.

    It is of the text of all system and developer messages at the beginning; a single letter makes another one.
    """
    texts = [text_of(message.get("content")) for message in messages[: _leading(messages)]]
    return content_id(texts)[:DIGITS] if any(texts) else ""


def with_prompt(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """Return the messages with another system prompt, in place of those that they begin with."""
    end = _leading(messages)
    role = messages[0]["role"] if end else _ROLES[0]
    return ({"role": role, "content": text}, *messages[end:])


def _leading(messages: Sequence[Message]) -> int:
    """Return how many messages at the beginning are system or developer messages."""
    return next((place for place, one in enumerate(messages) if one.get("role") not in _ROLES), len(messages))
