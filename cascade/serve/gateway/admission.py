"""Admission: how many requests run at once, of all and of each key; the next ones wait in a bounded queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cascade.errors import DeadlineExceeded
from cascade.serve.gateway.keyring.key import Key
from cascade.serve.gateway.refusals import queue_full


class Admission:
    """Slots of requests that run; used on one event loop. First come, first served, among those whose key has room."""

    def __init__(self, *, concurrency: int, queue: int, processes: int = 1) -> None:
        """Take the slots of all keys together, the places in the queue, and the processes that share a key's slots."""
        self._concurrency, self._queue, self._processes = concurrency, queue, processes
        self._waiting: list[tuple[Key | None, asyncio.Future[None]]] = []
        self._of_key: Counter[str] = Counter()
        self.running = 0
        """Requests that run."""

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot."""
        return len(self._waiting)

    @asynccontextmanager
    async def slot(self, key: Key | None, left_s: float | None) -> AsyncIterator[None]:
        """Hold a slot; waits for one.

        Args:
            key: the request's key; None: none is asked for.
            left_s: seconds until the request's deadline; None: it has none.

        Raises:
            Refusal: the queue is full.
            DeadlineExceeded: no slot came free in time.
        """
        await self._enter(key, left_s)
        try:
            yield
        finally:
            self._leave(key)

    async def _enter(self, key: Key | None, left_s: float | None) -> None:
        if self._fits(key):
            self._take(key)
            return
        if len(self._waiting) >= self._queue:
            raise queue_full(len(self._waiting))
        place = (key, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        try:
            async with asyncio.timeout(left_s):
                await place[1]
        except TimeoutError:
            if not self._left(place):
                message = f"The deadline passed while {len(self._waiting)} other requests waited for a slot too."
                raise DeadlineExceeded(message) from None
        except asyncio.CancelledError:
            if self._left(place):
                self._leave(key)
            raise

    def _left(self, place: tuple[Key | None, asyncio.Future[None]]) -> bool:
        """Leave the queue; return whether a slot was given in the same moment."""
        if place in self._waiting:
            self._waiting.remove(place)
            return False
        return True

    def _fits(self, key: Key | None) -> bool:
        if key is not None and key.concurrency is not None:
            own = max(1, key.concurrency // self._processes)
            if self._of_key[key.id] >= own:
                return False
        return self.running < self._concurrency

    def _take(self, key: Key | None) -> None:
        self.running += 1
        if key is not None:
            self._of_key[key.id] += 1

    def _leave(self, key: Key | None) -> None:
        self.running -= 1
        if key is not None:
            self._of_key[key.id] -= 1
            if not self._of_key[key.id]:
                del self._of_key[key.id]
        for place in tuple(self._waiting):
            if self.running >= self._concurrency:
                return
            if self._fits(place[0]):
                self._waiting.remove(place)
                self._take(place[0])
                if not place[1].done():
                    place[1].set_result(None)
