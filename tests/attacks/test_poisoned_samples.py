"""Samples whose labels are one-sided or too few: one class is fitted as a constant and said, too few are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration import EscalationRate, ExpectedLoss, MaxError, MaxLoss, calibrate
from calibration.targets.by_task import Target
from cascade import DataError
from cascade.policy.policy import TaskPolicy
from cascade.samples.sample import Sample
from tests.recordings import recorded_samples


def labelled(n: int, correct: float, *, top: float = 1.0) -> list[Sample]:
    """Return samples whose small model is always `correct`, and whose large one is always `top`."""
    right = {"small": correct, "large": top}
    return [
        replace(one, recordings={name: replace(own, correct=right[name]) for name, own in one.recordings.items()})
        for one in recorded_samples(n)
    ]


def fitted(samples: list[Sample], target: Target) -> TaskPolicy:
    return calibrate(samples, ["small", "large"], target=target, choose_rungs=True).tasks["sums"]


@pytest.mark.parametrize("correct", [0.0, 1.0])
@pytest.mark.parametrize("target", [EscalationRate(0.25), ExpectedLoss(0.02), MaxError(0.05), MaxLoss(0.05)])
def test_labels_of_one_class_are_fitted_as_a_constant_and_said(correct: float, target: Target) -> None:
    task = fitted(labelled(100, correct), target)
    what = "right" if correct else "wrong"
    assert any(f"Rung small: all 100 labels are {what}" in said for said in task.measured["warnings"])
    for point in task.points:
        for combiner in point.combiners.values():
            assert all(column.weight == 0.0 for column in combiner.columns)


def test_a_small_model_that_is_always_right_is_served_alone_and_certified() -> None:
    task = fitted(labelled(100, 1.0), MaxLoss(0.05))
    assert task.certified
    assert [point.rungs for point in task.points] == [("small",)]
    assert fitted(labelled(100, 1.0), MaxError(0.05)).certified


def test_a_small_model_that_is_always_wrong_leaves_the_top_alone() -> None:
    for target in (ExpectedLoss(0.0), MaxLoss(0.05), MaxError(0.05)):
        assert [point.rungs for point in fitted(labelled(100, 0.0), target).points] == [("large",)]


@pytest.mark.parametrize("n", [3, 19])
def test_too_few_samples_are_refused(n: int) -> None:
    for samples in (recorded_samples(n), labelled(n, 1.0)):
        with pytest.raises(DataError, match="at least 20"):
            calibrate(samples, ["small", "large"], target=EscalationRate(0.25))


@pytest.mark.parametrize("share_right", [0.98, 0.02])
def test_few_labels_of_the_other_class_never_refuse_a_fit(share_right: float) -> None:
    one_sided = labelled(60, 1.0 if share_right > 0.5 else 0.0)
    other = labelled(60, 0.0 if share_right > 0.5 else 1.0)
    for seed in range(3):
        samples = [*one_sided[:seed], other[seed], *one_sided[seed + 1 :]]
        assert fitted(samples, MaxError(0.1)).n == 60
