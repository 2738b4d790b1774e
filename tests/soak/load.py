"""Load that comes at its own pace, however slowly it is answered, as users' does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cascade.engine.cascade import Cascade
from cascade.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One request of the load."""

    begun: float
    """When it was made, in monotonic seconds."""

    result: Result[Any]
    """What it came to."""


async def offer(app: Cascade, count: int, per_s: float, *, at: Callable[[int], None] = lambda i: None) -> list[Served]:
    """Make so many requests, so many a second at most: what a busy machine delays is not caught up with in a burst.

    `at` is called before each with its number.
    """

    async def one(i: int) -> Served:
        begun = time.monotonic()
        return Served(begun=begun, result=await app.arun(f"question {i}"))

    due, running = time.monotonic(), []
    for i in range(count):
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic()) + 1 / per_s
        at(i)
        running.append(asyncio.create_task(one(i)))
    return list(await asyncio.gather(*running))


def fullest(times: list[float], width_s: float) -> int:
    """Return how many times fall into the fullest bin of a width."""
    bins: dict[int, int] = {}
    for one in times:
        bins[int(one / width_s)] = bins.get(int(one / width_s), 0) + 1
    return max(bins.values())
