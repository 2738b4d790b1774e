"""Budget: what one request's calls are paid from; each try's worst case is reserved before, and settled after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cascade.errors import UnknownPrice
from cascade.exchange import RESENT, ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.accounts import PICO, Day, SpendAccount, pico
from cascade.guards.call_recorder import Charge
from cascade.guards.limits import Limits
from cascade.prices import ASSUMED_OUTPUT_TOKENS, PriceBook, estimate_prompt_tokens, worst_case_usd
from cascade.result import Result

MINIMUM_TOKENS = 64
"""An answer shorter than this is not worth asking for: the call is refused instead."""

CAPS = ("max_completion_tokens", "max_tokens")
"""The parameters that bound an answer's length; one that is set is obeyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a call was not paid for."""

    account: SpendAccount
    """The account that has too little left."""

    message: str
    """What it would have cost, and what is left; for people."""


class Budget:
    """The accounts that one request is paid from; all of them must afford a call, or none of them pays.

    On one event loop nothing happens between the look at an account and the reserve, so any number of requests may
    share one: what is settled never exceeds a limit as long as no call costs more than its worst case.
    """

    def __init__(self, prices: PriceBook, accounts: Sequence[SpendAccount] = ()) -> None:
        self._prices = prices
        self._accounts = tuple(accounts)
        self.maybe_charged_usd = 0.0
        """US dollars that tries without an answer may have cost, at their worst case; no cost of a reply holds them."""
        self.refusal: Refusal | None = None
        """Why a call was refused; None where none was."""

    def admit(self, call: ModelCall) -> tuple[ModelCall, int] | CallFailure:
        """Reserve a try's worst case: prompt tokens and the longest answer, at the requested model's price.

        Where no `max_tokens` is set, the longest answer that is still affordable is sent as one.

        Returns:
            the call to make and the picodollars reserved for it, or the failure to treat it as.
        """
        if not self._accounts:
            return call, 0
        account = min(self._accounts, key=lambda one: one.left)
        left = account.left
        price = self._prices.price(call.model, call.price)
        prompt = estimate_prompt_tokens(call.messages, call.params)
        if not any(call.params.get(name) for name in CAPS):
            one, two = (worst_case_usd(_limited(call, tokens), price, prompt) for tokens in (1, 2))
            affordable = 1 + (left / PICO - one) / (two - one) if two > one else float(ASSUMED_OUTPUT_TOKENS)
            call = _limited(call, int(max(MINIMUM_TOKENS, min(affordable, ASSUMED_OUTPUT_TOKENS))))
        worst = pico(worst_case_usd(call, price, prompt))
        if worst > left:
            return self._refuse(call, worst, account)
        for each in self._accounts:
            each.reserve(worst)
        return call, worst

    def settle(self, call: ModelCall, reserved: int, reply: Response | CallFailure | None) -> Charge:
        """Give back what a try did not use, and return what it was charged.

        Args:
            call: what was asked.
            reserved: the picodollars that were reserved for it.
            reply: what came; None: it was broken off. Like a failure that may have been charged, that costs the
                reserve, since the provider may bill it.
        """
        charged = reply is None or (isinstance(reply, CallFailure) and reply.maybe_charged)
        cost_usd = 0.0 if reply is None else reply.cost_usd
        worst = reserved if self._accounts else self.worst(call) if charged else 0
        # A cost that nobody can tell, or that is none, is the worst case: anything else could be spent twice.
        spent = pico(cost_usd) if cost_usd is not None and 0.0 <= cost_usd < math.inf else worst
        if charged:
            self.maybe_charged_usd += max(0, worst - spent) / PICO
            spent = max(spent, worst)
        if isinstance(reply, Response) and RESENT in reply.flags:
            # Asked twice by the wire: the first time may be billed as well, up to the worst case.
            lost, charged = self.worst(call), True
            self.maybe_charged_usd += lost / PICO
            spent += lost
        for account in self._accounts:
            account.settle(reserved, spent)
        return Charge(pico=spent, maybe=charged)

    def release(self, reserved: int) -> None:
        """Give back the reserve of a call that was never made."""
        for account in self._accounts:
            account.settle(reserved, 0)

    def worst(self, call: ModelCall) -> int:
        """Return the picodollars that a call may cost at most; 0 where nobody knows its price."""
        try:
            price = self._prices.price(call.model, call.price)
        except UnknownPrice:  # without a limit a client may do without prices: a script, recordings
            return 0
        return pico(worst_case_usd(call, price, estimate_prompt_tokens(call.messages, call.params)))

    def _refuse(self, call: ModelCall, worst: int, account: SpendAccount) -> CallFailure:
        whose = {"request": "this request", "run": "this run", "principal": "its principal's day", "day": "the day"}
        message = (
            f"capped by budget, not asked: {call.model} could cost ${worst / PICO:.6f}, and "
            f"${max(0, account.left) / PICO:.6f} is left of the ${account.limit_usd:g} for {whose[account.scope]}"
        )
        self.refusal = Refusal(account=account, message=message)
        return CallFailure(kind=FailureKind.BUDGET, message=message, tries=0)


class DailyBudgets:
    """The accounts of one cascade's days; used on one event loop."""

    def __init__(
        self,
        limits: Limits,
        prices: PriceBook,
        *,
        spent_usd: Mapping[str | None, float] | None = None,
        day: Day | None = None,
    ) -> None:
        """Open the accounts.

        Args:
            limits: what may be spent a day.
            prices: where prices come from.
            spent_usd: what each principal spent today before, as the log tells, so that a restart does not forget.
            day: which day it is; None: by the machine's clocks.
        """
        self._limits = limits
        self._prices = prices
        self._day = day or Day()
        self._number = self._day.number
        self._before = dict(spent_usd or {})
        self._all = (
            None
            if limits.usd_per_day is None
            else SpendAccount("day", limits.usd_per_day, spent_usd=sum(self._before.values()), day=self._day)
        )
        self._own: dict[str | None, SpendAccount] = {}

    def budget(self, request: Request, run: SpendAccount | None = None) -> Budget:
        """Return what a request's calls are paid from: its own limit, its run's, its principal's and the day's."""
        own = None if request.max_cost_usd is None else SpendAccount("request", request.max_cost_usd)
        accounts = (own, run, *self.accounts(request.principal))
        return Budget(self._prices, [account for account in accounts if account is not None])

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
                own = self._own[principal] = SpendAccount("principal", limit_usd, spent_usd=before, day=self._day)
            accounts.append(own)
        return tuple(accounts)


def _limited(call: ModelCall, tokens: int) -> ModelCall:
    return replace(call, params={**call.params, "max_tokens": tokens})


def budget_changes(result: Result[Any], budget: Budget) -> dict[str, Any]:
    """Return the fields of a result that its budget knows: which account ended it, and what may have been charged."""
    changes: dict[str, Any] = {"maybe_charged_usd": budget.maybe_charged_usd}
    if result.outcome == "budget" and budget.refusal is not None:
        changes["flags"] = (*result.flags, f"budget:{budget.refusal.account.scope}")
        changes["error"] = result.error or budget.refusal.message
    return changes
