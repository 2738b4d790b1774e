"""Cascade under guards: deadlines, cancellation, daily budgets and the escalation cap, seen from outside."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import (
    AuthError,
    BudgetExceeded,
    ConfigError,
    DeadlineExceeded,
    EscalationCapped,
    ModelNotFound,
    QuotaExhausted,
)
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.escalation_cap import EscalationCap
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.settings import Settings, SilentVerifierWarning
from cascade.usage import Price
from cascade.verdict import Verdict, Verifier
from tests.deadlines import passed_at
from tests.opinions import Says, policy

PRICE = Price(input_usd=0.0, output_usd=0.0, call_usd=0.01)
RUNGS = Ladder(*(Rung(f"test/{name}", name=name, verify=(Says(),), price=PRICE) for name in ("small", "large")))
FITTED = policy(RUNGS, (0.5, 0.0))
UNSURE = {"small": scripted("0.2", cost_usd=0.01), "large": scripted("0.9", cost_usd=0.01)}
SURE = {"small": scripted("0.9", cost_usd=0.01)}
BEST = Settings(on_budget="best", on_deadline="best")


def app(scripts, before=None, **options):
    return Cascade(RUNGS, client=ScriptedClient(scripts, before=before), policy=FITTED, **options)


def column(log, *names):
    with closing(sqlite3.connect(log)) as connection:
        return connection.execute(f"select {', '.join(names)} from decisions order by sequence").fetchall()  # noqa: S608


async def hang(call: ModelCall) -> None:
    if call.rung == "large":
        await asyncio.Event().wait()


def test_what_a_broken_off_call_may_have_cost_is_told_beside_what_is_known():
    with app(UNSURE, before=hang, settings=BEST) as cascade:
        result = passed_at(
            lambda deadline_s: cascade.run("?", deadline_s=deadline_s),
            lambda: any(call.rung == "large" for call in cascade.client.calls),
        )
    assert (result.outcome, result.cost_usd, result.maybe_charged_usd) == ("deadline", 0.01, 0.01)


def test_a_deadline_counts_from_the_call_and_not_from_the_first_rung():
    with app(UNSURE) as cascade, pytest.raises(DeadlineExceeded) as error:
        cascade.run("?", deadline_s=1e-9)
    assert error.value.result.attempts[0].failure.tries == 0
    assert error.value.result.maybe_charged_usd == 0.0


def test_a_cancelled_request_is_logged_with_what_it_paid_and_leaves_no_task(tmp_path):
    arrived, left = threading.Event(), []

    async def before(call):
        if call.rung == "large":
            arrived.set()
            await asyncio.Event().wait()

    async def caller(cascade):
        running = asyncio.create_task(cascade.arun("?"))
        await asyncio.to_thread(arrived.wait)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def tasks():
        left.extend(asyncio.all_tasks() - {asyncio.current_task()})

    log = tmp_path / "log.db"
    with app(UNSURE, before=before, log=log) as cascade:
        asyncio.run(caller(cascade))
        cascade.log.flush()
        cascade._loop_thread.run(tasks)
    assert column(log, "outcome", "cost_usd", "attempts") == [("cancelled", 0.01, 2)]
    assert not [task for task in left if "_run" in repr(task.get_coro())]


def test_the_days_budget_outlives_the_process_and_is_named(tmp_path):
    limits, log = Limits(usd_per_day=0.025), tmp_path / "log.db"
    for _ in range(2):
        with app(SURE, limits=limits, log=log) as cascade:
            assert cascade.run("?").accepted
    with app(SURE, limits=limits, log=log) as cascade, pytest.raises(BudgetExceeded, match="for the day") as error:
        cascade.run("?")
    assert error.value.evidence == {"budget": "day"}
    assert cascade.client.calls == []


def test_what_may_have_been_charged_and_what_was_explored_outlive_the_process_too(tmp_path):
    limits, log, arrived = Limits(usd_per_day=0.035), tmp_path / "log.db", threading.Event()

    async def before(call):
        if call.rung == "large":
            arrived.set()
            await asyncio.Event().wait()

    async def broken_off(cascade):
        running = asyncio.create_task(cascade.arun("?"))
        await asyncio.to_thread(arrived.wait)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with app(UNSURE, before=before, limits=limits, log=log, settings=BEST) as cascade:
        asyncio.run(broken_off(cascade))
    assert column(log, "maybe_charged_usd") == [(0.01,)]
    with app(SURE | UNSURE, limits=limits, log=log) as cascade, pytest.raises(BudgetExceeded):
        cascade.explore([Request.of("one"), Request.of("two")], concurrency=1)
    with app(SURE, limits=limits, log=log, settings=BEST) as cascade:
        (day,) = cascade._runner.day_budgets.accounts(None)
        assert day.spent_usd == pytest.approx(0.03)
        assert cascade.run("?").outcome == "budget"


def test_a_try_whose_process_was_killed_counts_at_its_worst_case(tmp_path):
    with app(SURE, log=tmp_path / "log.db") as cascade:
        cascade.run("?")
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection, connection:
        connection.execute("update calls set state = 'begun', charged_pico = null, worst_pico = 20000000000")
    with app(SURE, log=tmp_path / "log.db", limits=Limits(usd_per_day=0.025), settings=BEST) as cascade:
        assert cascade.run("?").outcome == "budget"


def test_a_principal_that_spent_its_day_is_refused_and_others_are_not():
    with app(SURE, limits=Limits(principal_usd_per_day=0.015), settings=BEST) as cascade:
        ended = [cascade.run("?", principal=name) for name in ("acme", "acme", "other", None)]
    assert [result.outcome for result in ended] == ["accepted", "budget", "accepted", "accepted"]
    assert ended[1].flags == ("budget:principal",)


def test_budget_exceeded_carries_what_was_bought():
    with app(UNSURE, limits=Limits(usd_per_day=0.015)) as cascade, pytest.raises(BudgetExceeded) as error:
        cascade.run("?")
    assert (error.value.result.answer, error.value.result.cost_usd) == ("0.2", 0.01)


@pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
def test_an_answer_that_the_budget_cut_short_says_so():
    price = Price(input_usd=0.0, output_usd=1e-4)
    rungs = Ladder(Rung("test/small", name="small", verify=(), price=price))
    cut = scripted("It is", finish_reason="length", cost_usd=0.01)
    with Cascade(rungs, client=ScriptedClient({"small": cut})) as cascade:
        result, free = cascade.run("?", max_cost_usd=0.01), cascade.run("?")
        assert [call.params for call in cascade.client.calls] == [{"max_tokens": 100}, {}]
    assert [one.attempts[0].response.flags for one in (result, free)] == [("capped_by_budget",), ()]
    assert {result.outcome, free.outcome} == {"exhausted"}, "and is accepted by nobody"


def test_a_bulk_run_spends_what_all_of_it_may_and_not_more():
    with app(SURE) as cascade:
        results = cascade.run_many([Request.of(str(i)) for i in range(20)], max_cost_usd=0.05)
    assert [result.outcome for result in results].count("accepted") == 5
    assert sum(result.cost_usd for result in results) == pytest.approx(0.05)
    assert {result.outcome for result in results} == {"accepted", "budget"}


def test_a_daily_budget_holds_for_explorations_too():
    with app(SURE | UNSURE, limits=Limits(usd_per_day=0.05)) as cascade, pytest.raises(BudgetExceeded, match="the day"):
        cascade.explore([Request.of(str(i)) for i in range(20)], concurrency=1)
    assert len(cascade.client.calls) == 5


def test_forced_escalations_stop_at_the_cap_and_come_back_flagged():
    with app(UNSURE, limits=Limits(escalation_cap=EscalationCap(rate=0.25, window=20))) as cascade:
        results = [cascade.run(str(i)) for i in range(60)]
    escalated = [result.escalated for result in results]
    assert max(sum(escalated[i : i + 20]) for i in range(41)) == 5
    assert {(r.outcome, r.answer, r.flags) for r in results if not r.escalated} == {
        ("capped", "0.2", ("capped:global",))
    }


def test_at_the_cap_an_error_may_be_asked_for():
    cap = EscalationCap(rate=0.0, on_cap="error")
    with app(UNSURE, limits=Limits(escalation_cap=cap)) as cascade, pytest.raises(EscalationCapped) as error:
        cascade.run("?")
    assert (error.value.result.answer, error.value.evidence) == ("0.2", {"cap": "global"})


def test_a_cap_below_what_the_policy_promises_is_refused():
    task = replace(FITTED.tasks["default"], measured={"escalation_rate": {"expected": 0.25, "low": 0.2, "high": 0.31}})
    promised = replace(FITTED, tasks={"default": task})
    limits = Limits(escalation_cap=EscalationCap(rate=0.3))
    with pytest.raises(ConfigError, match=r"escalates up to 0.31.*a rate of 0.31"):
        Cascade(RUNGS, client=ScriptedClient(UNSURE), policy=promised, limits=limits)


class Asks(Verifier):
    """Asks a model what it thinks; abstains where that fails."""

    name, paid = "asks", True

    def __init__(self, *, required: bool) -> None:
        self.required = required

    def flow(self, exchange):
        call = replace(exchange.call, model="test/judge", verifier=self.name)
        (reply,) = yield (call,)
        return Verdict(score=1.0) if isinstance(reply, Response) else Verdict.abstain("down")


def judged(judge, *, required, settings=BEST, limits=None, **options):
    rungs = Ladder(
        *(Rung(f"test/{n}", name=n, verify=(Says(), Asks(required=required)), price=PRICE) for n in ("small", "large"))
    )
    client = ScriptedClient({"small": "0.9", "large": "0.9", "asks": judge}, **options)
    with Cascade(rungs, client=client, policy=policy(rungs, (0.5, 0.0)), settings=settings, limits=limits) as cascade:
        if not options:
            return cascade.run("?")
        return passed_at(
            lambda deadline_s: cascade.run("?", deadline_s=deadline_s),
            lambda: any(call.verifier for call in client.calls),
        )


PLAIN = Rung("test/large", name="large", verify=(Says(),), price=PRICE)
DOWN = CallFailure(kind=FailureKind.SERVER, message="no judge")
BUSY = CallFailure(kind=FailureKind.RATE_LIMITED, message="too many", retry_after_s=3600.0)


@pytest.mark.parametrize("failure", [DOWN, BUSY], ids=["down", "429"])
@pytest.mark.parametrize(("required", "rung"), [(False, "small"), (True, "large")])
def test_a_judge_that_is_down_abstains_and_only_a_required_one_sends_the_answer_up(required, rung, failure):
    result = judged(failure, required=required)
    assert (result.outcome, result.rung) == ("accepted", rung)
    assert result.attempts[0].verdicts[-1].abstained


MISCONFIGURED = [
    (FailureKind.AUTH, AuthError),
    (FailureKind.QUOTA, QuotaExhausted),
    (FailureKind.NOT_FOUND, ModelNotFound),
]


@pytest.mark.parametrize(("kind", "error"), MISCONFIGURED)
@pytest.mark.parametrize("required", [False, True])
def test_a_judge_that_is_misconfigured_raises_as_a_rung_does_and_buys_nothing(kind, error, required):
    with pytest.raises(error, match=r"small: .*: verifier asks: no") as caught:
        judged(CallFailure(kind=kind, message="no", status=401), required=required)
    result = caught.value.result
    assert (result.outcome, [attempt.rung for attempt in result.attempts]) == ("failed", ["small"])
    assert result.attempts[0].decision.reason == f"verifier:{kind.value}"
    assert result.attempts[0].failure is None, "the rung itself is not to blame"
    assert result.cost_usd > 0.0, "its answer was paid"


@pytest.mark.parametrize(("kind", "error"), MISCONFIGURED)
def test_an_exploration_stops_at_a_judge_that_is_misconfigured(kind, error):
    rungs = Ladder(Rung("test/small", name="small", verify=(Says(), Asks(required=False)), price=PRICE))
    client = ScriptedClient({"small": "0.9", "asks": CallFailure(kind=kind, message="no")})
    with Cascade(rungs, client=client) as cascade, pytest.raises(error, match="verifier asks: no"):
        cascade.explore([Request.of(f"{i}") for i in range(100)], concurrency=1)
    assert len(client.calls) == 2, "one answer and one question to the judge"


def test_a_required_judge_that_is_down_buys_no_more_than_the_cap_allows():
    result = judged(DOWN, required=True, limits=Limits(escalation_cap=EscalationCap(rate=0.0)))
    assert (result.outcome, result.answer) == ("capped", "0.9")


def test_a_judge_that_hangs_is_left_at_the_deadline_and_its_worst_case_is_told():
    async def before(call):
        if call.verifier:
            await asyncio.Event().wait()

    result = judged("1.0", required=True, before=before)
    assert (result.outcome, result.answer, result.maybe_charged_usd) == ("deadline", "0.9", 0.01)


def test_a_budget_that_ends_at_the_judge_says_so():
    settings = Settings(on_budget="best", max_cost_usd=0.015)
    result = judged("1.0", required=True, settings=settings)
    assert (result.outcome, result.flags) == ("budget", ("budget:request",))
    assert "test/judge" in result.error


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize("limit", ["deadline_s", "max_cost_usd"])
def test_a_limit_that_is_no_number_is_refused_before_anything_is_asked(limit, wrong):
    with app(SURE) as cascade, pytest.raises(ConfigError, match="expected"):
        cascade.run("?", **{limit: wrong})
    assert cascade.client.calls == []


def test_a_client_that_is_slow_to_let_go_does_not_hold_the_request():
    let_go = threading.Event()

    async def before(call):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(let_go.wait, 20)

    with app(SURE, before=before, settings=BEST) as cascade:
        result = cascade.run("?", deadline_s=0.05)
        assert result.outcome == "deadline"
        assert not let_go.is_set(), "it came back while the client still held on"
        let_go.set()


def test_a_verifier_that_a_policy_leans_on_and_that_stops_scoring_is_warned_of_once_and_shown():
    rungs = Ladder(Rung("test/small", name="small", verify=(Says(), Asks(required=False)), price=PRICE), PLAIN)
    fitted = policy(rungs, (0.5, 0.0))
    fitted = replace(fitted, ladder=replace(fitted.ladder, verifiers={"small": ("says", "asks")}))
    replies = ["1.0"] * 3 + [CallFailure(kind=FailureKind.TOO_BIG, message="no")] * 40 + ["1.0"]
    client = ScriptedClient({"small": "0.9", "asks": replies})
    with Cascade(rungs, client=client, policy=fitted, limits=Limits(breaker=None)) as cascade:
        with pytest.warns(SilentVerifierWarning, match="asks on rung small has abstained 20 times in a row") as caught:
            cascade.run_many([Request.of(f"{number}") for number in range(43)], concurrency=1)
        assert len(caught) == 1
        (silent,) = [one for one in cascade.health() if one.state == "silent"]
        assert (silent.model, silent.endpoint) == ("asks", "verifier on small")
        cascade.run("it scores again")
        assert [one for one in cascade.health() if one.state == "silent"] == []
