"""Account: a sum of money that calls are paid from; the worst case is reserved before a call, and settled after."""

from __future__ import annotations

import asyncio
import math
import time
from bisect import insort
from collections.abc import Callable
from typing import Literal

from cascade.errors import ConfigError

Scope = Literal["request", "run", "key", "principal", "day", "observe"]
"""Whose money it is: one request's, one bulk run's, one key's for a day, one principal's, everybody's, the lane's."""

PICO = 10**12
"""Picodollars in a US dollar. Money is counted in whole ones, so that thousands of sums never drift past a limit."""

_DAY_S = 86_400


def pico(usd: float) -> int:
    """Return US dollars as whole picodollars (a millionth of the price of a token at $1 per million)."""
    return round(usd * PICO)


def midnight_ms() -> int:
    """Return when today began, UTC, in Unix milliseconds."""
    return int(time.time() // _DAY_S) * _DAY_S * 1000


class Day:
    """Which day it is, in UTC when it is made and by the monotonic clock from then on: a wall clock may jump."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._origin_s = clock() - wall() % _DAY_S

    @property
    def number(self) -> int:
        """Days since the one on which it was made."""
        return int((self._clock() - self._origin_s) // _DAY_S)


class SpendAccount:
    """So many US dollars; used on one event loop, so it needs no lock.

    Calls that it cannot pay for while others are in flight wait in a queue, first come, first served. Whoever settles,
    or leaves the queue, wakes the first of it.
    """

    def __init__(self, scope: Scope, limit_usd: float, *, spent_usd: float = 0.0, day: Day | None = None) -> None:
        """Open one.

        Args:
            scope: whose money it is.
            limit_usd: what may be spent.
            spent_usd: what was spent before.
            day: where the limit is for a day, which day it is.

        Raises:
            ConfigError: the limit is no sum of money.
        """
        if not 0.0 <= limit_usd < math.inf:
            message = f"The budget of the {scope} is {limit_usd!r}; US dollars, 0 or more, were expected."
            raise ConfigError(message)
        self.scope: Scope = scope
        self.trouble = ""
        """Why it cannot pay all that its limit allows: the store that it shares cannot be reached; '' where it can."""
        self.limit_usd = limit_usd
        self._limit = pico(limit_usd)
        self._spent = pico(spent_usd)
        self._reserved = 0
        self._day = day
        self._number = 0 if day is None else day.number
        self._queue: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def left(self) -> int:
        """Picodollars that are neither spent nor reserved; below 0 where a call cost more than its worst case."""
        self._turn()
        return self._limit - self._spent - self._reserved

    @property
    def ceiling(self) -> int:
        """Picodollars that are left once all that is in flight has ended, if that costs nothing."""
        self._turn()
        return self._limit - self._spent

    @property
    def spent_usd(self) -> float:
        """US dollars that were spent, calls that may have been charged at their worst case."""
        self._turn()
        return self._spent / PICO

    @property
    def idle(self) -> bool:
        """True where nothing is reserved."""
        return self._reserved == 0

    def reserve(self, amount: int) -> None:
        """Take picodollars out until they are settled; look at `left` first."""
        self._reserved += amount

    def settle(self, reserved: int, spent: int) -> None:
        """Put a reserve back, less what was spent."""
        self._turn()
        self._reserved -= reserved
        self._spent += spent
        self.wake()

    def comes_before(self, ticket: int) -> bool:
        """Return whether an earlier ticket waits."""
        return bool(self._queue) and self._queue[0][0] < ticket

    async def turn(self, ticket: int) -> None:
        """Wait in the queue until something may have changed for its first; tickets say who came first."""
        place = (ticket, asyncio.get_running_loop().create_future())
        insort(self._queue, place, key=lambda each: each[0])
        try:
            await place[1]
        finally:
            self._queue.remove(place)

    def wake(self) -> None:
        """Let the first of the queue look again."""
        if self._queue and not (first := self._queue[0][1]).done():
            first.set_result(None)

    def forget_flights(self) -> None:
        """Forget what is reserved, and who waits: in a forked child, all of it is the parent's."""
        self._reserved = 0
        self._queue = []

    def _turn(self) -> None:
        # What is in flight at midnight stays reserved, and is settled on the new day.
        if self._day is not None and self._day.number != self._number:
            self._number, self._spent = self._day.number, 0


def run_account(limit_usd: float | None) -> SpendAccount | None:
    """Open the account of a bulk run; None where it has no limit."""
    return None if limit_usd is None else SpendAccount("run", limit_usd)
