"""Bounds on dimensions of the labels: each is tested on its own labels, and all hold or nothing is certified."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration import Jointly, MaxError, MaxLoss, calibrate, replay
from calibration.gate.finding import Criterion
from calibration.gate.gate import check_policy
from cascade.errors import ConfigError, DataError
from cascade.labelling import annotate, by_dimension
from cascade.policy.policy import Policy
from tests.recordings import recorded_samples

PAIR = ("small", "large")


def annotated(n: int, *, seed: int = 0, rude: float = 0.1):
    """Return samples that one annotator labelled: `correct` as recorded, `tone` wrong in a share of small answers."""
    rng = np.random.default_rng(seed + 100)
    found = []
    for sample in recorded_samples(n, seed=seed):
        said = {
            name: {"correct": recording.correct, "tone": float(name == "large" or rng.random() >= rude)}
            for name, recording in sample.recordings.items()
        }
        found.append(annotate(sample, "ann", said))
    return found


def test_two_dimensions_are_certified_together_and_each_is_told() -> None:
    both = Jointly(MaxLoss(0.05, dimension="correct"), MaxLoss(0.15, dimension="tone"))
    policy = calibrate(annotated(1500), PAIR, target=both)
    task = policy.tasks["sums"]
    assert task.certified
    assert [part["bound"]["dimension"] for part in task.certificate["parts"]] == ["correct", "tone"]
    assert max(part["p"] for part in task.certificate["parts"]) <= 0.1 == task.certificate["delta"]
    assert set(task.measured["dimensions"]) == {"correct", "tone"}
    assert "1 − confidence is not divided over the bounds" in " ".join(task.certificate["assumptions"])
    fresh = annotated(3000, seed=1)
    for dimension, limit in (("correct", 0.05), ("tone", 0.15)):
        seen = replay(by_dimension(fresh, dimension), policy).to_json()["total"]
        assert seen["accuracy_top"] - seen["accuracy"]["value"] < limit
    assert Policy.from_json(policy.to_json()) == policy


def test_a_dimension_that_cannot_be_kept_makes_the_safest_policy_serve() -> None:
    both = Jointly(MaxLoss(0.05, dimension="correct"), MaxLoss(0.01, dimension="tone"))
    task = calibrate(annotated(600, rude=0.5), PAIR, target=both).tasks["sums"]
    assert task.certified is False
    assert task.points[0].rungs == ("large",)
    assert "in tone" in task.why


def test_one_dimension_alone_is_certified_as_correct_is() -> None:
    samples = annotated(800)
    plain = calibrate(samples, PAIR, target=MaxError(0.2)).tasks["sums"]
    named = calibrate(samples, PAIR, target=MaxError(0.2, dimension="correct")).tasks["sums"]
    assert named.points == plain.points
    assert named.certificate["bound"]["dimension"] == "correct"


def test_gold_labels_are_the_dimension_correct_where_nobody_annotated() -> None:
    task = calibrate(recorded_samples(800), PAIR, target=MaxError(0.2, dimension="correct")).tasks["sums"]
    assert task.certified


def test_a_dimension_that_nobody_labelled_is_said() -> None:
    with pytest.raises(DataError, match="no recording has a label in the dimension 'tone'"):
        calibrate(recorded_samples(100), PAIR, target=MaxLoss(0.05, dimension="tone"))


def test_bounds_that_repeat_or_differ_in_confidence_are_refused() -> None:
    for bounds in ((), (MaxLoss(0.1), MaxLoss(0.2)), (MaxLoss(0.1), MaxError(0.1, 0.95))):
        with pytest.raises(ConfigError, match="certified together"):
            Jointly(*bounds)
    with pytest.raises(ConfigError, match="dimension is 'a b'"):
        MaxLoss(0.1, dimension="a b")


def test_an_error_and_a_loss_may_be_bounded_together() -> None:
    both = Jointly(MaxLoss(0.1), MaxError(0.2))
    policy = calibrate(recorded_samples(1500), PAIR, target=both)
    assert policy.tasks["sums"].certified
    seen = replay(recorded_samples(3000, seed=1), policy).to_json()["total"]
    assert seen["error_accepted"] < 0.2


def test_alike_in_content_is_not_alike_in_tone() -> None:
    same = [
        replace(
            sample,
            recordings={
                name: replace(one, response=replace(one.response, text="Yes." if name == "large" else "yes"))
                for name, one in sample.recordings.items()
            },
        )
        for sample in annotated(600, rude=0.6)
    ]
    tone = calibrate(same, PAIR, target=MaxLoss(0.05, dimension="tone")).tasks["sums"]
    assert not tone.certified


def test_the_gate_holds_a_dimension_to_its_own_limit() -> None:
    samples = annotated(600, rude=0.6)
    policy = calibrate(samples, PAIR, target=MaxError(0.25))
    limits = [Criterion("min_accuracy", 0.7), Criterion("min_accuracy", 0.7, "tone")]
    found = check_policy(annotated(600, seed=1, rude=0.6), policy, limits)
    assert [finding.outcome for finding in found.findings] == ["pass", "fail"]
    assert found.to_json()["findings"][1]["dimension"] == "tone"
