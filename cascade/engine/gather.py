"""Bounded concurrency: applies work to many items, several at once, with results in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from cascade.errors import CascadeError, ConfigError

Item = TypeVar("Item")
Done = TypeVar("Done")


async def gather_bounded(
    work: Callable[[int, Item], Awaitable[Done]], items: Iterable[Item], concurrency: int
) -> list[Done]:
    """Run `work(index, item)` on many items with bounded concurrency, and return the outcomes in order.

    Raises:
        CascadeError: the first that an item raised, after started items have finished.
    """
    if concurrency < 1:
        message = f"concurrency is {concurrency}; a whole number of 1 or more was expected."
        raise ConfigError(message)
    numbered = enumerate(items)
    done: dict[int, Done] = {}

    errors: list[CascadeError] = []

    async def worker() -> None:
        for index, item in numbered:
            try:
                done[index] = await work(index, item)
            except CascadeError as error:
                # Started items finish, since they are paid for; no new one starts.
                errors.append(error)
            if errors:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
    if errors:
        raise errors[0]
    return [done[index] for index in sorted(done)]
