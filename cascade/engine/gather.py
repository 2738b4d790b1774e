"""Bounded concurrency: applies work to many items, several at once, and yields or collects what is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from cascade.errors import CascadeError, ConfigError

Item = TypeVar("Item")
Done = TypeVar("Done")

AHEAD = 2
"""Most items that are begun and not yet taken by the consumer, as a multiple of the concurrency."""

GRACE_S = 0.5
"""Grace period, in seconds, for cancelled work."""


async def stream_bounded(
    work: Callable[[int, Item], Awaitable[Done]], items: Iterable[Item], concurrency: int, *, ordered: bool = False
) -> AsyncGenerator[list[tuple[int, Done]]]:
    """Run `work(index, item)` on many items with bounded concurrency, and yield lists of index and outcome.

    An item is taken when its work begins, so a lazy iterable is read as far as that, and never further than `AHEAD`
    times the concurrency before the consumer.

    Args:
        work: the work on one item.
        items: the items.
        concurrency: maximum number of items at work.
        ordered: yield outcomes in the order of the items, not as they finish.

    Raises:
        CascadeError: the first that an item, or reading the next one, raised; after started items have finished.
    """
    if concurrency < 1:
        message = f"concurrency is {concurrency}; a whole number of 1 or more was expected."
        raise ConfigError(message)
    crew = _Crew(work, items, concurrency)
    waiting: dict[int, Done] = {}
    wanted = 0
    try:
        while (ready := await crew.finished()) is not None:
            if ordered:
                waiting.update(ready)
                ready = []
                while wanted in waiting:
                    ready.append((wanted, waiting.pop(wanted)))
                    wanted += 1
            if ready:
                yield ready
                crew.taken(len(ready))
        if waiting:  # an item before them failed, and has no outcome
            yield sorted(waiting.items())
    finally:
        await crew.dismiss()
    if crew.errors:
        raise crew.errors[0]


class _Crew(Generic[Item, Done]):
    """The workers of a stream."""

    def __init__(self, work: Callable[[int, Item], Awaitable[Done]], items: Iterable[Item], concurrency: int) -> None:
        self.errors: list[CascadeError] = []
        self._work, self._numbered = work, enumerate(items)
        self._room = asyncio.Semaphore(AHEAD * concurrency)
        self._done: asyncio.Queue[tuple[int, Done] | asyncio.Task[None]] = asyncio.Queue()
        self._workers = {asyncio.create_task(self._worker()) for _ in range(concurrency)}
        for each in self._workers:
            each.add_done_callback(self._done.put_nowait)

    async def _worker(self) -> None:
        try:
            while True:
                await self._room.acquire()
                # Started items finish, since they are paid for; no new one starts after an error.
                if self.errors or (taken := next(self._numbered, None)) is None:
                    break
                self._done.put_nowait((taken[0], await self._work(*taken)))
        except CascadeError as error:
            self.errors.append(error)
        self._room.release()  # so that the other workers see that it is over

    async def finished(self) -> list[tuple[int, Done]] | None:
        """Wait until something is finished, and return all that is; None at the end."""
        if not self._workers and self._done.empty():
            return None
        batch = [await self._done.get()]
        while not self._done.empty():
            batch.append(self._done.get_nowait())
        ready = []
        for one in batch:
            if isinstance(one, asyncio.Task):
                self._workers.discard(one)
                one.result()  # raises what is no CascadeError
            else:
                ready.append(one)
        return ready

    def taken(self, count: int) -> None:
        """Make room for as many items as the consumer has taken."""
        for _ in range(count):
            self._room.release()

    async def dismiss(self) -> None:
        """Cancel what is still at work."""
        for each in self._workers:
            each.cancel()
        if self._workers:
            await asyncio.wait(self._workers, timeout=GRACE_S)


async def gather_bounded(
    work: Callable[[int, Item], Awaitable[Done]], items: Iterable[Item], concurrency: int
) -> list[Done]:
    """Run `work(index, item)` on many items with bounded concurrency, and return the outcomes in order.

    Raises:
        CascadeError: the first that an item raised, after started items have finished.
    """
    done: dict[int, Done] = {}
    async for batch in stream_bounded(work, items, concurrency):
        done.update(batch)
    return [done[index] for index in sorted(done)]


class Turns(Generic[Done]):
    """An asynchronous generator whose next value and end are asked for by tasks that may overlap."""

    def __init__(self, generator: AsyncGenerator[Done]) -> None:
        self._generator = generator
        self._turn = asyncio.Lock()

    async def next(self) -> Done | None:
        """Return the next value; None at the end."""
        async with self._turn:
            return await anext(self._generator, None)

    async def close(self) -> None:
        """End the generator, once a cancelled `next` has ended."""
        async with self._turn:
            await self._generator.aclose()
