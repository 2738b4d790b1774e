"""DailyBudgets: what all requests of a day may cost, and those of any one principal."""

from __future__ import annotations

from collections.abc import Mapping

from cascade.exchange import Request
from cascade.guards.accounts import Day, Scope, SpendAccount
from cascade.guards.budget import Budget
from cascade.guards.call_history import CallHistory
from cascade.guards.limits import Limits
from cascade.guards.shared.killed_leases import Whose
from cascade.guards.shared.shared_budgets import SharedBudgets
from cascade.prices import PriceBook


class DailyBudgets:
    """The accounts of one cascade's days; used on one event loop."""

    def __init__(
        self,
        limits: Limits,
        prices: PriceBook,
        *,
        spent_usd: Mapping[str | None, float] | None = None,
        day: Day | None = None,
        shared: SharedBudgets | None = None,
    ) -> None:
        """Open the accounts.

        Args:
            limits: what may be spent a day.
            prices: where prices come from.
            spent_usd: what each principal spent today before, as the log tells, so that a restart does not forget.
            day: which day it is; None: by the machine's clocks.
            shared: leases of budgets that several processes spend; None: this process alone does.
        """
        self._limits = limits
        self._prices = prices
        self._day = day or Day()
        self._number = self._day.number
        self._before = dict(spent_usd or {})
        self.shared = shared
        """Leases of budgets that several processes spend; None: this process alone does."""
        self._all = (
            None
            if limits.usd_per_day is None
            else self.open("day", "day", limits.usd_per_day, spent_usd=sum(self._before.values()))
        )
        self._own: dict[str | None, SpendAccount] = {}
        self._history = CallHistory()

    def budget(self, request: Request, run: SpendAccount | None = None) -> Budget:
        """Return what a request's calls are paid from: its own limit, its run's, its principal's and the day's."""
        own = None if request.max_cost_usd is None else SpendAccount("request", request.max_cost_usd)
        if self.shared is not None:
            self.shared.watch()
        accounts = (own, run, *self.accounts(request.principal))
        held = [account for account in accounts if account is not None]
        return Budget(self._prices, held, history=self._history, task=request.task)

    def open(
        self, scope: Scope, name: str, limit_usd: float, *, spent_usd: float = 0.0, whose: Whose = None
    ) -> SpendAccount:
        """Open the account of a day, leased where several processes spend it.

        Args:
            scope: whose money it is.
            name: what processes that share it know it by.
            limit_usd: what may be spent.
            spent_usd: what was spent today before.
            whose: the principal whose calls it pays for, in a tuple; None: all.
        """
        if self.shared is not None:
            return self.shared.account(scope, name, limit_usd, spent_usd=spent_usd, whose=whose)
        return SpendAccount(scope, limit_usd, spent_usd=spent_usd, day=self._day)

    def correct(self, principal: str | None, pico: int) -> None:
        """Add picodollars to what a principal spent today; below 0 they are given back."""
        for account in self.accounts(principal):
            account.settle(0, pico)

    def forget_flights(self) -> None:
        """Forget what is in flight: in a forked child, all of it is the parent's."""
        for account in (self._all, *self._own.values()):
            if account is not None:
                account.forget_flights()
        if self.shared is not None:
            self.shared.forget()

    def accounts(self, principal: str | None) -> tuple[SpendAccount, ...]:
        """Return the accounts that a principal's request is paid from, besides its own."""
        if self._day.number != self._number:
            self._number = self._day.number
            self._before.clear()
            self._own = {name: account for name, account in self._own.items() if not account.idle}
        accounts = [] if self._all is None else [self._all]
        if self._limits.principal_usd_per_day is not None:
            own = self._own.get(principal)
            if own is None:
                limit_usd, before = self._limits.principal_usd_per_day, self._before.get(principal, 0.0)
                own = self.open(
                    "principal", f"principal:{principal or ''}", limit_usd, spent_usd=before, whose=(principal,)
                )
                self._own[principal] = own
            accounts.append(own)
        return tuple(accounts)
