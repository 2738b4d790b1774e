"""Labels only where answers differ tell no accuracy: what needs one refuses them in a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration import ExpectedError, ExpectedLoss, LabelBudget, MaxError, MaxLoss, Together, calibrate, replay
from calibration.gate.finding import Criterion
from calibration.gate.gate import check_policy
from calibration.samples.selective import require_unselective_samples
from calibration.targets.target import EscalationRate
from cascade.errors import DataError
from cascade.samples.sample import Sample
from tests.calibration.fit.test_paired_labels import RUNGS, laid, traffic


def kept(one: Sample, *, label: bool, propensity: float = 1.0) -> Sample:
    """Return a sample with its labels, or without."""
    found = {
        rung: recording if label else replace(recording, correct=None, label_source=None)
        for rung, recording in one.recordings.items()
    }
    return replace(one, recordings=found, propensity=propensity)


def differs(one: Sample) -> bool:
    return one.recordings["small"].response.text == "8"


SELECTIVE = [kept(one, label=differs(one)) for one in traffic(300)]
UNIFORM = [kept(one, label=i % 3 == 0) for i, one in enumerate(traffic(300))]


@pytest.mark.parametrize(
    "target", [ExpectedLoss(0.02), ExpectedError(0.1), MaxError(0.1), Together(ExpectedLoss(0.02), EscalationRate(0.3))]
)
def test_selective_labels_are_refused_by_what_needs_absolute_ones(target: object) -> None:
    with pytest.raises(DataError, match="where answers differ"):
        calibrate(SELECTIVE, RUNGS, target=target, verifiers=["sure"])  # type: ignore[arg-type]


def test_a_loss_on_pairs_and_a_rate_take_them() -> None:
    assert calibrate(SELECTIVE, RUNGS, target=EscalationRate(0.3), verifiers=["sure"]).tasks["sums"].n == 300
    pairs = calibrate(SELECTIVE, RUNGS, target=MaxLoss(0.1), verifiers=["sure"], budget=LabelBudget(labels=60))
    assert pairs.tasks["sums"].certified is True


def test_a_uniform_draw_is_not_refused_nor_one_with_propensities() -> None:
    assert calibrate(UNIFORM, RUNGS, target=ExpectedLoss(0.05), verifiers=["sure"]).tasks["sums"].n == 300
    drawn = [
        kept(one, label=differs(one) or i % 4 == 0, propensity=1.0 if differs(one) else 0.25)
        for i, one in enumerate(traffic(300))
    ]
    assert calibrate(drawn, RUNGS, target=ExpectedLoss(0.05), verifiers=["sure"]).tasks["sums"].n == 300


def test_assess_and_a_pilot_refuse_them_too() -> None:
    with pytest.raises(DataError, match="whether a cascade pays"):
        require_unselective_samples(laid(SELECTIVE).table, SELECTIVE, needs="whether a cascade pays")
    require_unselective_samples(laid(UNIFORM).table, UNIFORM, needs="whether a cascade pays")


def test_a_replay_says_that_its_accuracy_is_of_hard_rows_and_the_gate_refuses_to_test_it() -> None:
    policy = calibrate(UNIFORM, RUNGS, target=EscalationRate(0.3), verifiers=["sure"])
    assert any("where answers differ" in one for one in replay(SELECTIVE, policy).warnings)
    assert not any("where answers differ" in one for one in replay(UNIFORM, policy).warnings)
    with pytest.raises(DataError, match="where answers differ"):
        check_policy(SELECTIVE, policy, [Criterion("min_accuracy", 0.5)])
    assert check_policy(SELECTIVE, policy, [Criterion("max_loss", 0.5)]).findings
