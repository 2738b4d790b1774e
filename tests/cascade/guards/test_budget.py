"""Budgets: whoever shares an account never spends more than it holds, whatever the order, whatever goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.clients.wire import may_resend
from cascade.exchange import RESENT, ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.accounts import PICO, Day, SpendAccount, pico
from cascade.guards.budget import MINIMUM_TOKENS, Admitted, Budget
from cascade.guards.daily_budgets import DailyBudgets
from cascade.guards.limits import Limits
from cascade.guards.metered_client import MeteredClient
from cascade.prices import PriceBook
from cascade.usage import Price

PRICES = PriceBook()
PRICE = Price(input_usd=0.0, output_usd=1e-6)
CALL = ModelCall(
    rung="small", model="test/a", messages=({"role": "user", "content": "hi"},), price=PRICE, params={"max_tokens": 100}
)
WORST_USD = 100e-6


def answered(cost_usd: float | None) -> Response:
    """Return an answer that cost so much."""
    return replace(scripted("yes"), cost_usd=cost_usd)


def admitted(budget: Budget, call: ModelCall = CALL) -> Admitted | CallFailure:
    """Admit a call, or be refused at once."""
    return asyncio.run(budget.admit(call, left_s=0))


replies = st.one_of(
    st.floats(0, WORST_USD).map(answered),
    st.sampled_from(list(FailureKind)).map(lambda kind: CallFailure(kind=kind, message="no")),
    st.none(),
)


@given(st.floats(0, 0.001), st.lists(st.tuples(st.booleans(), st.integers(0, 9), replies), max_size=80))
def test_what_is_settled_never_exceeds_the_limit_in_any_order(limit_usd, events):
    asyncio.run(_in_order(SpendAccount("run", limit_usd), events))


async def _in_order(account: SpendAccount, events) -> None:
    flying, told = [], 0.0
    for begins, which, reply in events:
        if begins or not flying:
            budget = Budget(PRICES, [account])
            got = await budget.admit(CALL, left_s=0)
            if not isinstance(got, CallFailure):
                flying.append((budget, got))
        else:
            budget, got = flying.pop(which % len(flying))
            budget.settle(got.call, got.reserved, reply)
            told += budget.maybe_charged_usd + (reply.cost_usd or 0.0 if reply is not None else 0.0)
            assert 0 <= budget.maybe_charged_estimate_usd <= budget.maybe_charged_usd
        assert account.left >= 0
        assert account.spent_usd <= account.limit_usd + 1 / PICO
    assert account.spent_usd == pytest.approx(told, abs=1e-9)


@given(st.integers(1, 200), st.floats(1e-5, 1))
def test_a_limit_of_so_many_equal_calls_pays_for_exactly_so_many(count, scale):
    call = replace(CALL, price=Price(input_usd=0.0, output_usd=round(scale * 1e-6, 12)))
    account = SpendAccount("day", count * 100 * round(scale * 1e-6, 12))
    budget = Budget(PRICES, [account])

    async def all_of_them() -> list[Admitted | CallFailure]:
        return [await budget.admit(call, left_s=0) for _ in range(count + 5)]

    assert sum(not isinstance(one, CallFailure) for one in asyncio.run(all_of_them())) == count


def test_two_hundred_at_once_never_overspend_and_none_is_asked_in_vain():
    account = SpendAccount("run", 50 * WORST_USD)
    client = ScriptedClient({"small": scripted("yes", cost_usd=WORST_USD)})

    async def all_at_once() -> list[Response | CallFailure]:
        return await asyncio.gather(*(MeteredClient(client, Budget(PRICES, [account])).ask(CALL) for _ in range(200)))

    got = asyncio.run(all_at_once())
    assert len(client.calls) == 50
    assert sum(isinstance(reply, CallFailure) and reply.tries == 0 for reply in got) == 150
    assert account.left == 0


@pytest.mark.parametrize("scope", ["request", "run", "principal", "day"])
def test_the_tightest_account_refuses_and_is_named(scope):
    accounts = [
        SpendAccount(name, 1.0 if name != scope else 0.00001) for name in ("request", "run", "principal", "day")
    ]
    budget = Budget(PRICES, accounts)
    refused = admitted(budget)
    assert isinstance(refused, CallFailure)
    assert "capped by budget" in refused.message
    assert budget.refusal.account.scope == scope
    assert all(account.idle for account in accounts), "where one cannot pay, none does"


def test_the_longest_affordable_answer_is_asked_for_down_to_a_minimum():
    call = replace(CALL, params={})
    longest = admitted(Budget(PRICES, [SpendAccount("request", 200e-6)]), call)
    assert longest.call.params["max_tokens"] == 200
    poor = Budget(PRICES, [SpendAccount("request", (MINIMUM_TOKENS - 1) * 1e-6)])
    assert isinstance(admitted(poor, call), CallFailure)


def test_without_a_limit_a_call_is_sent_as_it_is_and_what_it_may_have_cost_is_told_all_the_same():
    budget = Budget(PRICES)
    call, reserved, _ = admitted(budget)
    assert call is CALL
    budget.settle(call, reserved, CallFailure(kind=FailureKind.TIMEOUT, message="late"))
    assert budget.maybe_charged_usd == pytest.approx(WORST_USD)


def test_what_was_sent_twice_may_be_charged_twice():
    account = SpendAccount("request", 1.0)
    budget = Budget(PRICES, [account])
    call, reserved, _ = admitted(budget)
    charge = budget.settle(call, reserved, replace(answered(1e-6), flags=(RESENT,)))
    assert (charge.maybe, budget.maybe_charged_usd) == (True, pytest.approx(WORST_USD))
    assert account.left / PICO == pytest.approx(1.0 - 1e-6 - WORST_USD)


class Resending(ScriptedClient):
    """A client whose kept connection closed so late that the call may be billed twice."""

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        if may_resend():
            return replace(answered(WORST_USD), flags=(RESENT,))
        return CallFailure(kind=FailureKind.DROPPED, message="closed")


@pytest.mark.parametrize(("limit", "sent_twice"), [(1.5, False), (2.0, True), (10.0, True)])
def test_a_call_is_sent_twice_only_where_both_can_be_paid_for(limit, sent_twice):
    account = SpendAccount("request", limit * WORST_USD)
    reply = asyncio.run(MeteredClient(Resending(), Budget(PRICES, [account])).ask(CALL))
    assert isinstance(reply, Response) is sent_twice
    assert account.idle
    assert account.spent_usd == pytest.approx((1 + sent_twice) * WORST_USD)
    assert account.left >= 0
    assert may_resend()


@pytest.mark.parametrize("cost", [None, float("nan"), -1.0, float("inf")])
def test_a_cost_that_is_none_counts_as_the_worst_case(cost):
    account = SpendAccount("day", 1.0)
    budget = Budget(PRICES, [account])
    call, reserved, _ = admitted(budget)
    budget.settle(call, reserved, answered(cost))
    assert account.spent_usd == pytest.approx(WORST_USD)


def test_a_broken_off_try_keeps_its_reserve_and_the_next_one_pays_anew():
    account = SpendAccount("request", 2.5 * WORST_USD)

    async def hang(_: ModelCall) -> None:
        await asyncio.Event().wait()

    async def once(client: ScriptedClient) -> None:
        async with asyncio.timeout(0.001):
            await MeteredClient(client, Budget(PRICES, [account])).ask(CALL)

    for _ in range(2):
        with pytest.raises(TimeoutError):
            asyncio.run(once(ScriptedClient(default="x", before=hang)))
    assert account.spent_usd == pytest.approx(2 * WORST_USD)
    assert account.idle


class Clocks:
    """A wall clock and a monotonic one, moved by hand."""

    def __init__(self) -> None:
        self.wall_s, self.monotonic_s = 20 * 86_400 + 3600.0, 5.0

    def day(self) -> Day:
        """Return the day that they tell."""
        return Day(clock=lambda: self.monotonic_s, wall=lambda: self.wall_s)


def test_a_day_ends_at_midnight_utc_by_the_monotonic_clock():
    clocks = Clocks()
    account = SpendAccount("day", 1.0, spent_usd=0.75, day=clocks.day())
    clocks.wall_s += 10 * 86_400  # somebody sets the clock
    assert account.left == pico(0.25)
    account.reserve(pico(0.1))
    clocks.monotonic_s += 23 * 3600 - 1
    assert account.left == pico(0.15)
    clocks.monotonic_s += 1
    assert account.left == pico(0.9), "what is in flight at midnight stays reserved"
    account.settle(pico(0.1), pico(0.05))
    assert account.left == pico(0.95)


def test_principals_have_their_own_day_and_all_share_one():
    clocks = Clocks()
    limits = Limits(usd_per_day=1.0, principal_usd_per_day=0.4)
    ledger = DailyBudgets(limits, PRICES, spent_usd={"acme": 0.3, None: 0.1}, day=clocks.day())
    left = {name: [account.left / PICO for account in ledger.accounts(name)] for name in ("acme", None, "new")}
    assert left == {"acme": [0.6, 0.1], None: [0.6, 0.3], "new": [0.6, 0.4]}
    clocks.monotonic_s += 86_400
    assert [account.left / PICO for account in ledger.accounts("acme")] == [1.0, 0.4]


def test_a_request_pays_from_every_account_at_once():
    ledger = DailyBudgets(Limits(usd_per_day=1.0, principal_usd_per_day=0.5), PRICES)
    run = SpendAccount("run", 0.7)
    budget = ledger.budget(Request.of("?", principal="acme", max_cost_usd=0.2), run)
    call, reserved, _ = admitted(budget)
    budget.settle(call, reserved, answered(5e-6))
    assert [account.spent_usd for account in (run, *ledger.accounts("acme"))] == [5e-6, 5e-6, 5e-6]
