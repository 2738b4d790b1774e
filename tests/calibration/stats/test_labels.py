"""Estimates from labels: unbiased for any propensities, with narrower intervals by PPI++."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.planning.selection import draw, spread_budget, weigh_for_certificate, weigh_for_estimate
from calibration.stats.labels import uniform_rows
from cascade.errors import ConfigError, DataError
from cascade.stats.intervals import proportion_interval
from cascade.stats.ppi import estimate_mean

importances = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=200)


def judged(n: int = 4000, seed: int = 0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.8).astype(float)
    return rng, y, np.clip(y * 0.6 + 0.2 + rng.normal(0, 0.15, n), 0, 1)


def test_equal_propensities_give_prediction_powered_inference():
    rng, y, judge = judged()
    labelled = rng.random(y.size) < 0.05
    found = estimate_mean(np.where(labelled, y, np.nan), proxy=judge)
    n, big = labelled.sum(), (~labelled).sum()
    # PPI++ (arXiv 2311.01453), example 6.1: lambda = cov(y, f) / ((1 + n / N) var(f)), theta over the unlabelled rows.
    covariance = np.cov(y[labelled], judge[labelled])
    share = covariance[0, 1] / (1 + n / big) / judge.var()
    theta = y[labelled].mean() + share * (judge[~labelled].mean() - judge[labelled].mean())
    assert found.value == pytest.approx(theta, abs=0.002)


def test_a_judge_sharpens_the_estimate_and_noise_does_not_blur_it():
    rng, y, judge = judged()
    some = np.where(rng.random(y.size) < 0.05, y, np.nan)
    alone, helped, noise = (estimate_mean(some, proxy=proxy) for proxy in (None, judge, rng.random(y.size)))
    assert helped.high - helped.low < 0.75 * (alone.high - alone.low)
    assert helped.worth > 2.0
    assert noise.high - noise.low == pytest.approx(alone.high - alone.low, rel=0.05)


def test_labels_chosen_in_doubt_mislead_unless_weighted():
    rng, y, judge = judged(40_000)
    pi = np.clip(0.02 + 0.3 * (judge < 0.5), 0, 1)
    some = np.where(rng.random(y.size) < pi, y, np.nan)
    assert np.nanmean(some) < y.mean() - 0.2
    found = estimate_mean(some, propensity=pi)
    assert found.low <= y.mean() <= found.high


def test_labels_that_are_all_alike_are_no_certainty():
    found = estimate_mean([1.0] * 20 + [np.nan] * 80, proxy=np.ones(100))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(proportion_interval(20, 20)[0])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50), st.floats(0.01, 1.0))
def test_an_estimate_lies_in_its_interval_and_in_range(labels, propensity):
    found = estimate_mean(labels, propensity=np.full(len(labels), propensity))
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_one_label_is_no_estimate():
    with pytest.raises(DataError, match="at least 2"):
        estimate_mean([1.0, np.nan])


def test_thinning_leaves_every_row_the_same_probability():
    rng = np.random.default_rng(0)
    pi = np.tile([0.1, 0.5, 1.0], 20_000)
    kept = uniform_rows(pi, rng.random(pi.size) < pi, rng.random(pi.size))
    assert [kept[k::3].mean() for k in range(3)] == pytest.approx([0.1, 0.1, 0.1], abs=0.01)


@given(importances, st.floats(1.0, 100.0), st.floats(0.05, 1.0))
def test_propensities_sum_to_the_budget_and_are_bounded_below(weights, labels, floor):
    pi = spread_budget(weights, labels, floor=floor)
    n = len(weights)
    assert pi.sum() == pytest.approx(min(labels, n))
    assert pi.min() >= min(1.0, 0.99 * floor * labels / n)


@given(importances, st.integers(1, 20), st.integers(0, 99))
def test_a_draw_takes_as_many_as_were_asked_for(weights, labels, seed):
    rng = np.random.default_rng(seed)
    chosen = draw(spread_budget(weights, labels), rng.random(len(weights)), rng.random())
    assert chosen.sum() == min(labels, len(weights))


def test_each_row_is_drawn_as_often_as_its_propensity_says():
    rng = np.random.default_rng(0)
    pi = np.array([0.1, 0.2, 0.3, 0.6, 0.8])
    often = np.mean([draw(pi, rng.random(5), rng.random()) for _ in range(20_000)], axis=0)
    assert often == pytest.approx(pi, abs=0.015)


def test_more_importance_is_never_less_propensity():
    pi = spread_budget([0.0, 0.1, 0.5, 0.5, 1.0], 2)
    assert np.all(np.diff(pi) >= 0)


def test_a_certificate_wants_the_sure_rows_and_no_row_that_is_known_to_be_harmless():
    p = np.linspace(0.99, 0.2, 100)
    harmless = np.zeros(100, dtype=bool)
    harmless[::4] = True
    weight = weigh_for_certificate(p, bound=0.05, per_accepted=True, harmless=harmless)
    assert weight[1] == 1.0
    assert weight[-1] == 0.0
    assert not weight[harmless].any()


def test_an_estimate_wants_the_rows_in_doubt():
    assert np.argmax(weigh_for_estimate([0.01, 0.5, 0.95])) == 1


def test_no_labels_cannot_be_spread():
    with pytest.raises(ConfigError, match="at least one label"):
        spread_budget([1.0], 0)
