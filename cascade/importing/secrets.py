"""Secrets: keys, and passwords inside addresses, are cut out of what is imported."""

from __future__ import annotations

from typing import Any

from cascade.redaction import redacted

_SHORTEST = 9
"""Least characters of a text that can hold a secret."""


def scrub(value: dict[str, Any]) -> bool:
    """Cut secrets out of every text in a JSON object, in place; returns whether there was one."""
    found = False
    waiting: list[Any] = [value]
    while waiting:
        inner = waiting.pop()
        for key, item in [*inner.items()] if isinstance(inner, dict) else enumerate(inner):
            if isinstance(item, str):
                # Pictures in base64 are long, and hold no words.
                if len(item) >= _SHORTEST and not item.startswith("data:") and (cleaned := redacted(item)) != item:
                    inner[key] = cleaned
                    found = True
            elif isinstance(item, dict | list):
                waiting.append(item)
    return found
