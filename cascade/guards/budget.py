"""Budget: what one request's calls are paid from; what each try can cost is reserved before, and settled after."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cascade.errors import UnknownPrice
from cascade.exchange import RESENT, ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.finish_reason import cut_off
from cascade.guards.accounts import PICO, SpendAccount, pico
from cascade.guards.call_history import PROMPT_MARGIN, CallHistory
from cascade.guards.call_recorder import Charge
from cascade.guards.expected_charge import EVEN, charge_chance
from cascade.guards.shared.leased_account import LeasedAccount
from cascade.prices import ASSUMED_OUTPUT_TOKENS, PriceBook, estimate_prompt_tokens, output_limit, worst_case_usd
from cascade.result import Result
from cascade.usage import Price, Usage

MINIMUM_TOKENS = 64
"""An answer shorter than this is not worth asking for: the call is refused instead."""

_TICKETS = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a call was not paid for."""

    account: SpendAccount
    """The account that has too little left."""

    message: str
    """What it would have cost, and what is left; for people."""


class Admitted(NamedTuple):
    """A call that may be made."""

    call: ModelCall
    """The call, with a `max_tokens` that makes the reserve a bound."""

    reserved: int
    """Picodollars that are reserved for it."""

    learnt: bool = False
    """Whether its `max_tokens` is what earlier answers had, and not the longest that it could be."""


class Budget:
    """The accounts that one request is paid from; all of them must afford a call, or none of them pays.

    On one event loop nothing happens between the look at an account and the reserve, so any number of requests may
    share one: what is settled never exceeds a limit as long as no call costs more than its reserve.
    """

    def __init__(
        self,
        prices: PriceBook,
        accounts: Sequence[SpendAccount] = (),
        *,
        history: CallHistory | None = None,
        task: str = "default",
    ) -> None:
        """Take what pays.

        Args:
            prices: where prices come from.
            accounts: what the calls are paid from; (): nothing is limited.
            history: what earlier calls consumed; None: nothing is known yet.
            task: the request's task.
        """
        self._prices, self._accounts, self._task = prices, tuple(accounts), task
        self._leased = [account for account in self._accounts if isinstance(account, LeasedAccount)]
        self._history = history or CallHistory()
        self._estimated: tuple[tuple[Any, ...], int] = ((), 0)
        self.maybe_charged_usd = 0.0
        """US dollars that tries without an answer may have cost, at their worst case; no cost of a reply holds them."""
        self.maybe_charged_estimate_usd = 0.0
        """US dollars that these tries have cost in the mean."""
        self.refusal: Refusal | None = None
        """Why a call was refused; None where none was."""
        self.overdue: CallFailure | None = None
        """What a call comes to that still waited for money when its request was broken off; None where none did."""

    async def admit(
        self, call: ModelCall, *, full: bool = False, left_s: float | None = None
    ) -> Admitted | CallFailure:
        """Reserve what a try can cost: the prompt's tokens and the longest answer, at the requested model's price.

        Where the call sets no `max_tokens`, one is sent that makes this a bound: what such answers hardly ever pass,
        where enough of them were seen, else the longest answer; never more than the accounts can come to afford. A
        call whose reserve does not fit waits, after those that came before it, until what is in flight has been
        settled.

        Args:
            call: the call.
            full: whether the longest answer is reserved for, whatever was learnt.
            left_s: seconds after which it waits no more; None: as long as money may come free.

        Returns:
            the call to make and what is reserved for it, or the failure to treat it as.
        """
        if not self._accounts:
            return Admitted(call, 0)
        ticket = next(_TICKETS)
        step = await self._leased_step(call, ticket, full=full)
        return (
            await self._wait(step, call, ticket, full=full, left_s=left_s) if isinstance(step, SpendAccount) else step
        )

    async def _leased_step(self, call: ModelCall, ticket: int, *, full: bool) -> Admitted | CallFailure | SpendAccount:
        """As `_step`, once what the call can cost has been leased of accounts that several processes share."""
        if self._leased:
            worst = self.worst(self._bounded(call, full=full)[0])
            for account in self._leased:
                await account.ensure(worst)
        return self._step(call, ticket, full=full)

    async def _wait(
        self,
        account: SpendAccount,
        call: ModelCall,
        ticket: int,
        *,
        full: bool,
        left_s: float | None,
    ) -> Admitted | CallFailure:
        """Wait in the queue of one account after the other until the call can be paid for, or never will be."""
        try:
            async with asyncio.timeout(left_s):
                while True:
                    await account.turn(ticket)
                    step = await self._leased_step(call, ticket, full=full)
                    if not isinstance(step, SpendAccount):
                        return step
                    if step is not account:
                        account.wake()
                        account = step
        except TimeoutError:
            return self._refuse(call, account, late=True)
        except asyncio.CancelledError:
            self.overdue = self._refuse(call, account, late=True)
            raise
        finally:
            for each in self._accounts:
                each.wake()

    def _step(self, call: ModelCall, ticket: int, *, full: bool) -> Admitted | CallFailure | SpendAccount:
        """Reserve for a call and return it, or refuse it, or return the account to wait for."""
        tightest = min(self._accounts, key=lambda one: one.ceiling)
        wanted, learnt = self._bounded(call, full=full)
        worst = self.worst(wanted)
        if worst > tightest.ceiling and wanted is not call:
            wanted, learnt = self._affordable(wanted, tightest.ceiling), False
            worst = self.worst(wanted)
        if worst > tightest.ceiling:
            return self._refuse(wanted, tightest)
        for each in self._accounts:
            if each.comes_before(ticket) or worst > each.left:
                return each
        for each in self._accounts:
            each.reserve(worst)
        return Admitted(wanted, worst, learnt)

    def _bounded(self, call: ModelCall, *, full: bool) -> tuple[ModelCall, bool]:
        """Return the call with a `max_tokens`, and whether that is what earlier answers had."""
        if output_limit(call.params) is not None:
            return call, False
        bound = None if full else self._history.of(call, self._task).output_bound
        if bound is None or bound >= ASSUMED_OUTPUT_TOKENS:
            return _limited(call, ASSUMED_OUTPUT_TOKENS), False
        return _limited(call, max(MINIMUM_TOKENS, bound)), True

    def _affordable(self, call: ModelCall, ceiling: int) -> ModelCall:
        """Return the call with the longest `max_tokens` that so many picodollars pay for."""
        one, two = (self.worst(_limited(call, count)) for count in (1, 2))
        tokens = 1 + (ceiling - one) // (two - one) if two > one else 0
        return _limited(call, max(MINIMUM_TOKENS, min(tokens, ASSUMED_OUTPUT_TOKENS)))

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
        # An unknown or impossible cost is the worst case: anything else could be spent twice.
        spent = pico(cost_usd) if cost_usd is not None and 0.0 <= cost_usd < math.inf else worst
        if charged:
            chance = charge_chance(reply if isinstance(reply, CallFailure) else None)
            self.carry(max(0, worst - spent), max(0, round(chance * self.expected(call)) - spent))
            spent = max(spent, worst)
        if isinstance(reply, Response):
            if RESENT in reply.flags:
                # Asked twice by the wire: the first time may be billed as well, up to the worst case.
                lost, charged = self.worst(call), True
                self.carry(lost, round(EVEN * self.expected(call)))
                spent += lost
            if not cut_off(reply) and (price := self._price(call)) is not None:
                self._history.saw(call, self._task, reply, price=price, prompt=self._prompt(call))
        for account in self._accounts:
            account.settle(reserved, spent)
        return Charge(pico=spent, maybe=charged)

    def reserve_again(self, call: ModelCall) -> int | None:
        """Reserve a call's worst case once more, since it is to be sent twice; None where an account has too little."""
        worst = self.worst(call) if self._accounts else 0
        if any(account.left < worst for account in self._accounts):
            return None
        for account in self._accounts:
            account.reserve(worst)
        return worst

    def release(self, reserved: int) -> None:
        """Give back the reserve of a call that was never made."""
        for account in self._accounts:
            account.settle(reserved, 0)

    def worst(self, call: ModelCall) -> int:
        """Return the picodollars that a call may cost at most; 0 if its price is unknown."""
        price = self._price(call)
        if price is None:
            return 0
        seen = self._history.of(call, self._task)
        prompt = math.ceil(PROMPT_MARGIN * (self._prompt(call) + seen.added_tokens))
        return pico(worst_case_usd(call, price, prompt, overrun=seen.overrun) + seen.fee_usd)

    def _prompt(self, call: ModelCall) -> int:
        """Return the estimate of a prompt's tokens; that of the last one is remembered, since it is asked for often."""
        read = (call.messages, *(call.params.get(name) for name in ("tools", "functions", "response_format")))
        known, tokens = self._estimated
        if len(known) != len(read) or any(one is not other for one, other in zip(known, read, strict=True)):
            tokens = estimate_prompt_tokens(call.messages, call.params)
            self._estimated = (read, tokens)
        return tokens

    def expected(self, call: ModelCall) -> int:
        """Return the picodollars that an answer to the call costs in the mean, at most its worst case."""
        price = self._price(call)
        if price is None:
            return 0
        output = self._history.of(call, self._task).output_mean
        output = min(output, output_limit(call.params) or output)
        prompt = self._prompt(call)
        usd = price.cost_usd(Usage(input_tokens=prompt, output_tokens=math.ceil(output)))
        return min(pico(usd * price.tier_factor(call.params.get("service_tier"))), self.worst(call))

    def carry(self, most: int, expected: int) -> None:
        """Take over the picodollars that earlier tries may have cost: at their worst case, and in the mean."""
        self.maybe_charged_usd += most / PICO
        self.maybe_charged_estimate_usd += min(expected, most) / PICO

    def _price(self, call: ModelCall) -> Price | None:
        try:
            return self._prices.price(call.model, call.price)
        except UnknownPrice:  # without a limit a client may do without prices: a script, recordings
            return None

    def _refuse(self, call: ModelCall, account: SpendAccount, *, late: bool = False) -> CallFailure:
        whose = {
            "request": "this request", "run": "this run", "principal": "its principal's day", "day": "the day",
            "key": "its key's day", "observe": "a day's observing",
        }  # fmt: skip
        ceiling, left = max(0, account.ceiling), max(0, account.left)
        waited = f"; ${(ceiling - left) / PICO:.6f} more is reserved for calls in flight, and the deadline came first"
        message = (
            f"capped by budget, not asked: {call.model} could cost ${self.worst(call) / PICO:.6f}, and "
            f"${left / PICO:.6f} is left of the ${account.limit_usd:g} for {whose[account.scope]}"
            f"{waited if late else ''}{f' ({account.trouble})' if account.trouble else ''}"
        )
        self.refusal = Refusal(account=account, message=message)
        return CallFailure(kind=FailureKind.BUDGET, message=message, tries=0)


def _limited(call: ModelCall, tokens: int) -> ModelCall:
    return replace(call, params={**call.params, "max_tokens": tokens})


def budget_changes(result: Result[Any], budget: Budget) -> dict[str, Any]:
    """Return the fields of a result that its budget knows: which account ended it, and what may have been charged."""
    changes: dict[str, Any] = {
        "maybe_charged_usd": budget.maybe_charged_usd,
        "maybe_charged_estimate_usd": budget.maybe_charged_estimate_usd,
    }
    if result.outcome == "budget" and budget.refusal is not None:
        changes["flags"] = (*result.flags, f"budget:{budget.refusal.account.scope}")
        changes["error"] = result.error or budget.refusal.message
    return changes
