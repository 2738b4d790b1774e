"""The rate law as laws: what a threshold (t, g) keeps on any scores, and the shapes of its interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.stats.rate import (
    effective_size,
    escalates,
    expected_rate,
    fit_threshold,
    predictive_mean_error,
    rate_interval,
    rate_predictive,
)
from cascade.errors import ConfigError, DataError

levels = st.integers(0, 10).map(lambda tenth: tenth / 10)
scores = st.one_of(levels, st.floats(0, 1).map(lambda c: round(c, 9)))
samples = st.lists(st.tuples(scores, st.floats(0, 1, exclude_max=True), st.booleans()), min_size=1, max_size=60)
rates = st.floats(0, 1)


@given(samples, rates)
def test_the_rate_is_hit_on_any_scores(rows, rate):
    c = np.array([row[0] for row in rows])
    t, g = fit_threshold(c, rate)
    assert 0 <= t <= 1
    assert 0 <= g <= 1
    assert abs(expected_rate(c, t, g) - rate) <= 1 / len(c) + 1e-9


@given(samples, rates)
def test_the_rate_is_hit_with_vetoes_unless_they_alone_exceed_it(rows, rate):
    c, vetoed = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
    t, g = fit_threshold(c, rate, vetoed=vetoed)
    aim = max(rate, vetoed.mean())
    assert abs(expected_rate(c, t, g, vetoed=vetoed) - aim) <= 1 / len(c) + 1e-9
    if rate * (len(c) + 1) <= vetoed.sum():
        assert (t, g) == (0, 0)


def test_vetoes_do_not_exceed_a_rate_whose_order_statistic_lies_above_them():
    # k = r (n + 1) is 5.547 of nine rows: above the five vetoed, so there is a threshold, though 5 / 9 exceeds r.
    c, vetoed = np.full(9, 0.5), np.arange(9) < 5
    t, g = fit_threshold(c, 0.5547, vetoed=vetoed)
    assert t == 0.5
    assert 0 < g < 0.05
    assert fit_threshold(c, 0.5, vetoed=vetoed) == (0, 0)


@given(samples, rates, rates)
def test_a_higher_rate_never_lowers_the_threshold(rows, one, other):
    c, vetoed = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
    low, high = sorted((one, other))
    assert fit_threshold(c, low, vetoed=vetoed) <= fit_threshold(c, high, vetoed=vetoed)


@given(samples, scores, rates, scores, rates)
def test_raising_a_threshold_never_accepts_more(rows, t1, g1, t2, g2):
    c, u, vetoed = (np.array(part) for part in zip(*rows, strict=True))
    low, high = sorted(((t1, g1), (t2, g2)))
    assert np.all(escalates(c, u, *low, vetoed=vetoed) <= escalates(c, u, *high, vetoed=vetoed))


@given(samples)
def test_one_one_escalates_all_and_nought_nought_only_vetoes(rows):
    c, u, vetoed = (np.array(part) for part in zip(*rows, strict=True))
    assert fit_threshold(c, 1.0, vetoed=vetoed) == (1, 1)
    assert fit_threshold(c, 0.0, vetoed=vetoed) == (0, 0)
    assert escalates(c, u, 1.0, 1.0).all()
    assert np.array_equal(escalates(c, u, 0.0, 0.0, vetoed), vetoed)


@given(samples, rates)
def test_equal_weights_change_nothing(rows, rate):
    c, vetoed = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
    plain = fit_threshold(c, rate, vetoed=vetoed)
    assert fit_threshold(c, rate, np.full(len(c), 2.0), vetoed=vetoed) == pytest.approx(plain, abs=1e-6)


@given(samples, rates)
def test_the_order_of_rows_does_not_matter(rows, rate):
    c = np.array([row[0] for row in rows])
    assert fit_threshold(c, rate) == fit_threshold(c[::-1], rate)


def test_a_tie_group_is_split_in_proportion():
    c = np.repeat([0.0, 1.0], [20, 180])
    t, g = fit_threshold(c, 0.25)
    assert t == 1.0
    assert g == pytest.approx((0.25 - 0.1) / 0.9, abs=1e-3)


def test_weights_stand_for_rows():
    c = np.linspace(0.005, 0.995, 100)
    t, _ = fit_threshold(c, 0.5, np.where(c < 0.5, 3.0, 1.0))
    assert expected_rate(c, t, 0.0, np.where(c < 0.5, 3.0, 1.0)) == pytest.approx(0.5, abs=0.02)
    assert effective_size([1.0, 1.0, 1.0]) == pytest.approx(3.0)


def test_the_interval_is_the_beta_law_and_narrows_with_n():
    stats = pytest.importorskip("scipy.stats")
    assert rate_interval(200, 0.25) == pytest.approx(stats.beta(50.25, 150.75).ppf([0.05, 0.95]))
    assert np.ptp(rate_interval(1000, 0.25)) < np.ptp(rate_interval(200, 0.25)) < np.ptp(rate_interval(200, 0.25, 0.99))
    assert rate_interval(200, 0.0) == (0, 0)
    assert rate_interval(200, 1.0) == (1, 1)


def test_the_next_requests_scatter_more_than_the_true_rate_does():
    low, high = rate_interval(200, 0.25)
    next_low, next_high = rate_predictive(200, 0.25, 200)
    assert next_low < low < high < next_high
    assert predictive_mean_error(200, 0.25, 1600) == pytest.approx(0.0259, abs=2e-4)
    assert predictive_mean_error(200, 1.0, 100) == 0.0
    assert rate_predictive(200, 1.0, 100) == (1, 1)


@pytest.mark.parametrize(
    ("confidences", "weights"), [([], None), ([0.5, np.nan], None), ([1.5], None), ([0.5], [0.0]), ([0.5], [1.0, 1.0])]
)
def test_what_is_no_confidence_is_refused(confidences, weights):
    with pytest.raises(DataError, match="found"):
        fit_threshold(confidences, 0.25, weights)


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(ConfigError, match=r"25 %"):
        fit_threshold([0.5], 25)
    with pytest.raises(DataError, match="0 rows"):
        rate_interval(0, 0.25)
