"""Intervals cover what they should, and say nothing where nothing was seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from cascade.errors import DataError
from cascade.stats.intervals import mean_interval, proportion_interval


@given(st.integers(1, 300), st.data())
def test_proportions_are_bounded_exactly(n, data):
    k = data.draw(st.integers(0, n))
    oracle = binomtest(k, n).proportion_ci(0.9, method="exact")
    assert proportion_interval(k, n) == pytest.approx((oracle.low, oracle.high))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_a_mean_lies_in_its_interval_in_the_unit_range(values):
    low, high = mean_interval(values)
    assert 0 <= low <= np.mean(values) + 1e-9
    assert np.mean(values) - 1e-9 <= high <= 1


def test_yes_and_no_are_proportions():
    assert mean_interval([1.0] * 30 + [0.0] * 10) == proportion_interval(30, 40)


def test_fractions_tell_a_mean_better_than_yes_and_no_do():
    assert np.ptp(mean_interval([0.7, 0.8] * 20)) < np.ptp(proportion_interval(30, 40))
    assert np.ptp(mean_interval([0.75] * 3)) > 0.5


def test_means_of_fractions_are_covered():
    rng = np.random.default_rng(0)
    found = [mean_interval(rng.beta(4, 1, 50)) for _ in range(400)]
    assert np.mean([low <= 0.8 <= high for low, high in found]) >= 0.88


def test_nothing_seen_is_nothing_said():
    assert proportion_interval(0, 0) is None
    assert mean_interval([]) is None
    assert mean_interval([float("nan")]) is None


def test_what_cannot_be_is_refused():
    with pytest.raises(DataError, match="5 successes in 4 trials"):
        proportion_interval(5, 4)
    with pytest.raises(DataError, match=r"outside \[0, 1\]"):
        mean_interval([0.5, 1.5])
