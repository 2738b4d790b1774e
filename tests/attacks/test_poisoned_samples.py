"""Samples whose labels were poisoned: what is one-sided or too little is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calibration import EscalationRate, MaxError, calibrate
from cascade import DataError
from cascade.samples.sample import Sample
from tests.recordings import recorded_samples


def labelled(n: int, correct: float) -> list[Sample]:
    samples = recorded_samples(n)
    return [
        replace(one, recordings={name: replace(own, correct=correct) for name, own in one.recordings.items()})
        for one in samples
    ]


@pytest.mark.parametrize("correct", [0.0, 1.0])
@pytest.mark.parametrize("target", [EscalationRate(0.25), MaxError(0.05)])
def test_labels_of_one_kind_are_refused(correct: float, target: Any) -> None:
    with pytest.raises(DataError, match=f"labels of rung 'small' are {correct:g}"):
        calibrate(labelled(100, correct), ["small", "large"], target=target)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(DataError, match="at least"):
        calibrate(recorded_samples(3), ["small", "large"], target=EscalationRate(0.25))
