"""BackgroundLane: work that begins after an answer has gone out; bounded in money, queue and time."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, TypeAlias

from cascade.guards.accounts import Day, SpendAccount
from cascade.loggers import logger_of
from cascade.settings import ObserveLimits

logger = logger_of("cascade.background")

Drop: TypeAlias = Literal["queue", "budget", "closing", "failed"]
"""Why work was dropped: the queue was full, the day's budget was spent, the cascade was closed, it raised."""

Dropped: TypeAlias = Mapping[tuple[int, str, Drop], int]
"""Dropped work by hour (Unix milliseconds of its begin), task and reason."""

AFTER_S = 0.005
"""Seconds after which work begins, so that the answer which it belongs to has gone out."""

PLANNED_S = 60.0
"""Seconds for which a share stays as it is."""

LEAST_SHARE = 0.001
"""The share is never lowered below this: then the account itself refuses."""

DRAIN_S = 10.0
"""Seconds that work in the lane may still take once the cascade is closed."""

_DAY_S, _HOUR_MS = 86_400.0, 3_600_000

Work: TypeAlias = Callable[[], Awaitable[float | None]]
"""What is to be done; returns the US dollars that it cost, or None where the day's budget did not pay for it."""


class BackgroundLane:
    """Runs work on the loop thread behind the answers; used on one event loop.

    Nothing waits for it. The share of requests that are given to it is lowered ahead, by what work has cost and how
    often requests come, so that the day's budget lasts the day: a budget that is spent by noon would leave a sample of
    mornings.
    """

    def __init__(
        self,
        limits: ObserveLimits,
        *,
        spent_usd: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Open it.

        Args:
            limits: what it may do.
            spent_usd: what it spent today before, as the log tells.
            clock: seconds that only grow.
            wall: Unix time in seconds.
        """
        self.limits = limits
        self.account = SpendAccount(
            "observe", limits.max_usd_per_day, spent_usd=spent_usd, day=Day(clock=clock, wall=wall)
        )
        """What work is paid from."""
        self._clock, self._wall = clock, wall
        self._waiting: deque[tuple[str, Work]] = deque()
        self._running: dict[asyncio.Task[None], str] = {}
        self._dropped: Counter[tuple[int, str, Drop]] = Counter()
        self._closing = False
        self._began, self._arrivals = clock(), 0.0
        self._done, self._paid_usd = 0, 0.0
        self._share, self._planned_at = limits.share, -math.inf

    def share(self) -> float:
        """Count one more request that could be observed, and return the share that is: the draw's propensity."""
        self._arrivals += 1
        now = self._clock()
        if now - self._planned_at >= PLANNED_S:
            self._planned_at, self._share = now, self._planned(now)
        return self._share

    def _planned(self, now: float) -> float:
        """Return the share that the rest of the day's budget pays for until the day ends."""
        if not self._paid_usd:
            return self.limits.share
        elapsed = max(now - self._began, PLANNED_S)
        if elapsed > _DAY_S:  # days ago tell less of today
            elapsed, self._arrivals = elapsed / 2, self._arrivals / 2
            self._began = now - elapsed
        left_s = _DAY_S - self._wall() % _DAY_S
        until_midnight = self._paid_usd / self._done * self._arrivals / elapsed * left_s
        lasting = (self.limits.max_usd_per_day - self.account.spent_usd) / until_midnight
        return min(self.limits.share, max(LEAST_SHARE, round(lasting, 3)))

    def offer(self, task: str, work: Work) -> bool:
        """Take work, to begin a moment later; return whether there is room for it. Never waits, never raises."""
        if self._closing:
            self.drop(task, "closing")
        elif len(self._running) < self.limits.concurrency:
            self._start(task, work)
            return True
        elif len(self._waiting) < self.limits.queue:
            self._waiting.append((task, work))
            return True
        else:
            self.drop(task, "queue")
        return False

    def drop(self, task: str, reason: Drop) -> None:
        """Count work that is not done."""
        hour = int(self._wall() * 1000) // _HOUR_MS * _HOUR_MS
        self._dropped[hour, task, reason] += 1

    def paid(self, usd: float) -> None:
        """Learn what work has cost, in US dollars."""
        self._done, self._paid_usd = self._done + 1, self._paid_usd + usd

    def take_dropped(self) -> Dropped:
        """Return what was dropped since this was last asked."""
        dropped, self._dropped = self._dropped, Counter()
        return dropped

    @property
    def idle(self) -> bool:
        """True where nothing runs or waits."""
        return not self._running and not self._waiting

    async def drain(self, timeout_s: float = DRAIN_S) -> None:
        """Take nothing more, let what is in the lane end for so many seconds, then break it off."""
        self._closing = True
        ends_at = self._clock() + timeout_s
        while not self.idle and (left_s := ends_at - self._clock()) > 0:
            await asyncio.wait(tuple(self._running), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        while self._waiting:
            self.drop(self._waiting.popleft()[0], "closing")
        running = tuple(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=1.0)
        self._closing = False  # a cascade that is used again after its close goes on observing

    def forget(self) -> None:
        """Forget what waits and runs: in a forked child, all of it is the parent's."""
        self._waiting.clear()
        self._running.clear()
        self._dropped.clear()
        self.account.forget_flights()

    def _start(self, task: str, work: Work) -> None:
        started = asyncio.get_running_loop().create_task(self._run(task, work))
        self._running[started] = task
        started.add_done_callback(self._ended)

    def _ended(self, ended: asyncio.Task[None]) -> None:
        task = self._running.pop(ended, "")
        if ended.cancelled():
            self.drop(task, "closing")
        if self._waiting and len(self._running) < self.limits.concurrency and not ended.get_loop().is_closed():
            self._start(*self._waiting.popleft())

    async def _run(self, task: str, work: Work) -> None:
        await asyncio.sleep(AFTER_S)
        try:
            paid_usd = await work()
        except Exception:
            logger.exception("an observation of task %s failed", task)
            self.drop(task, "failed")
            return
        if paid_usd is None:
            self.drop(task, "budget")
        else:
            self.paid(paid_usd)
