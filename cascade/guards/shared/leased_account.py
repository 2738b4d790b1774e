"""Leased account: a day's budget that several processes spend, each by leases that it takes ahead from a store."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Literal

from cascade.guards.accounts import Scope, SpendAccount, pico
from cascade.guards.shared.killed_leases import CallLog, Whose, settle_killed
from cascade.guards.shared.lease_store import Held, Hold, LeaseStore, StoreUnavailable
from cascade.loggers import logger_of

OnOutage = Literal["refuse", "local_share"]

AHEAD_S = 2.0
"""Seconds of spending that a lease takes ahead, as fast as it was since the last one."""

IDLE_S = 5.0
"""Seconds without a call after which what is leased and not spent is given back."""

RENEW_S = 5.0
"""Seconds after which a lease is renewed."""

AGAIN_S = 1.0
"""Seconds after which a store that could not be reached is asked again."""

SETTLE_S = 5.0
"""Seconds after which leases of killed processes are looked for again."""

IN_USE_S = 60.0
"""Seconds after its last call for which they are looked for."""

POOR_S = 0.25
"""Seconds for which a store that had too little is not asked again for as much."""

_DAY_S = 86_400
_log = logger_of("cascade.shared")


class LeasedAccount(SpendAccount):
    """A budget of a UTC day, of which this process may spend what it has leased; used on one event loop.

    What it has leased and not spent is lost to the others until it is given back; if the process is killed, it counts
    as spent for that day: a budget is never passed.
    """

    def __init__(
        self,
        scope: Scope,
        name: str,
        limit_usd: float,
        store: LeaseStore,
        *,
        spent_usd: float = 0.0,
        whose: Whose = None,
        on_outage: OnOutage = "refuse",
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Open it; nothing is leased yet.

        Args:
            scope: whose money it is.
            name: what the store knows it by.
            limit_usd: what all processes together may spend a day.
            store: the store.
            spent_usd: what was spent today before, as the log tells; counts where the store knows nothing yet.
            whose: whose calls it pays for, as the log tells them apart; None: all.
            on_outage: where the store cannot be reached: spend only what is leased, or also an even share of what was
                left at the last contact.
            clock: seconds that only grow.
            wall: Unix time in seconds.
        """
        super().__init__(scope, limit_usd)
        self._name, self._store, self._on_outage = name, store, on_outage
        self._whose, self._writer, self._told_writer = whose, "", ""
        self._settled_at = clock() - SETTLE_S
        self._clock, self._wall = clock, wall
        self._whole, self._limit = self._limit, 0
        self._day_number = self._today()
        self._before, self._before_day = pico(spent_usd), self._day_number
        self._asking = asyncio.Lock()
        self._room_share = 0
        self._asked_at = self._used_at = clock()
        self._spent_then = 0
        self._failed_at: float | None = None
        self._lacked = (0, -POOR_S)

    async def ensure(self, worst: int) -> None:
        """Lease what a call can cost at most, if it is not leased yet; what cannot be leased is then refused."""
        self._turn()
        self._used_at = self._clock()
        if worst <= self.left:
            return
        async with self._asking:
            if worst > self.left and not self._poor(worst):
                elapsed = max(0.05, self._clock() - self._asked_at)
                ahead = round(AHEAD_S * max(0, self._spent - self._spent_then) / elapsed)
                await self._hold(worst, worst + min(ahead, self._whole))

    def _poor(self, worst: int) -> bool:
        """Tell whether the store had less than that a moment ago, so that it need not be asked by every request."""
        least, at = self._lacked
        return worst >= least and self._clock() - at < POOR_S

    async def tend(self) -> None:
        """Renew what is leased, and give back what is idle; called now and then."""
        self._turn()
        if not self._limit or (self._clock() - self._asked_at < RENEW_S and self._writer == self._told_writer):
            return
        async with self._asking:
            idle = self._clock() - self._used_at >= IDLE_S
            unused = 0 if idle else max(0, self.left)
            await self._hold(unused, unused)

    async def settle_leases(self, calls: CallLog, writer: str) -> None:
        """Settle the leases of killed processes by the log, now and then while the account is in use.

        Args:
            calls: the log.
            writer: by which others could settle this process's lease.
        """
        self._writer = writer
        now = self._clock()
        if now - self._settled_at < SETTLE_S or now - self._used_at > IN_USE_S:
            return
        self._settled_at = now
        with contextlib.suppress(StoreUnavailable):  # told where a lease is taken
            if await settle_killed(self._store, calls, self._name, self._whose, self._day_number):
                self.wake()

    async def give_back(self) -> None:
        """Give back what is not spent: the process ends."""
        if self._limit:
            async with self._asking:
                await self._hold(0, 0)

    def forget_flights(self) -> None:
        """Hold nothing: in a forked child, leases are the parent's."""
        super().forget_flights()
        self._limit = self._spent = self._spent_then = 0
        self._writer = self._told_writer = ""
        self._asking = asyncio.Lock()

    async def _hold(self, need: int, want: int) -> None:
        now = self._clock()
        if self._failed_at is not None and now - self._failed_at < AGAIN_S:
            return
        before = self._before if self._day_number == self._before_day else 0
        if not want:  # nobody may spend what is on its way back, answered or not
            self._limit = self._spent + self._reserved
        keep, day, writer = self._spent + self._reserved, self._day_number, self._writer
        try:
            held = await self._store.hold(Hold(self._name, day, self._whole, keep, need, want, before, writer))
        except StoreUnavailable as error:
            self._outage(error, need)
            return
        if self._failed_at is not None:
            _log.warning("The store of shared budgets answers again.")
        self._failed_at, self.trouble = None, ""
        self._told_writer = writer
        if day == self._day_number:
            self._take(held)
            if held.leased - keep < need:
                self._lacked = (need, self._clock())
        self._asked_at, self._spent_then = self._clock(), self._spent

    def _take(self, held: Held) -> None:
        self._limit, self._room_share = held.leased, held.room // held.holders
        self.wake()

    def _outage(self, error: StoreUnavailable, need: int) -> None:
        if self._failed_at is None:
            _log.error("%s Until it answers, %s.", error, _DONE[self._on_outage])
        self._failed_at, self.trouble = self._clock(), str(error).rstrip(".")
        if self._on_outage == "local_share":
            more = min(need, self._room_share)
            self._limit, self._room_share = self._limit + more, self._room_share - more

    def _turn(self) -> None:
        today = self._today()
        if today != self._day_number:  # what is in flight at midnight is settled on the new day
            self._day_number, self._spent, self._spent_then, self._limit, self._room_share = today, 0, 0, 0, 0

    def _today(self) -> int:
        return int(self._wall() // _DAY_S)


_DONE = {
    "refuse": "only what is leased already is spent",
    "local_share": "this process spends an even share of what was left",
}
