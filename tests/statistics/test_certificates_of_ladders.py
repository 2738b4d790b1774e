"""Certificates of ladders of four rungs: learnt, certified and served as a user would, on traffic of known risk."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.certificates import truth
from calibration.certify.certification import certify
from calibration.certify.joint import certify_jointly
from calibration.fit.certified_task import fit_certified
from calibration.samples.layout import Layout
from calibration.targets.bound import Bound, Jointly, MaxError, MaxLoss
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT
from tests.synthetic import SURE, ladder_traffic, table_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

REPEATS = 200
NOISE = 3.0 * float(np.sqrt(0.1 * 0.9 / REPEATS))
LARGE = 40_000


@pytest.mark.parametrize(
    ("bound", "n", "cost"),
    [
        (MaxLoss(0.02), 200, 0.97),
        (MaxLoss(0.02), 500, 0.82),
        (MaxLoss(0.02), 1000, 0.65),
        (MaxLoss(0.02), 3000, 0.45),
        (MaxError(0.1), 200, 0.80),
        (MaxError(0.1), 500, 0.46),
        (MaxError(0.1), 1000, 0.37),
        (MaxError(0.1), 3000, 0.31),
    ],
)
def test_a_ladder_keeps_its_bound_as_often_as_said_and_saves(bound: Bound, n: int, cost: float) -> None:
    fresh = ladder_traffic(np.random.default_rng(99), LARGE)
    rng = np.random.default_rng(n)
    broken, costs = 0, []
    for _ in range(REPEATS):
        found = fit_certified(ladder_traffic(rng, n), bound)
        risk, paid = truth(found.points, bound, fresh)
        broken += found.certificate.certified and risk > bound.value
        costs.append(paid)
    assert broken / REPEATS <= 0.1 + NOISE
    assert np.mean(costs) <= cost


@pytest.mark.parametrize("n", [150, 390, 600])
@pytest.mark.parametrize("gain", [0.0, 0.03])
def test_at_the_bound_a_loss_is_certified_at_most_as_often_as_said(n: int, gain: float) -> None:
    # Every candidate loses a hair more than allowed, whichever is tested: any certificate is wrong.
    rng = np.random.default_rng(n)
    path = [
        (OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=t),), combiners={"r0": SURE}),)
        for t in (0.3, 0.2, 0.1)
    ]
    wrong, repeats = 0, 1000
    for _ in range(repeats):
        u = rng.random(n)
        ours, top = (
            (u >= 0.0201 + gain).astype(float),
            np.where((u >= 0.0201 + gain) & (u < 0.0201 + 2 * gain), 0.0, 1.0),
        )
        table = table_of(np.full((n, 1), 0.5), np.column_stack([ours, top]))
        wrong += certify(table, path, MaxLoss(0.02), delta=0.1, salt=SALT).certificate.certified
    assert wrong / repeats <= 0.1 + 3.0 * np.sqrt(0.09 / repeats)


@pytest.mark.parametrize(("first", "second"), [(0.0501, 0.0), (0.0501, 0.0501), (0.0, 0.1001)])
def test_bounds_on_two_dimensions_are_certified_together_at_most_as_often_as_said(first: float, second: float) -> None:
    # In one dimension or both a hair more is lost than allowed, .05 and .10: any certificate is wrong.
    rng = np.random.default_rng(2)
    path = [
        (OperatingPoint(rungs=("r0", "top"), thresholds=(Threshold(t=t),), combiners={"r0": SURE}),)
        for t in (0.3, 0.2, 0.1)
    ]
    both = Jointly(MaxLoss(0.05, dimension="correct"), MaxLoss(0.1, dimension="tone"))
    wrong, repeats, n = 0, 1000, 300
    for _ in range(repeats):
        labels = {
            name: np.column_stack([rng.random(n) >= lost, np.ones(n)]).astype(float)
            for name, lost in (("correct", first), ("tone", second))
        }
        layout = Layout(table=table_of(np.full((n, 1), 0.5), labels["correct"]), labels=labels)
        learnt = np.arange(n) < 0.4 * n
        found = certify_jointly(layout, both, path, learnt, tasks=1, seed=0, salt=SALT)
        wrong += found.certificate.certified
    assert wrong / repeats <= 0.1 + 3.0 * np.sqrt(0.09 / repeats)
