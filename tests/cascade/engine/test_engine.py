"""Cascade: run, arun, many at once, deadlines, budgets, threads and forks, on the public test double."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import AuthError, BudgetExceeded, ConfigError, DeadlineExceeded, NotAccepted
from cascade.exchange import ModelCall, Request
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Ladder, Rung
from cascade.result import Result
from cascade.samples.sample import Recording, Sample
from cascade.settings import LadderWarning, Settings, UncalibratedWarning
from cascade.usage import Price, Usage
from cascade.verdict import Verifier
from tests.deadlines import passed_at
from tests.opinions import Says, ladder, policy

RUNGS = ladder("small", "large")
FITTED = policy(RUNGS, (0.5, 0.0))
PRICE = Price(input_usd=1e-6, output_usd=2e-6)


def app(scripts: dict[str, Any], **options: Any) -> Cascade:
    """Return a cascade on a script."""
    return Cascade(RUNGS, client=ScriptedClient(scripts), **{"policy": FITTED, **options})


def timeless(result: Result[Any]) -> Result[Any]:
    """Return a result without what differs between two runs of one request: its id in the log, and how long it took."""
    attempts = tuple(
        replace(attempt, response=attempt.response and replace(attempt.response, latency_s=0.0))
        for attempt in result.attempts
    )
    return replace(result, decision_id="", latency_s=0.0, attempts=attempts)


def test_run_answers_and_arun_answers_the_same() -> None:
    scripts = {"small": ["0.2", "0.2"], "large": ["0.9", "0.9"]}
    with app(scripts) as cascade:
        first = cascade.run("?", tags={"feature": "x"}, temperature=0.3)
        second = asyncio.run(cascade.arun("?", tags={"feature": "x"}, temperature=0.3))
    assert first.answer == "0.9"
    assert timeless(first) == timeless(second)
    assert first.decision_id != second.decision_id


def test_run_works_inside_a_running_loop() -> None:
    async def notebook(cascade: Cascade) -> str | None:
        return cascade.run("?").answer

    with app({"small": "0.9"}) as cascade:
        assert asyncio.run(notebook(cascade)) == "0.9"


def test_sixteen_threads_share_one_cascade() -> None:
    with app({"small": "0.9"}) as cascade, ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda i: cascade.run(f"question {i}"), range(320)))
    assert len({result.request_id for result in results}) == 320
    assert all(result.accepted for result in results)


def test_a_forked_child_runs_too() -> None:
    with app({"small": "0.9"}) as cascade:
        assert cascade.run("before").accepted
        child = os.fork()
        if child == 0:
            os._exit(0 if cascade.run("after").answer == "0.9" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert cascade.run("and here").accepted


def test_everything_a_provider_takes_is_passed_through() -> None:
    client = ScriptedClient({"small": "0.9"})
    tools = [{"type": "function", "function": {"name": "f"}}]
    with Cascade(RUNGS, client=client, policy=FITTED) as cascade:
        cascade.run("?", task="default", temperature=0.1, tools=tools, seed=7, params={"stop": ["\n"]})
    assert client.calls[0].params == {"temperature": 0.1, "tools": tools, "seed": 7, "stop": ["\n"]}


def test_many_keep_their_order_and_never_raise() -> None:
    failure = CallFailure(kind=FailureKind.AUTH, message="no")
    seen: list[int] = []
    with app({"small": ["0.9", failure, "0.8"]}) as cascade:
        requests = [Request.of(str(i)) for i in range(3)]
        results = cascade.run_many(requests, concurrency=1, on_result=lambda index, result: seen.append(index))
    assert [result.outcome for result in results] == ["accepted", "failed", "accepted"]
    assert seen == [0, 1, 2]
    assert [result.request_id for result in results] == [request.id for request in requests]


def test_a_wrong_key_raises_with_the_result_and_never_asks_the_dearer_rung() -> None:
    client = ScriptedClient({"small": CallFailure(kind=FailureKind.AUTH, message="bad key", status=401)})
    with Cascade(RUNGS, client=client, policy=FITTED) as cascade, pytest.raises(AuthError, match="small") as error:
        cascade.run("?")
    assert isinstance(error.value.result, Result)
    assert [call.rung for call in client.calls] == ["small"]


async def _hang(call: ModelCall) -> None:
    if call.rung == "large":
        await asyncio.Event().wait()


@pytest.mark.parametrize("settled", ["raise", "best"])
def test_a_deadline_ends_a_hanging_rung_with_the_best_answer_so_far(settled: Any) -> None:
    client = ScriptedClient({"small": "0.2", "large": "0.9"}, before=_hang)
    with Cascade(RUNGS, client=client, policy=FITTED, settings=Settings(on_deadline=settled)) as cascade:

        def run(deadline_s: float) -> Result[Any]:
            if settled == "best":
                return cascade.run("?", deadline_s=deadline_s)
            with pytest.raises(DeadlineExceeded) as error:
                cascade.run("?", deadline_s=deadline_s)
            return error.value.result

        result = passed_at(run, lambda: client.calls[-1:] and client.calls[-1].rung == "large")
    assert (result.outcome, result.answer) == ("deadline", "0.2")


def test_a_budget_stops_before_the_call_that_could_break_it() -> None:
    rungs = Ladder(*(Rung(f"test/{name}", name=name, verify=(Says(),), price=PRICE) for name in ("small", "large")))
    client = ScriptedClient({"small": scripted("0.2", cost_usd=0.00009), "large": "0.9"})
    fitted = policy(rungs, (0.5, 0.0))
    with Cascade(rungs, client=client, policy=fitted) as cascade, pytest.raises(BudgetExceeded) as error:
        cascade.run("?", max_cost_usd=0.00021)
    assert error.value.result.answer == "0.2"
    assert [call.rung for call in client.calls] == ["small"]
    assert 64 <= client.calls[0].params["max_tokens"] <= 105, "the longest answer that the budget affords was asked for"


def test_what_was_not_accepted_is_not_passed_off_as_accepted() -> None:
    with app(
        {
            "small": CallFailure(kind=FailureKind.SERVER, message="x"),
            "large": CallFailure(kind=FailureKind.SERVER, message="x"),
        }
    ) as cascade:
        result = cascade.run("?")
    assert result.outcome == "failed"
    with pytest.raises(NotAccepted, match="fail_over"):
        result.require()


def test_an_uncalibrated_task_is_flagged_and_warned_about_once() -> None:
    with app({"small": "0.9"}, policy=None) as cascade:
        with pytest.warns(UncalibratedWarning, match="not calibrated"):
            result = cascade.run("?")
        cascade.run("again")
    assert (result.calibrated, result.flags) == (False, ("uncalibrated",))


def test_an_uncalibrated_task_can_be_refused_or_sent_to_the_top() -> None:
    with (
        app({"large": "0.9"}, policy=None, settings=Settings(on_uncalibrated="error")) as cascade,
        pytest.raises(ConfigError),
    ):
        cascade.run("?")
    to_top = Settings(on_uncalibrated="top")
    with app({"large": "0.9"}, policy=None, settings=to_top) as cascade, pytest.warns(UncalibratedWarning):
        assert cascade.run("?").rung == "large"


def test_what_always_top_would_have_cost_is_known_where_the_top_answered() -> None:
    with app({"small": scripted("0.2", cost_usd=0.1), "large": scripted("0.9", cost_usd=0.7)}) as cascade:
        result = cascade.run("?")
    assert (result.saved_usd, result.saved_how) == (pytest.approx(-0.1), "top answered")


def test_what_always_top_would_have_cost_is_estimated_by_tokens_else() -> None:
    rungs = Ladder(
        Rung("test/small", name="small", verify=(Says(),)),
        Rung("test/large", name="large", verify=(Says(),), price=PRICE),
    )
    usage = Usage(input_tokens=1000, output_tokens=500)
    client = ScriptedClient({"small": scripted("0.9", cost_usd=0.0001, usage=usage)})
    with Cascade(rungs, client=client, policy=policy(rungs, (0.5, 0.0))) as cascade:
        result = cascade.run("?")
    assert (result.saved_usd, result.saved_how) == (pytest.approx(0.0019), "token counts")


class Order(BaseModel):
    """What an answer is parsed into."""

    item: str
    qty: int


def test_a_type_becomes_the_schema_of_the_request() -> None:
    with app({"small": "0.9"}) as cascade:
        request = cascade.request("?", schema=Order)
        with pytest.raises(ConfigError, match="schema"):
            cascade.request("?", schema=object())
    assert request.schema is not None
    assert request.schema["required"] == ["item", "qty"]
    assert request.output_type is Order


def test_explore_pays_only_for_what_is_missing() -> None:
    client = ScriptedClient({"small": "0.1", "large": "0.9"})
    have = Recording(rung="small", model="test/small", response=scripted("0.7"), correct=1.0)
    samples = [Sample(request=Request.of("a"), recordings={"small": have}), Sample(request=Request.of("b"))]
    with Cascade(RUNGS, client=client) as cascade:
        done = cascade.explore(samples)
        assert [call.rung for call in client.calls] in (["large", "small", "large"], ["small", "large", "large"])
        again = cascade.explore(done)
    assert again == done
    assert len(client.calls) == 3, "what is recorded is not asked again"
    assert done[0].recordings["small"].correct == 1.0
    assert done[0].recordings["small"].verdicts["says"].score == 0.7


def test_explore_stops_before_its_budget_could_break_and_keeps_what_it_has() -> None:
    rungs = Ladder(*(Rung(f"test/{name}", name=name, verify=(Says(),), price=PRICE) for name in ("small", "large")))
    client = ScriptedClient({"small": scripted("0.1", cost_usd=0.0001), "large": scripted("0.9", cost_usd=0.0001)})
    kept: list[Sample] = []
    with Cascade(rungs, client=client) as cascade, pytest.raises(BudgetExceeded):
        cascade.explore(
            [Request.of(str(i)) for i in range(50)],
            max_cost_usd=0.001,
            concurrency=2,
            on_sample=lambda index, sample, attempts: kept.append(sample),
        )
    spent = 0.0001 * len(client.calls)
    assert 0 < spent <= 0.001
    assert sum(len(sample.recordings) for sample in kept) == len(client.calls)


class Doubtful(Says):
    """Always has a concern."""

    def concerns(self, **about: Any) -> tuple[str, ...]:
        """Name what it was told."""
        return (f"judges {about['judged']} below {about['above']}",)


def test_what_is_doubtful_about_a_ladder_is_said_when_it_opens() -> None:
    rungs = Ladder(Rung("test/small", name="small", verify=(Doubtful(),)), Rung("test/large", verify=()))
    with pytest.warns(LadderWarning, match="judges test/small below test/large"):
        Cascade(rungs, client=ScriptedClient()).close()


def test_a_cancelled_caller_cancels_the_call() -> None:
    arrived, cancelled = threading.Event(), threading.Event()

    async def before(call: ModelCall) -> None:
        arrived.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def caller(cascade: Cascade) -> None:
        running = asyncio.create_task(cascade.arun("?"))
        await asyncio.to_thread(arrived.wait)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with Cascade(RUNGS, client=ScriptedClient({"small": "0.9"}, before=before), policy=FITTED) as cascade:
        asyncio.run(caller(cascade))
        assert cancelled.wait(60)


class Slow(Verifier):
    """Blocks its thread for longer than it may."""

    name = "slow"
    timeout_s = 0.05

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def check(self, exchange: Any) -> Any:
        """Wait to be let go."""
        del exchange
        self.let_go.wait()


def test_a_verifier_that_takes_too_long_abstains() -> None:
    slow = Slow()
    rungs = ladder("small", "large", verify=(slow, Says(lambda text: 0.9)))
    with Cascade(rungs, client=ScriptedClient({"small": "x"}), policy=policy(rungs, (0.5, 0.0))) as cascade:
        result = cascade.run("?")
        slow.let_go.set()
    assert result.attempts[0].verdicts[0].abstained
    assert result.accepted


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    """Hold that a closed cascade leaves no background loop behind."""
    yield
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cascade")]
