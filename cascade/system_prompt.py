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

    It is of the text of all system and developer messages at the beginning, white space apart: the same prompt comes as
    one text, as several parts, or as several messages. A single letter makes another one.
    """
    text = "".join(
        word for message in messages[: _leading(messages)] for word in text_of(message.get("content")).split()
    )
    return content_id(text)[:DIGITS] if text else ""


def with_prompt(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """Return the messages with another system prompt, in place of those that they begin with."""
    end = _leading(messages)
    role = messages[0]["role"] if end else _ROLES[0]
    return ({"role": role, "content": text}, *messages[end:])


def _leading(messages: Sequence[Message]) -> int:
    """Return how many messages at the beginning are system or developer messages."""
    return next((place for place, one in enumerate(messages) if one.get("role") not in _ROLES), len(messages))
