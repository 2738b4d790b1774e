"""A report says first where single models and their mixes beat the cascade, and where one beats its reference."""

from __future__ import annotations

import numpy as np
import pytest

from cascade.report.values.against_hull import against_hull, hull_findings, hull_words
from cascade.report.values.figure import Figure
from cascade.report.values.parts import HullReport, SingleReport
from cascade.report.values.tally import Joint, Tally

RUNGS = ("small", "middle", "large")
USD = (0.001, 0.004, 0.010)


def compared(
    right: tuple[float, float, float], served: np.ndarray, usd: float, *, seed: int = 0, level: float = 0.9
) -> HullReport | None:
    """Compare a cascade that serves column `served` (n,) of independent answers, every one of them labelled."""
    chance = np.random.default_rng(seed)
    correct = (chance.random((len(served), 3)) < right).astype(float)
    tally = Tally()
    for column, by in enumerate(RUNGS):
        rows = correct[served == column]
        if len(rows):
            tally.answered_by[by] = 10 * len(rows)
            joint = tally.joint.setdefault((by, RUNGS), Joint())
            joint.confidence.extend([0.5] * len(rows))
            joint.correct.extend(rows.ravel().tolist())
    singles = tuple(
        SingleReport(rung=rung, accuracy=Figure(value=p), cost_usd_per_request=cost)
        for rung, p, cost in zip(RUNGS, right, USD, strict=True)
    )
    return against_hull(tally, singles, "large", usd, level)


def test_a_cascade_that_mixes_the_worse_models_is_below_the_hull_and_the_mix_that_beats_it_is_named() -> None:
    served = np.repeat([0, 2], [700, 300])
    found = compared((0.5, 0.85, 0.9), served, 0.0037)
    assert found is not None
    assert found.below
    assert set(found.mix) == {"small", "middle"}
    assert found.mix_usd_per_request == pytest.approx(0.0037)
    (first,) = hull_findings(found, "large")
    assert first.startswith("Below the hull of single models: a random mix of 10.0 % small and 90.0 % middle")
    assert hull_words(found).startswith("below: at its cost a random mix")


def test_a_reference_that_another_model_beats_is_said() -> None:
    found = compared((0.5, 0.95, 0.8), np.repeat([0, 2], [300, 300]), 0.006)
    assert found is not None
    assert found.better_than_reference == "middle"
    assert any("The reference large is not the best model: middle" in said for said in hull_findings(found, "large"))


def test_a_cascade_cheaper_than_any_model_is_above_and_too_few_labels_tell_nothing() -> None:
    found = compared((0.5, 0.8, 0.9), np.zeros(100, dtype=int), 0.0005)
    assert found is not None
    assert found.below is False
    assert not found.mix
    assert "costs less than any single model" in hull_words(found)
    assert compared((0.5, 0.8, 0.9), np.repeat([0, 2], [5, 5]), 0.003) is None


@pytest.mark.slow
@pytest.mark.parametrize("n", [40, 200])
def test_a_mix_of_the_hull_is_called_below_it_in_at_most_five_in_a_hundred_logs(n: int) -> None:
    right, below = (0.5, 0.8, 0.9), 0
    for seed in range(1_000):
        served = (np.arange(n) % 2 + 1).astype(int)  # half middle, half large: a point of the hull
        found = compared(right, served, 0.007, seed=seed)
        below += found is not None and found.below is True
    assert below <= 50 + 2 * 7
