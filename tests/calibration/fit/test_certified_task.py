"""calibrate() with a bound: what is certified serves, what is not is the reference alone, and both say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration import EscalationRate, MaxError, MaxLoss, calibrate, replay
from cascade.policy.policy import Policy
from tests.recordings import recorded_samples

PAIR = ("small", "large")
LADDER = ("small", "middle", "large")


def test_a_certified_error_holds_on_fresh_samples_and_the_policy_says_under_which_assumptions() -> None:
    policy = calibrate(recorded_samples(1000), PAIR, target=MaxError(0.2))
    task = policy.tasks["sums"]
    assert task.certified is True
    assert task.certificate is not None
    assert "exchangeable" in " ".join(task.certificate["assumptions"])
    seen = replay(recorded_samples(3000, seed=1), policy).to_json()["total"]
    assert seen["error_accepted"] < 0.2
    assert seen["cost_vs_top"] < 0.7, "and it saves something"
    assert Policy.from_json(policy.to_json()) == policy


def test_a_ladder_is_certified_down_its_path() -> None:
    policy = calibrate(recorded_samples(2000, rungs=LADDER), LADDER, target=MaxLoss(0.05), choose_rungs=True)
    assert policy.tasks["sums"].certified is True
    seen = replay(recorded_samples(3000, seed=1, rungs=LADDER), policy).to_json()["total"]
    assert seen["accuracy_top"] - seen["accuracy"]["value"] < 0.05
    assert seen["cost_vs_top"] < 1.0


def test_too_few_labels_certify_nothing_and_it_is_said_how_many_are_missing_and_what_could_be_had() -> None:
    policy = calibrate(recorded_samples(60), PAIR, target=MaxError(0.02))
    task = policy.tasks["sums"]
    assert task.certified is False
    assert [point.rungs for point in task.points] == [("large",)], "the safest policy serves"
    assert task.why is not None
    assert "Not certified" in task.why
    assert task.measured["escalation_rate"] == {"expected": 0.0, "low": 0.0, "high": 0.0}
    assert any("small" in line for line in task.measured["feasible"])


def test_labels_that_were_asked_for_where_doubt_was_greatest_are_thinned_before_they_certify() -> None:
    rng = np.random.default_rng(3)
    samples = []
    for sample in recorded_samples(3000):
        doubtful = (sample.recordings["small"].verdicts["sure"].score or 0.0) < 0.6
        propensity = 0.9 if doubtful else 0.3
        recordings = sample.recordings
        if rng.random() >= propensity:
            recordings = {name: replace(recording, correct=None) for name, recording in recordings.items()}
        samples.append(replace(sample, recordings=recordings, propensity=propensity))
    task = calibrate(samples, PAIR, target=MaxError(0.2)).tasks["sums"]
    assert task.certificate is not None
    # Of the 60 % that certify, each row is kept with probability .3, whatever its propensity was.
    assert task.certificate["n"] == pytest.approx(0.6 * 0.3 * 3000, rel=0.15)
    seen = replay(recorded_samples(3000, seed=1), calibrate(samples, PAIR, target=MaxError(0.2))).to_json()["total"]
    assert seen["error_accepted"] < 0.2


def test_a_bound_on_several_tasks_divides_its_doubt() -> None:
    samples = [row for seed, task in enumerate("abc") for row in recorded_samples(600, seed=seed, task=task)]
    policy = calibrate(samples, PAIR, target=MaxError(0.25, confidence=0.9))
    for task in policy.tasks.values():
        assert task.certificate is not None
        assert task.certificate["delta"] == pytest.approx(0.1 / 3)
        assert task.certificate["tasks"] == 3


def test_every_point_of_a_dial_has_its_own_promise() -> None:
    dial = {"strict": MaxLoss(0.02), "cheap": EscalationRate(0.1)}
    task = calibrate(recorded_samples(800), PAIR, target=EscalationRate(0.3), dial=dial).tasks["sums"]
    assert (task.certified, task.dial["strict"].certified, task.dial["cheap"].certified) == (None, True, None)
    assert task.dial["cheap"].measured["escalation_rate"]["expected"] == 0.1


def test_a_task_with_few_labels_borrows_from_the_others() -> None:
    samples = [row for seed, task in enumerate("abcd") for row in recorded_samples(400, seed=seed, task=task)]
    few = recorded_samples(24, seed=9, task="new")
    alone = calibrate(few, PAIR, target=EscalationRate(0.25)).tasks["new"].points[0].combiners["small"]
    pooled = calibrate([*samples, *few], PAIR, target=EscalationRate(0.25)).tasks["new"].points[0].combiners["small"]
    assert alone != pooled


def test_a_task_without_labels_starts_from_the_pooled_model_and_is_flagged() -> None:
    samples = [row for seed, task in enumerate("abc") for row in recorded_samples(300, seed=seed, task=task)]
    bare = recorded_samples(200, seed=9, task="new", labelled=False)
    policy = calibrate([*samples, *bare], PAIR, target=EscalationRate(0.25))
    assert "no labels of its own" in (policy.tasks["new"].why or "")
    seen = replay(recorded_samples(2000, seed=11, task="new"), policy).to_json()["tasks"]["new"]
    assert seen["escalation_rate"]["value"] == pytest.approx(0.25, abs=0.08)
    assert seen["accuracy"]["value"] > 0.75, "the borrowed combiner tells right from wrong here too"
