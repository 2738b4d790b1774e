"""Tasks with few samples borrow the shape of the others' confidences, and say so; others keep what is theirs."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import EscalationRate, ExpectedLoss, MaxLoss, calibrate
from calibration.thresholds.shrinkage import shrink_thresholds
from cascade.errors import ConfigError, DataError
from cascade.policy.policy import Policy
from tests.recordings import recorded_samples

PAIR = ["small", "large"]
RATE = EscalationRate(0.25)


def samples(rungs=PAIR, **sizes: int):
    return [
        sample
        for seed, (task, n) in enumerate(sizes.items())
        for sample in recorded_samples(n, seed=seed, rungs=rungs, task=task)
    ]


def fitted(given, *, target=RATE, **options) -> Policy:
    return calibrate(given, PAIR, target=target, verifiers=["sure"], **options)


def test_a_task_with_few_samples_says_what_it_borrowed_and_is_surer_of_its_rate() -> None:
    few = fitted(samples(a=300, b=300, c=300, few=40)).tasks["few"].measured
    alone = fitted(samples(few=40)).tasks["few"].measured
    assert few["borrowed"]["tasks"] == 3
    assert few["borrowed"]["n"] == 40
    assert alone["borrowed"] is None
    widths = [found["escalation_rate"]["high"] - found["escalation_rate"]["low"] for found in (few, alone)]
    assert widths[0] < widths[1]


def test_a_task_with_samples_enough_is_what_it_would_be_alone() -> None:
    together = fitted(samples(a=300, b=250, few=40)).tasks["a"]
    alone = fitted([sample for sample in samples(a=300, b=250) if sample.request.task != "few"]).tasks["a"]
    assert together.points[0].thresholds[0].t == pytest.approx(alone.points[0].thresholds[0].t, abs=0.05)
    assert together.measured["borrowed"] is None


def test_a_handful_of_samples_is_refused_alone_and_starts_from_the_others_beside_them() -> None:
    with pytest.raises(DataError, match="at least 20"):
        fitted(samples(a=300, tiny=5))
    tiny = fitted(samples(a=300, b=300, c=300, d=300, e=300, tiny=5)).tasks["tiny"]
    assert tiny.n == 5
    assert tiny.measured["borrowed"]["rows"] > 5


def test_a_new_task_starts_where_the_others_go_up_at_the_rate_and_is_flagged() -> None:
    policy = fitted(samples(a=300, b=300, c=300), new_tasks=["new"])
    new = policy.tasks["new"]
    others = [policy.tasks[name].points[0].thresholds[0].t for name in "abc"]
    assert min(others) - 0.1 < new.points[0].thresholds[0].t < max(others) + 0.1
    assert "no samples of its own" in new.why
    assert new.measured["borrowed"]["n"] == 0
    assert new.measured["escalation_rate"]["low"] < 0.25 < new.measured["escalation_rate"]["high"]
    assert new.measured["accuracy"]["value"] is None
    assert set(new.measured) == set(policy.tasks["a"].measured)
    assert Policy.from_json(policy.to_json()) == policy


def test_a_new_task_takes_other_aims_from_all_rows_together_and_no_certificate() -> None:
    given = samples(a=300, b=300)
    aimed = fitted(given, target=ExpectedLoss(0.02), new_tasks=["new"], choose_rungs=True).tasks["new"]
    assert "no samples of its own" in aimed.why
    bounded = fitted(given, target=MaxLoss(0.1), new_tasks=["new"]).tasks["new"]
    assert bounded.certified is False
    assert bounded.points[0].rungs == ("large",)
    assert bounded.measured["labels_needed"] == 37


def test_a_new_task_that_has_samples_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="a new task was expected to have none"):
        fitted(samples(a=300, b=300), new_tasks=["a"])


def test_ladders_of_three_borrow_at_every_rung() -> None:
    rungs = ["small", "medium", "large"]
    given = samples(rungs, a=300, b=300, few=60)
    policy = calibrate(given, rungs, target=EscalationRate([0.4, 0.5]), verifiers=["sure"])
    few = policy.tasks["few"]
    assert len(few.points[0].thresholds) == 2
    assert [level["expected"] for level in few.measured["rungs"]] == [0.4, 0.5]
    assert few.measured["rungs"][1]["n"] == pytest.approx(24, abs=6)


def test_what_vetoes_force_up_counts_towards_the_rate_and_never_more_goes_up() -> None:
    rng = np.random.default_rng(0)
    found, forced = [rng.random(300) for _ in range(4)], [rng.random(300) < share for share in (0.1, 0.1, 0.1, 0.5)]
    shrunk = shrink_thresholds(found, 0.3, forced=forced)
    for c, veto, one in zip(found[:3], forced[:3], shrunk[:3], strict=True):
        assert np.mean(veto | (c < one.threshold[0])) == pytest.approx(0.3, abs=0.04)
    assert shrunk[3].threshold == (0.0, 0.0)


def test_a_task_unlike_the_others_is_not_pulled_beyond_what_its_own_rows_allow() -> None:
    rng = np.random.default_rng(1)
    found = [rng.beta(5, 2, 300) for _ in range(20)] + [rng.beta(2, 5, 60)]
    t, _ = shrink_thresholds(found, 0.25)[-1].threshold
    assert 0.15 < np.mean(found[-1] < t) < 0.36
