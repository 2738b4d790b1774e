"""Shared budgets: the leased accounts of one process, tended now and then, and given back at its end."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable

from cascade.guards.accounts import Scope
from cascade.guards.shared.killed_leases import CallLog, Whose
from cascade.guards.shared.lease_store import LeaseStore, StoreUnavailable
from cascade.guards.shared.leased_account import LeasedAccount, OnOutage
from cascade.guards.shared.shared_rates import SharedRates
from cascade.guards.shared.shared_values import SharedValues

TEND_S = 1.0
"""Seconds between two looks at what is leased."""


COUNT_S = 10.0
"""Seconds after which the escalation cap is dealt anew, by the traffic of each process."""


class SharedBudgets:
    """Opens leased accounts, and looks after them; used on one event loop."""

    def __init__(self, store: LeaseStore, *, on_outage: OnOutage = "refuse") -> None:
        """Take the store, and what is done while it cannot be reached."""
        self._store, self._on_outage = store, on_outage
        self._accounts: dict[str, LeasedAccount] = {}
        self.rates = SharedRates(store, on_outage=on_outage)
        """Rates that the processes keep to together."""
        self.values = SharedValues(store)
        """Short texts that the processes keep for each other."""
        self.on_share: Callable[[float], object] | None = None
        """Called with this process's share of the traffic, each time that it is told anew."""
        self._requests, self._counted_at = 0, -math.inf
        self._tending: asyncio.Task[None] | None = None
        self.calls: CallLog | None = None
        """The log by which leases of killed processes are settled; None: they count until the day ends."""

    def account(
        self, scope: Scope, name: str, limit_usd: float, *, spent_usd: float, whose: Whose = None
    ) -> LeasedAccount:
        """Return the account of a name, opened where it is not yet."""
        held = self._accounts.get(name)
        if held is None or held.limit_usd != limit_usd:
            held = LeasedAccount(
                scope, name, limit_usd, self._store, spent_usd=spent_usd, whose=whose, on_outage=self._on_outage
            )
            self._accounts[name] = held
        return held

    def watch(self) -> None:
        """Count a request, and begin to look after the accounts; called on the loop, by each request."""
        self._requests += 1
        if self._tending is None or self._tending.done():
            self._tending = asyncio.get_running_loop().create_task(self._tend())

    async def aclose(self) -> None:
        """Give everything back, and close the store."""
        if self._tending is not None:
            self._tending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._tending
            self._tending = None
        for account in self._accounts.values():
            await account.give_back()
        await self.rates.tend()
        await self._store.aclose()

    def forget(self) -> None:
        """Begin anew: in a forked child, all of it is the parent's."""
        self._tending = None
        self._store.forget()
        self.rates.forget()
        self._requests, self._counted_at = 0, -math.inf
        for account in self._accounts.values():
            account.forget_flights()

    async def _tend(self) -> None:
        while True:
            writer = "" if self.calls is None else await asyncio.to_thread(self.calls.name)
            for account in tuple(self._accounts.values()):
                await account.tend()
                if self.calls is not None and writer:
                    await account.settle_leases(self.calls, writer)
            await self.rates.tend()
            await self._count()
            await asyncio.sleep(TEND_S)

    async def _count(self) -> None:
        """Tell this process's traffic, and learn its share of it."""
        now = time.monotonic()
        if now - self._counted_at < COUNT_S:
            return
        self._counted_at, requests, self._requests = now, self._requests, 0
        try:
            traffic = await self._store.count(requests)
        except StoreUnavailable:  # told by what needs it; the share stays as it was
            self._requests += requests
            return
        self.rates.processes = traffic.processes
        if self.on_share is not None:
            self.on_share(requests / traffic.requests if traffic.requests else 1 / traffic.processes)
