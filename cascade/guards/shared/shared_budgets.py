"""Shared budgets: the leased accounts of one process, tended now and then, and given back at its end."""

from __future__ import annotations

import asyncio
import contextlib

from cascade.guards.accounts import Scope
from cascade.guards.shared.killed_leases import CallLog, Whose
from cascade.guards.shared.lease_store import LeaseStore
from cascade.guards.shared.leased_account import LeasedAccount, OnOutage

TEND_S = 1.0
"""Seconds between two looks at what is leased."""


class SharedBudgets:
    """Opens leased accounts, and looks after them; used on one event loop."""

    def __init__(self, store: LeaseStore, *, on_outage: OnOutage = "refuse") -> None:
        """Take the store, and what is done while it cannot be reached."""
        self._store, self._on_outage = store, on_outage
        self._accounts: dict[str, LeasedAccount] = {}
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
        """Begin to look after the accounts; called on the loop, as often as one likes."""
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
        await self._store.aclose()

    def forget(self) -> None:
        """Begin anew: in a forked child, all of it is the parent's."""
        self._tending = None
        self._store.forget()
        for account in self._accounts.values():
            account.forget_flights()

    async def _tend(self) -> None:
        while True:
            writer = "" if self.calls is None else await asyncio.to_thread(self.calls.name)
            for account in tuple(self._accounts.values()):
                await account.tend()
                if self.calls is not None and writer:
                    await account.settle_leases(self.calls, writer)
            await asyncio.sleep(TEND_S)
