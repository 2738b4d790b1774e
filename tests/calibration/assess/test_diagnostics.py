"""Diagnostics of a ladder: reliability, risk–coverage, sweep and frontier."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.assess.diagnostics import Diagnosis, diagnose, draw_reliability, draw_risk_coverage
from calibration.combine.held_out import hold_out
from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import Table, lay_out
from tests.recordings import recorded_samples

RUNGS = ("small", "middle", "large")


@pytest.fixture(scope="module")
def table() -> Table:
    samples = recorded_samples(300, seed=1, rungs=RUNGS)
    return lay_out("sums", samples, recorded_ladder(samples, RUNGS, ["sure"]))


@pytest.fixture(scope="module")
def diagnosis(table: Table) -> Diagnosis:
    return diagnose(table, hold_out(table))


def test_every_picture_is_plain_json(diagnosis: Diagnosis) -> None:
    found = json.loads(json.dumps(diagnosis.to_json(), allow_nan=False))
    assert found["n"] == 300
    assert set(found["sweeps"]) == {"small", "middle"}
    assert found["frontier"]["signal"] == "sure"


def test_arrays_cannot_be_changed(diagnosis: Diagnosis) -> None:
    with pytest.raises(ValueError, match="read-only"):
        diagnosis.sweeps["small"].rate[0] = 1.0


def test_a_sweep_goes_from_always_the_rung_to_always_the_top(table: Table, diagnosis: Diagnosis) -> None:
    sweep = diagnosis.sweeps["small"]
    assert sweep.rate[[0, -1]].tolist() == [0.0, 1.0]
    assert sweep.accuracy[[0, -1]] == pytest.approx(table.correct[:, [0, 2]].mean(axis=0))
    assert sweep.cost_usd[0] == pytest.approx(table.answer_usd[:, 0].mean())
    assert np.all(np.diff(sweep.cost_usd) > 0.0)
    assert np.isnan(sweep.error_accepted[-1])


def test_nothing_beats_the_oracle_and_the_cascade_beats_chance(diagnosis: Diagnosis) -> None:
    frontier = diagnosis.frontier
    assert frontier is not None
    oracle, mix = frontier.oracle, frontier.random_mix
    for curve in (frontier.cascade, mix, frontier.best_signal):
        assert curve is not None
        best = np.interp(curve.cost_usd, oracle.cost_usd, oracle.accuracy)
        assert np.all(curve.accuracy <= best + 1e-9)
    by_lot = np.interp(frontier.cascade.cost_usd, mix.cost_usd, mix.accuracy)
    assert np.mean(frontier.cascade.accuracy - by_lot) > 0.01


def test_always_one_rung_needs_no_verifier(diagnosis: Diagnosis, table: Table) -> None:
    assert diagnosis.frontier is not None
    assert diagnosis.frontier.always["large"] == pytest.approx(
        (table.answer_usd[:, 2].mean(), table.correct[:, 2].mean())
    )


def test_perfect_confidences_lie_on_the_diagonal() -> None:
    rng = np.random.default_rng(3)
    c = rng.random(20_000)
    found = draw_reliability(c, (rng.random(20_000) < c).astype(float))
    assert found.confidence == pytest.approx(found.accuracy, abs=0.04)
    assert np.all((found.low <= found.accuracy) & (found.accuracy <= found.high))


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1, max_size=30))
def test_risk_at_full_coverage_is_the_error(rows: list[tuple[float, bool]]) -> None:
    c, y = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = draw_risk_coverage(c, y)
    assert found.coverage[-1] == 1.0
    assert found.risk[-1] == pytest.approx(1.0 - y.mean())


def test_without_costs_there_is_no_frontier(table: Table) -> None:
    table = table.take(np.arange(100))
    table.answer_usd[:] = np.nan
    found = diagnose(table, hold_out(table))
    assert found.frontier is None
    assert json.dumps(found.to_json(), allow_nan=False)
