"""How many examples a hypothesis test draws: its own number in `make test`, ten times that in `make fuzz`."""

from __future__ import annotations

from hypothesis import settings

USUAL = 100
"""Examples of a test that names no number."""


def examples(count: int) -> int:
    """Return the number of examples for a test that draws `count` where others draw a hundred."""
    return max(1, count * settings.default.max_examples // USUAL)
