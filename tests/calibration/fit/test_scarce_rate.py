"""A rate fitted to few labels for its features has an interval that holds the true one all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.combine.rung_fits import RungFits
from calibration.fit.scarce_rate import cross_fitted_interval
from calibration.fit.task_fit import fit_task
from calibration.samples.recorded import recorded_ladder
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.targets.target import EscalationRate
from calibration.thresholds.path import to_point
from cascade.policy.policy import SALT, TaskPolicy
from tests.recordings import recorded_samples
from tests.synthetic import pair_traffic


def noisy(rng: np.random.Generator, n: int, idle: int) -> Table:
    """Return requests with one verdict that tells right from wrong, and idle ones."""
    table = pair_traffic(rng, n)
    rows = {rung: np.column_stack([own, rng.normal(size=(n, idle))]) for rung, own in table.rows.items()}
    names = {rung: ("sure", *(f"idle{i}" for i in range(idle))) for rung in rows}
    return replace(table, rows=rows, names=names)


def fitted(table: Table, rate: float) -> TaskPolicy:
    return fit_task(table, recorded_ladder(recorded_samples(1), ("small", "large"), []), EscalationRate(rate))


def test_idle_verdicts_beside_few_labels_widen_the_interval_and_many_labels_do_not() -> None:
    rng = np.random.default_rng(0)
    few, many = noisy(rng, 50, 5), noisy(rng, 400, 5)
    assert cross_fitted_interval(RungFits(many), to_point(RungFits(many), many.rungs, [0.15]), 400) is None
    told = fitted(few, 0.15).measured["escalation_rate"]
    found = cross_fitted_interval(RungFits(few), to_point(RungFits(few), few.rungs, [0.15]), 50)
    assert found is not None
    assert told["high"] >= found[1]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "idle", "rate"), [(50, 5, 0.05), (50, 5, 0.25), (200, 5, 0.05)])
def test_the_interval_of_a_rate_holds_the_true_one_in_about_nine_of_ten_fits(n: int, idle: int, rate: float) -> None:
    rng, held, fits = np.random.default_rng(n), 0, 200
    for _ in range(fits):
        task = fitted(noisy(rng, n, idle), rate)
        true = float(apply_point(noisy(rng, 4_000, idle), task.points[0], salt=SALT).escalated[:, 0].mean())
        told = task.measured["escalation_rate"]
        held += told["low"] <= true <= told["high"]
    assert held / fits >= 0.9 - 3.0 * np.sqrt(0.09 / fits)
