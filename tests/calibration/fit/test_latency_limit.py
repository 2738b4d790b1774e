"""A greatest latency added at p95: what is chosen keeps it on the samples, what cannot keep it is refused or said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration import EscalationRate, ExpectedLoss, MaxLoss, calibrate
from calibration.fit.latency_limit import limit_latency
from cascade.display.policy import asked
from cascade.errors import ConfigError, DataError
from cascade.policy.policy import Policy
from cascade.samples.sample import Sample
from tests.recordings import recorded_samples

LADDER = ("small", "large")
SMALL_S, LARGE_S = 1.0, 2.0  # escalated, a request waits for both: it adds 1 s; accepted, it adds -1 s


def timed(n: int, latency_s: dict[str, float | None], *, seed: int = 0) -> list[Sample]:
    """Return samples whose rungs took so long."""
    return [
        replace(
            sample,
            recordings={
                name: replace(one, response=replace(one.response, latency_s=latency_s[name]))
                for name, one in sample.recordings.items()
            },
        )
        for sample in recorded_samples(n, seed=seed)
    ]


SAMPLES = timed(400, {"small": SMALL_S, "large": LARGE_S})


def fitted(most_s: float | None, target: object = None, samples: list[Sample] = SAMPLES) -> Policy:
    return calibrate(samples, LADDER, target=target or ExpectedLoss(0.02), verifiers=["sure"], max_added_p95_s=most_s)  # type: ignore[arg-type]


def rate(policy: Policy) -> float:
    return float(policy.tasks["sums"].measured["escalation_rate"]["expected"])


def test_an_aim_is_met_within_the_limit() -> None:
    free, held = fitted(None), fitted(0.5)
    assert free.tasks["sums"].measured["added_latency"]["p95_s"] == pytest.approx(SMALL_S)
    added = held.tasks["sums"].measured["added_latency"]
    assert added is None or added["p95_s"] <= 0.5
    assert rate(held) <= 0.05, "no more may wait for both rungs"
    cost = [one.tasks["sums"].measured["cost_vs_top"] for one in (free, held)]
    assert cost[0] < cost[1]
    assert asked(held.tasks["sums"].target).endswith("adding at most 0.50 s at p95")


def test_a_limit_that_the_free_choice_keeps_changes_nothing_but_the_target() -> None:
    free, held = fitted(None), fitted(1.0)
    assert held.tasks["sums"].points == free.tasks["sums"].points
    assert held.tasks["sums"].target == {**free.tasks["sums"].target, "max_added_p95_s": 1.0}


def test_a_rate_that_adds_more_is_refused() -> None:
    with pytest.raises(
        DataError,
        match=r"escalation rate 30.0 % and at most 0.50 s added at p95 cannot be had together: alone it adds 1.00 s",
    ):
        fitted(0.5, EscalationRate(0.3))
    assert rate(fitted(0.5, EscalationRate(0.03))) == pytest.approx(0.03, abs=0.01)


def test_a_policy_that_was_not_chosen_within_the_limit_is_refused_with_what_it_adds() -> None:
    free = fitted(None)
    with pytest.raises(DataError, match=r"cannot be had together: alone it adds 1\.00 s"):
        limit_latency(free, 0.5)


def test_a_certified_policy_that_adds_more_where_it_was_certified_says_so() -> None:
    free = calibrate(timed(900, {"small": SMALL_S, "large": LARGE_S}), LADDER, target=MaxLoss(0.2), verifiers=["sure"])
    task = free.tasks["sums"]
    assert task.certified
    slow = replace(task, measured={**task.measured, "added_latency": {"n": 300, "p50_s": -1.0, "p95_s": 0.8}})
    held = limit_latency(replace(free, tasks={"sums": slow}), 0.5)
    (said,) = [one for one in held.tasks["sums"].measured["warnings"] if "at p95" in one]
    assert said.startswith("On the 300 samples that certify it adds 0.80 s at p95, more than the 0.50 s")


@pytest.mark.parametrize("small", [None, float("nan")])
def test_samples_without_latencies_cannot_keep_a_limit(small: float | None) -> None:
    untimed = timed(400, {"small": SMALL_S, "large": LARGE_S})
    for sample in untimed[:390]:
        response = replace(sample.recordings["small"].response, latency_s=0.0)
        object.__setattr__(response, "latency_s", small)
        object.__setattr__(sample.recordings["small"], "response", response)
    with pytest.raises(DataError, match=r"10 of 400 samples have the latency|have the latency"):
        fitted(0.5, samples=untimed)


@pytest.mark.parametrize("wrong", [-1.0, float("inf"), float("nan"), True, "2"])
def test_a_limit_that_is_no_length_of_time_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="seconds were expected"):
        fitted(wrong)  # type: ignore[arg-type]
