"""Beyond the requests of a session that a certificate is about, the reference serves."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace

import pytest

from calibration import MaxLoss, calibrate, replay
from cascade.clients.recorded import RecordedClient
from cascade.engine.cascade import Cascade
from cascade.engine.session_turns import SessionTurns
from cascade.exchange import Request
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.policy.policy import Policy
from cascade.samples.sample import Sample
from tests.calibration.gate.test_replays import Sure
from tests.cascade.guards.shared.stores import redis, shared
from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.recordings import recorded_samples

__all__ = ["postgresql", "redis", "server_of_postgresql", "shared"]

RUNGS = ("small", "large")


def in_sessions(samples: list[Sample], length: int) -> list[Sample]:
    return [
        replace(sample, request=replace(sample.request, group=f"s{i // length}", session=f"s{i // length}"))
        for i, sample in enumerate(samples)
    ]


@pytest.fixture(scope="module")
def policy() -> Policy:
    """A policy that is certified on sessions of three requests."""
    return calibrate(in_sessions(recorded_samples(1200), 3), RUNGS, target=MaxLoss(0.1), verifiers=["sure"])


def test_a_fourth_request_of_a_session_of_three_goes_to_the_reference_and_is_flagged(policy: Policy) -> None:
    assert policy.tasks["sums"].certified
    assert policy.tasks["sums"].session_limit == 3
    fresh = in_sessions(recorded_samples(40, seed=8), 5)
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(fresh),)) for name in RUNGS))
    with Cascade(ladder, policy=policy, client=RecordedClient(fresh)) as app:
        results = [app.run(sample.request) for sample in fresh]
    for i, result in enumerate(results):
        beyond = i % 5 >= 3
        assert ("session_limit" in result.flags) is beyond
        assert result.attempts[0].rung == ("large" if beyond else "small")
    rows = replay(fresh, policy).tasks["sums"]
    assert rows.cost_usd.tolist() == pytest.approx([result.cost_usd for result in results])


def test_processes_that_share_a_store_count_the_requests_of_a_session_together(policy: Policy, shared: str) -> None:
    fresh = in_sessions(recorded_samples(10, seed=8), 5)
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(fresh),)) for name in RUNGS))
    with ExitStack() as stack:
        apps = [
            stack.enter_context(
                Cascade(ladder, policy=policy, client=RecordedClient(fresh), limits=Limits(shared=shared))
            )
            for _ in range(2)
        ]
        flags = ["session_limit" in apps[i % 2].run(sample.request).flags for i, sample in enumerate(fresh)]
    assert flags == [False, False, False, True, True] * 2


def test_while_the_store_is_away_a_process_counts_its_own(policy: Policy) -> None:
    fresh = in_sessions(recorded_samples(5, seed=8), 5)
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=(Sure(fresh),)) for name in RUNGS))
    away = Limits(shared="redis://127.0.0.1:9/0")
    with Cascade(ladder, policy=policy, client=RecordedClient(fresh), limits=away) as app:
        flags = ["session_limit" in app.run(sample.request).flags for sample in fresh]
    assert flags == [False, False, False, True, True]


def test_answers_in_the_history_count_where_another_process_gave_them() -> None:
    ladder = Ladder(Rung("a/s", name="small"), Rung("a/l", name="large"))
    asked, said = {"role": "user", "content": "Go on."}, {"role": "assistant", "content": "Yes."}
    request = Request.of([asked, said, asked, said, asked], session="one")
    for limit, expected in ((2, "session_limit"), (3, None)):
        lacks = asyncio.run(SessionTurns().lacks(request, ladder, limit, lambda rung: None))
        assert [lacks(rung) for rung in ladder] == [expected, None]


def test_the_oldest_sessions_are_forgotten_first() -> None:
    ladder, turns = Ladder(Rung("a/s", name="small"), Rung("a/l", name="large")), SessionTurns(most=2)

    def limited(session: str) -> bool:
        lacks = asyncio.run(turns.lacks(Request.of("Go on.", session=session), ladder, 1, lambda rung: None))
        return lacks(ladder.rungs[0]) is not None

    assert [limited(name) for name in ("a", "b", "a", "c", "b", "a")] == [False, False, True, False, False, False]
