"""Waiting for money: what does not fit waits its turn, no limit is passed, nobody waits for what cannot come."""

from __future__ import annotations

import asyncio
import random
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import BudgetExceeded
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.accounts import SpendAccount
from cascade.guards.budget import Admitted, Budget
from cascade.guards.call_history import KNOWN_FROM, CallHistory
from cascade.guards.call_recorder import NullRecorder
from cascade.guards.daily_budgets import DailyBudgets
from cascade.guards.limits import Limits
from cascade.guards.metered_client import ask_metered
from cascade.ladder import Ladder, Rung
from cascade.prices import ASSUMED_OUTPUT_TOKENS, PriceBook
from cascade.usage import Price, Usage
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
PRICES, PRICE = PriceBook(), Price(input_usd=0.0, output_usd=1e-6)
OPEN = ModelCall(rung="small", model="test/a", messages=({"role": "user", "content": "hi"},), price=PRICE)
CALL = replace(OPEN, params={"max_tokens": 100})
WORST_USD = 100e-6
HOW = st.sampled_from(["settle", "fail", "cancel", "late"])


def answer(tokens: int, finish: str = "stop") -> Response:
    """Return an answer of so many tokens."""
    usage = Usage(input_tokens=1, output_tokens=tokens)
    return replace(scripted("yes", finish_reason=finish, cost_usd=tokens * 1e-6), usage=usage)


async def turns(times: int = 20) -> None:
    """Let every other task run as far as it can."""
    for _ in range(times):
        await asyncio.sleep(0)


async def taken(budget: Budget, call: ModelCall = CALL) -> Admitted:
    """Admit a call at once."""
    got = await budget.admit(call, left_s=0)
    assert isinstance(got, Admitted)
    return got


def test_a_call_that_does_not_fit_waits_until_another_is_settled() -> None:
    async def tell() -> None:
        account = SpendAccount("day", WORST_USD)
        first, second = Budget(PRICES, [account]), Budget(PRICES, [account])
        got = await taken(first)
        waiting = asyncio.create_task(second.admit(CALL))
        await turns()
        assert not waiting.done()
        first.settle(got.call, got.reserved, answer(0))
        admitted = await waiting
        assert isinstance(admitted, Admitted)
        second.settle(admitted.call, admitted.reserved, answer(5))
        assert account.idle

    asyncio.run(tell())


def test_nobody_waits_for_what_cannot_come_free() -> None:
    async def tell() -> None:
        account = SpendAccount("day", WORST_USD * 1.5)
        first, second = Budget(PRICES, [account]), Budget(PRICES, [account])
        got = await taken(first)
        dear = await second.admit(replace(CALL, params={"max_tokens": 151}))
        assert isinstance(dear, CallFailure), "it would not fit into an account with nothing in flight"
        waiting = asyncio.create_task(second.admit(CALL))
        await turns()
        first.settle(got.call, got.reserved, None)
        refused = await waiting
        assert isinstance(refused, CallFailure)
        assert "capped by budget, not asked" in refused.message
        assert account.idle

    asyncio.run(tell())


def test_at_its_deadline_it_is_refused_and_says_what_is_in_flight() -> None:
    async def tell() -> None:
        account = SpendAccount("principal", WORST_USD)
        got = await taken(first := Budget(PRICES, [account]))
        late = Budget(PRICES, [account])
        refused = await late.admit(CALL, left_s=0.001)
        assert isinstance(refused, CallFailure)
        assert (refused.kind, refused.tries) == (FailureKind.BUDGET, 0)
        assert "$0.000100 more is reserved for calls in flight" in refused.message
        assert late.refusal.account is account
        first.settle(got.call, got.reserved, answer(100))
        assert account.idle

    asyncio.run(tell())


def test_first_come_first_served_and_a_small_call_does_not_overtake() -> None:
    async def tell() -> None:
        account, order = SpendAccount("day", WORST_USD), []

        async def pays(name: str, tokens: int) -> None:
            budget = Budget(PRICES, [account])
            got = await budget.admit(replace(CALL, params={"max_tokens": tokens}))
            order.append(name)
            await turns()
            budget.settle(got.call, got.reserved, answer(0))

        got = await taken(holding := Budget(PRICES, [account]), replace(CALL, params={"max_tokens": 50}))
        tasks = [asyncio.create_task(pays(name, size)) for name, size in (("big", 100), ("small", 1), ("tiny", 1))]
        await turns()
        assert order == [], "there is room for the small one, and it is not its turn"
        holding.settle(got.call, got.reserved, answer(0))
        await asyncio.gather(*tasks)
        assert order == ["big", "small", "tiny"]
        assert account.idle

    asyncio.run(tell())


def test_who_waits_for_his_own_account_keeps_nobody_from_the_shared_one() -> None:
    async def tell() -> None:
        ledger = DailyBudgets(Limits(usd_per_day=1.0, principal_usd_per_day=WORST_USD), PRICES)
        acme = [ledger.budget(Request.of("?", principal="acme")) for _ in range(2)]
        got = await taken(acme[0])
        waiting = asyncio.create_task(acme[1].admit(CALL))
        await turns()
        other = ledger.budget(Request.of("?", principal="other"))
        assert isinstance(await other.admit(CALL, left_s=0), Admitted)
        assert not waiting.done()
        acme[0].settle(got.call, got.reserved, answer(0))
        assert isinstance(await waiting, Admitted)

    asyncio.run(tell())


def test_one_who_gives_up_leaves_the_queue_and_lets_the_next_one_in() -> None:
    async def tell() -> None:
        account = SpendAccount("day", WORST_USD)
        budgets = [Budget(PRICES, [account]) for _ in range(3)]
        got = await taken(budgets[0])
        gives_up, stays = (asyncio.create_task(budget.admit(CALL)) for budget in budgets[1:])
        await turns()
        budgets[0].settle(got.call, got.reserved, answer(0))
        gives_up.cancel()  # in the moment in which it was its turn
        with pytest.raises(asyncio.CancelledError):
            await gives_up
        assert isinstance(await stays, Admitted)
        assert account.left == 0

    asyncio.run(tell())


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 60), HOW),
                min_size=1, max_size=60), st.integers(50, 400))  # fmt: skip
def test_whatever_happens_every_limit_holds_and_nobody_is_forgotten(events, cents) -> None:
    async def tell() -> None:
        ledger = DailyBudgets(Limits(usd_per_day=cents * 1e-6, principal_usd_per_day=cents * 0.5e-6), PRICES)
        watched = {name: ledger.accounts(name) for name in "abcde"}

        async def pays(who: int, size: int, how: str) -> None:
            budget = ledger.budget(Request.of("?", principal="abcde"[who]))
            got = await budget.admit(replace(CALL, params={"max_tokens": size}), left_s=0 if how == "late" else None)
            if isinstance(got, CallFailure):
                return
            assert all(account.left >= 0 for accounts in watched.values() for account in accounts)
            reply = None
            try:
                await turns(size % 7)
                timeout = CallFailure(kind=FailureKind.TIMEOUT, message="late")
                reply = timeout if how == "fail" else answer(size // 2)
            finally:
                budget.settle(got.call, got.reserved, reply)

        tasks = [asyncio.create_task(pays(*event)) for event in events]
        await turns(3)
        for task, (_, _, how) in zip(tasks, events, strict=True):
            if how == "cancel":
                task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
        for accounts in watched.values():
            assert all(account.idle and account.spent_usd <= account.limit_usd + 1e-12 for account in accounts)

    asyncio.run(tell())


def test_a_reserve_is_learnt_from_what_such_calls_had_and_stays_a_bound() -> None:
    async def tell() -> None:
        account, history = SpendAccount("day", 1.0), CallHistory()
        budget = Budget(PRICES, [account], history=history)
        for number in range(KNOWN_FROM):
            got = await taken(budget, OPEN)
            assert got.call.params == {"max_tokens": ASSUMED_OUTPUT_TOKENS}
            budget.settle(got.call, got.reserved, answer(100 + number))
        got = await taken(budget, OPEN)
        assert (got.call.params, got.learnt) == ({"max_tokens": 2 * (100 + KNOWN_FROM - 1)}, True)
        assert got.reserved == budget.worst(got.call)
        full = await budget.admit(OPEN, full=True)
        assert full.call.params == {"max_tokens": ASSUMED_OUTPUT_TOKENS}
        own = await taken(budget, CALL)
        assert own.call is CALL, "a caller's own max_tokens is obeyed"
        other = await taken(Budget(PRICES, [account], history=history, task="else"), OPEN)
        assert other.call.params == {"max_tokens": ASSUMED_OUTPUT_TOKENS}, "another task's answers tell nothing"

    asyncio.run(tell())


def test_a_provider_that_does_not_keep_to_max_tokens_is_reserved_for_what_it_had() -> None:
    async def tell() -> None:
        budget = Budget(PRICES, [SpendAccount("day", 1.0)], history=CallHistory())
        got = await taken(budget)
        budget.settle(got.call, got.reserved, answer(700))
        assert (await taken(budget)).reserved == 700 * 10**6

    asyncio.run(tell())


def test_a_fee_beside_the_tokens_and_what_is_added_to_prompts_are_reserved_for_once_seen() -> None:
    async def tell() -> None:
        price = Price(input_usd=1e-6, output_usd=0.0)
        call = replace(CALL, price=price)
        budget = Budget(PRICES, [SpendAccount("day", 1.0)], history=CallHistory())
        got = await taken(budget, call)
        usage = Usage(input_tokens=1000, output_tokens=1)
        budget.settle(got.call, got.reserved, replace(answer(1), usage=usage, cost_usd=0.006, cost_reported=0.006))
        assert (await taken(budget, call)).reserved == pytest.approx(1250e6 + 0.005e12, rel=0.01)

    asyncio.run(tell())


def test_an_answer_cut_by_what_was_learnt_is_asked_for_once_more_and_both_are_billed() -> None:
    async def tell() -> None:
        account, history = SpendAccount("day", 1.0), CallHistory()
        for _ in range(KNOWN_FROM):
            history.saw(OPEN, "default", answer(40), price=PRICE, prompt=1)
        client = ScriptedClient({"small": [answer(80, "length"), answer(700)]})
        budget = Budget(PRICES, [account], history=history)
        got = await ask_metered(client, OPEN, budget, left_s=lambda: None)
        assert [call.params["max_tokens"] for call in client.calls] == [80, ASSUMED_OUTPUT_TOKENS]
        assert (got.flags, got.tries, got.usage.output_tokens) == (("asked_longer",), 2, 780)
        assert got.cost_usd == pytest.approx(780e-6) == account.spent_usd

    asyncio.run(tell())


def test_an_answer_that_a_killed_run_had_cut_short_is_asked_for_once_more_by_the_next_run() -> None:
    class Remembers(NullRecorder):
        def known(self, key: str) -> Response:
            del key
            return replace(answer(80, "length"), flags=("cut_by_reserve",))

    async def tell() -> None:
        client = ScriptedClient({"small": answer(700)})
        budget = Budget(PRICES, [SpendAccount("day", 1.0)])
        got = await ask_metered(client, OPEN, budget, Remembers(), left_s=lambda: None)
        assert (len(client.calls), got.flags, got.usage.output_tokens) == (1, ("asked_longer",), 780)

    asyncio.run(tell())


def test_an_answer_that_nobody_can_pay_longer_stays_cut_and_says_so() -> None:
    async def tell() -> None:
        history = CallHistory()
        for _ in range(KNOWN_FROM):
            history.saw(OPEN, "default", answer(40), price=PRICE, prompt=1)
        account = SpendAccount("day", 100e-6)
        client = ScriptedClient({"small": [answer(80, "length"), answer(700)]})
        got = await ask_metered(client, OPEN, Budget(PRICES, [account], history=history), left_s=lambda: None)
        assert (len(client.calls), got.flags, account.spent_usd) == (1, ("capped_by_budget",), pytest.approx(80e-6))

    asyncio.run(tell())


def ladder() -> Ladder:
    """Return one rung at a dollar a million tokens."""
    return Ladder(Rung("test/small", name="small", verify=(Refusal(),), price=PRICE))


def test_two_hundred_at_once_without_max_tokens_are_all_answered_on_a_limit_that_pays_for_them() -> None:
    rng, spent = random.Random(3), []

    async def before(_: ModelCall) -> None:
        (day,) = app._runner.day_budgets.accounts(None)
        spent.append(day.spent_usd)
        assert day.left >= 0
        await turns(rng.randint(1, 5))

    client = ScriptedClient(default=lambda _: answer(rng.randint(30, 60)), before=before)
    with Cascade(ladder(), client=client, limits=Limits(usd_per_day=0.02)) as app:
        results = app.run_many([Request.of(str(i)) for i in range(200)], concurrency=200)
        (day,) = app._runner.day_budgets.accounts(None)
    assert {result.outcome for result in results} == {"accepted"}
    assert 200 * 30e-6 <= day.spent_usd <= 0.02
    assert max(spent) <= 0.02


def test_beyond_the_limit_the_rest_is_refused_and_the_limit_is_not_passed() -> None:
    client = ScriptedClient(default=lambda _: answer(50))
    with Cascade(ladder(), client=client, limits=Limits(usd_per_day=0.002)) as app:
        results = app.run_many([Request.of(str(i)) for i in range(200)], concurrency=200)
        (day,) = app._runner.day_budgets.accounts(None)
    outcomes = [result.outcome for result in results]
    assert 30 <= outcomes.count("accepted") <= 40
    assert set(outcomes) == {"accepted", "budget"}
    assert day.spent_usd <= 0.002
    assert day.idle


def test_a_request_whose_deadline_comes_while_it_waits_for_money_is_refused_by_its_budget() -> None:
    async def before(_: ModelCall) -> None:
        asked.set()
        await asyncio.to_thread(let_go.wait)

    async def both(app: Cascade) -> BudgetExceeded:
        first = asyncio.create_task(app.arun("first"))
        await asyncio.to_thread(asked.wait)
        with pytest.raises(BudgetExceeded, match="the deadline came first") as refused:
            await app.arun("second", deadline_s=0.05)
        let_go.set()
        assert (await first).accepted
        return refused.value

    asked, let_go = threading.Event(), threading.Event()
    client = ScriptedClient(default=answer(5), before=before)
    with Cascade(ladder(), client=client, limits=Limits(usd_per_day=0.001)) as app:
        refused = asyncio.run(both(app))
        (day,) = app._runner.day_budgets.accounts(None)
    assert len(client.calls) == 1
    assert refused.evidence == {"budget": "day"}
    assert refused.result.maybe_charged_usd == 0.0
    assert day.spent_usd == pytest.approx(5e-6)
