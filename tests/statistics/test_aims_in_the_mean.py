"""Aims are met in expectation: over many draws of samples, measured on traffic that no draw has seen."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.calibrate_speed import RUNGS, synthetic
from calibration.fit.task_fit import fit_task
from calibration.gate.replays import apply
from calibration.targets.target import ExpectedError, ExpectedLoss, MeanCost
from cascade.ladder import Ladder, Rung
from cascade.policy.policy import SALT

pytestmark = pytest.mark.slow

LADDER = Ladder(*(Rung(f"test/{name}", name=name) for name in RUNGS))
REPEATS = 20


@pytest.fixture(scope="module")
def traffic():
    return synthetic(120_000)


def realised(traffic, target, n, *, labelled=None, choose_rungs=True):
    """Rows of unseen traffic under policies that were fitted on n of the rest, each draw another."""
    rng, fresh = np.random.default_rng(0), traffic.take(np.arange(100_000, 120_000))
    for _ in range(REPEATS):
        fit = traffic.take(rng.choice(100_000, n, replace=False))
        if labelled is not None:
            fit = replace(fit, correct=np.where(np.arange(n)[:, None] < labelled, fit.correct, np.nan))
        yield apply(fresh, fit_task(fit, LADDER, target, choose_rungs=choose_rungs), salt=SALT, rungs=RUNGS)


def test_the_mean_loss_is_near_the_aim_at_300_labels(traffic):
    losses = [float((rows.correct_top - rows.correct).mean()) for rows in realised(traffic, ExpectedLoss(0.02), 300)]
    assert np.mean(losses) < 0.02 + 0.005


def test_the_mean_error_among_accepted_is_near_the_aim_at_300_labels(traffic):
    errors = [
        1.0 - float(rows.correct[rows.below > 0].mean())
        for rows in realised(traffic, ExpectedError(0.05), 300)
        if (rows.below > 0).any()
    ]
    assert np.mean(errors) < 0.05 + 0.015


def test_unlabelled_traffic_holds_a_budget_several_times_closer_than_200_labels_alone(traffic):
    usd = 0.25 * float(traffic.answer_usd[:, -1].mean())
    alone = [abs(rows.cost_usd.mean() / usd - 1.0) for rows in realised(traffic, MeanCost(usd), 200)]
    anchored = [
        abs(rows.cost_usd.mean() / usd - 1.0) for rows in realised(traffic, MeanCost(usd), 10_000, labelled=200)
    ]
    assert np.mean(anchored) < 0.04
    assert np.mean(anchored) < np.mean(alone) / 2
