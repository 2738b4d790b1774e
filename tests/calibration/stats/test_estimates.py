"""Means with their intervals: rows of one group do not count as independent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.fit.task_fit import fit_task
from calibration.stats.estimates import estimate, pick
from calibration.stats.margin import independent_rows
from calibration.targets.target import EscalationRate
from cascade.ladder import Ladder, Rung
from tests.synthetic import ladder_traffic
from verifiers.refusal import Refusal


def test_ten_copies_of_a_row_say_as_much_as_one():
    values, groups = np.repeat([1.0, 0.0, 1.0, 1.0] * 5, 10), [f"g{i // 10}" for i in range(200)]
    alone, copied = estimate(values[::10]), estimate(values, groups)
    assert copied["value"] == alone["value"]
    assert copied["high"] - copied["low"] >= 0.95 * (alone["high"] - alone["low"])
    assert independent_rows(values, groups, 0.05) <= 20.0


def test_groups_of_one_are_no_groups():
    values = np.array([1.0, 0.0, 1.0])
    assert estimate(values, ["a", "b", None]) == estimate(values)
    assert independent_rows(values, ["a", "b", None], 0.05) == 3.0


def test_groups_are_picked_with_their_rows():
    assert pick(["a", None, "b"], np.array([True, False, True])) == ("a", "b")
    assert pick(None, np.array([True])) is None


def test_a_rate_fitted_on_sessions_is_less_sure_and_says_why():
    rungs = Ladder(*(Rung(f"x/{name}", name=name, verify=(Refusal(),)) for name in ("r0", "r1", "r2", "top")))
    laid = ladder_traffic(np.random.default_rng(0), 400, groups=40)
    shared = fit_task(laid, rungs, EscalationRate(0.3)).measured
    alone = fit_task(replace(laid, groups=(None,) * len(laid)), rungs, EscalationRate(0.3)).measured
    width = [found["escalation_rate"]["high"] - found["escalation_rate"]["low"] for found in (shared, alone)]
    assert width[0] > 1.2 * width[1]
    assert any("400 samples share 40 groups" in line for line in shared["warnings"])
    assert not any("groups" in line for line in alone["warnings"])


@pytest.mark.slow
@pytest.mark.parametrize("n", [120, 480])
def test_rates_fitted_on_sessions_are_covered(n):
    rungs = Ladder(*(Rung(f"x/{name}", name=name, verify=(Refusal(),)) for name in ("r0", "r1", "r2", "top")))
    rng, inside = np.random.default_rng(1), []
    for _ in range(300):
        whole = ladder_traffic(rng, n + 24_000, groups=(n + 24_000) // 12)
        mine = np.isin(np.arange(len(whole)) % ((n + 24_000) // 12), np.arange(n // 12))
        task = fit_task(whole.take(mine), rungs, EscalationRate(0.3))
        threshold = task.points[0].thresholds[0]
        sure = whole.take(~mine).rows["r0"][:, 0]
        combiner = task.points[0].combiners["r0"]
        true = float(np.mean(combiner.confidences(sure[:, None], ("sure",)) < threshold.t))
        promised = task.measured["escalation_rate"]
        inside.append(promised["low"] <= true <= promised["high"])
    assert np.mean(inside) >= 0.85
