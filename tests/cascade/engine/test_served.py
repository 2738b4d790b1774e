"""One request, one snapshot: whatever is served meanwhile, a request ends by the policy that it began with."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.engine.cascade import Cascade
from cascade.errors import CascadeError, ConfigError, LogUnavailable, PolicyMismatch
from cascade.exchange import ModelCall
from cascade.guards.escalation_cap import EscalationCap
from cascade.guards.limits import Limits
from cascade.policy.policy import Policy, ReferenceCost
from cascade.result import Result
from tests.opinions import ladder, policy

RUNGS = ladder("small", "medium", "large")
UNSURE = {"small": scripted("0.5"), "medium": scripted("0.5"), "large": scripted("0.9")}


def costing(of: Policy, usd: float) -> Policy:
    """Return a policy that says what always-top costs."""
    cost = ReferenceCost(constant=usd)
    task = replace(of.tasks["default"], reference_cost=cost)
    return replace(of, tasks={"default": task})


LENIENT = costing(policy(RUNGS, (0.3, 0.0), (0.3, 0.0)), 1.0)
STRICT = costing(policy(RUNGS, (0.7, 0.0), (0.7, 0.0)), 2.0)


def app(before: Callable[[ModelCall], Awaitable[None]] | None = None, **options: Any) -> Cascade:
    return Cascade(RUNGS, client=ScriptedClient(UNSURE, before=before), **{"policy": LENIENT, **options})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "decisions.db"


def test_no_decision_mixes_two_policies_in_64_requests_over_101_swaps(log: Path) -> None:
    swaps = cycle((STRICT, LENIENT))
    swapped = 0

    async def swap(call: ModelCall) -> None:
        nonlocal swapped
        del call
        if swapped < 101:
            swapped += 1
            cascade.serve(next(swaps))
        await asyncio.sleep(0)

    async def ask() -> list[Result[Any]]:
        return await asyncio.gather(*(cascade.arun(f"{one}?") for one in range(64)))

    with app(swap, log=log) as cascade:
        results = asyncio.run(ask())  # the first of them begins by LENIENT
        cascade.serve(STRICT)
        results += asyncio.run(ask())
    assert swapped == 101
    by_sha = {one.sha256: one for one in (LENIENT, STRICT)}
    assert {one.policy_sha256 for one in results} == by_sha.keys()
    with closing(sqlite3.connect(log)) as connection:
        logged = dict(connection.execute("SELECT decision_id, policy_sha256 FROM decisions"))
        at = connection.execute("SELECT decision_id, t FROM attempts WHERE t IS NOT NULL").fetchall()
    for result in results:
        fitted = by_sha[result.policy_sha256 or ""].tasks["default"]
        t = fitted.points[0].thresholds[0].t
        assert result.rung == ("small" if fitted is LENIENT.tasks["default"] else "large")
        thresholds = [one.decision.threshold for one in result.attempts if one.rung != "large"]
        assert [one and one.t for one in thresholds] == [t] * len(thresholds)
        assert logged[result.decision_id] == result.policy_sha256
        assert {one for name, one in at if name == result.decision_id} == {t}
        if result.saved_how == "fitted on samples":
            assert result.saved_usd == 1.0


def test_a_request_in_flight_ends_by_the_policy_it_began_with() -> None:
    async def swap(call: ModelCall) -> None:
        if call.rung == "small":
            cascade.serve(STRICT)

    with app(swap) as cascade:
        first, second = cascade.run("?"), cascade.run("?")
    assert (first.rung, first.policy_sha256) == ("small", LENIENT.sha256)
    assert (second.rung, second.policy_sha256) == ("large", STRICT.sha256)


OTHER = policy(ladder("small", "large"), (0.5, 0.0))
EAGER = replace(
    STRICT,
    tasks={"default": replace(STRICT.tasks["default"], measured={"escalation_rate": {"expected": 0.8, "high": 0.9}})},
)


@pytest.mark.parametrize(
    ("unfit", "error"),
    [(OTHER, PolicyMismatch), (EAGER, ConfigError), ("nowhere.policy.json", CascadeError)],
    ids=["another ladder", "beyond the cap", "no such file"],
)
def test_what_cannot_be_served_leaves_the_one_before(unfit: Any, error: type[CascadeError]) -> None:
    with app(limits=Limits(escalation_cap=EscalationCap(rate=0.5))) as cascade:
        with pytest.raises(error):
            cascade.serve(unfit)
        assert cascade.policy is LENIENT
        assert cascade.run("?").policy_sha256 == LENIENT.sha256


def test_a_policy_that_the_log_cannot_remember_is_not_served(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with app(log=log) as cascade:
        assert cascade.log is not None

        def full(policy: Policy) -> None:
            message = "the disk is full"
            raise LogUnavailable(message)

        monkeypatch.setattr(cascade.log, "remember_policy", full)
        with pytest.raises(LogUnavailable):
            cascade.serve(STRICT)
        assert cascade.policy is LENIENT


def test_what_is_served_is_remembered_in_the_log(log: Path) -> None:
    with app(log=log) as cascade:
        cascade.serve(STRICT)
    with closing(sqlite3.connect(log)) as connection:
        remembered = {sha for (sha,) in connection.execute("SELECT sha256 FROM policies")}
    assert remembered == {LENIENT.sha256, STRICT.sha256}


def test_without_a_policy_every_task_runs_by_pass_marks_again() -> None:
    with app() as cascade:
        cascade.serve(None)
        with pytest.warns(match="not calibrated"):
            result = cascade.run("?")
    assert (result.calibrated, result.policy_sha256) == (False, None)
