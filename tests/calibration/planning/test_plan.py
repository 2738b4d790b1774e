"""Claims about how many labelled samples a promise will need."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.planning.pilot import read_pilot
from calibration.planning.plan import plan_accuracy, plan_error, plan_loss, plan_rate
from calibration.samples.recorded import recorded_ladder
from calibration.samples.sameness import same_answers
from calibration.samples.table import lay_out
from calibration.stats.risk import betting_p
from calibration.stats.spending import spend
from cascade.errors import ConfigError, DataError
from tests.recordings import recorded_samples


def test_without_any_error_the_least_is_what_one_look_needs() -> None:
    # 45 error-free answers at one look (α .05, δ .10), and 40 % of the samples go into learning.
    assert plan_error(0.05, 0.0, 1.0, confidence=0.9).least == 75


def test_the_samples_planned_for_certify_with_the_power_stated() -> None:
    planned = plan_error(0.1, 0.04, 0.5, confidence=0.9)
    assert planned.samples is not None
    rows = round(0.6 * planned.samples)
    rng, certified = np.random.default_rng(0), 0
    c = np.linspace(1.0, 0.0, rows)
    for _ in range(60):
        right = rng.random(rows) < np.where(c > 0.5, 0.96, 0.4)
        found = spend(c, right.astype(float), 0.1, 0.1)
        certified += found.threshold is not None and found.threshold <= 0.6
    assert certified / 60 >= 0.7


def test_a_loss_bound_planned_for_passes_with_the_power_stated() -> None:
    planned = plan_loss(0.03, 0.03, 0.03, 0.5, confidence=0.9)
    assert planned.samples is not None
    rows = round(0.6 * planned.samples)
    rng = np.random.default_rng(1)
    passed = [
        betting_p(rng.choice([1.0, -1.0, 0.0], rows, p=[0.03, 0.03, 0.94]), 0.03, low=-1.0) <= 0.1 for _ in range(60)
    ]
    assert np.mean(passed) >= 0.65


def test_labels_that_certify_are_needed_only_where_answers_differ() -> None:
    planned = plan_loss(0.05, 0.01, 0.01, 0.75, confidence=0.9)
    assert planned.samples is not None
    assert planned.labels == pytest.approx(planned.samples * (0.4 + 0.6 / 4), abs=1)


def test_more_tasks_need_more_labels() -> None:
    one, many = (plan_error(0.05, 0.01, 0.5, confidence=0.9, tasks=tasks).samples for tasks in (1, 10))
    assert one is not None
    assert many is not None
    assert many > one


def test_what_is_expected_to_be_broken_needs_no_number() -> None:
    assert plan_error(0.05, 0.06, 0.5, confidence=0.9).samples is None
    assert plan_loss(0.01, 0.04, 0.02, 0.5, confidence=0.9).samples is None
    assert plan_accuracy(0.8, 0.79, confidence=0.9).samples is None


def test_a_rate_needs_samples_and_no_labels() -> None:
    planned = plan_rate(0.25, 0.03, confidence=0.9)
    assert planned.labels == 0
    assert planned.samples == pytest.approx(565, rel=0.03)


def test_a_pilot_keeps_the_most_confident_first() -> None:
    samples = recorded_samples(400, seed=2)
    table = lay_out("sums", samples, recorded_ladder(samples, ("small", "large"), ["sure"]))
    kept = read_pilot(table, same_answers(samples, table.rungs))
    assert kept[0].error < kept[-1].error < 1.0 - table.correct[:, 0].mean()
    assert all(one.error <= one.error_high for one in kept)
    assert kept[0].same == pytest.approx(0.9)


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(ConfigError, match="confidence"):
        plan_error(0.05, 0.01, 0.5, confidence=1.0)
    with pytest.raises(ConfigError, match="alpha"):
        plan_error(1.5, 0.01, 0.5, confidence=0.9)
    samples = recorded_samples(10)
    table = lay_out("sums", samples, recorded_ladder(samples, ("small", "large"), ["sure"]))
    with pytest.raises(DataError, match="pilot"):
        read_pilot(table, same_answers(samples, table.rungs))
