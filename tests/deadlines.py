"""Time limits that pass at a certain place, however slow the machine is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Ended = TypeVar("Ended")


def passed_at(run: Callable[[float], Ended], reached: Callable[[], object]) -> Ended:
    """Run with a limit twice as long each time until one was long enough to get there, and return how that ended."""
    limit_s = 0.1
    while True:
        ended = run(limit_s)
        if reached():
            return ended
        limit_s *= 2
