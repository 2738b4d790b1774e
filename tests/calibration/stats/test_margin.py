"""Claims about one-sided bounds of means, and about how many rows they need."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from calibration.stats.margin import bound_mean, bound_money, effective_size
from calibration.stats.noninferiority import noninferiority_p
from calibration.stats.risk import sign_test
from calibration.stats.sample_size import size_for_mean, size_for_rate, size_for_share
from cascade.errors import ConfigError


@given(st.integers(1, 60), st.data())
def test_shares_have_the_exact_binomial_bounds(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    found = bound_mean([1.0] * right + [0.0] * (n - right), 0.1)
    exact = binomtest(right, n).proportion_ci(0.8, "exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert found.method == "binomial"


@pytest.mark.parametrize(
    ("draw", "low"),
    [
        (lambda rng: rng.beta(8, 2, 80), 0.0),
        (lambda rng: rng.choice([-1.0, 0.0, 1.0], 80, p=[0.02, 0.9, 0.08]), -1.0),
        (lambda rng: rng.choice([-1.0, 0.0, 1.0], 420, p=[0.02, 0.9, 0.08]), -1.0),
    ],
    ids=["fractions", "losses of few rows", "losses of many rows"],
)
def test_each_end_holds_in_nine_of_ten_repetitions(draw, low: float) -> None:
    truth = 0.8 if low == 0.0 else 0.06
    limit = 0.05 if low < 0.0 else None
    found = [bound_mean(draw(np.random.default_rng(seed)), 0.1, low=low, limit=limit) for seed in range(120)]
    # 120 repetitions of a bound that holds exactly with .9 fall below .83 once in 200 cases.
    assert np.mean([one.low <= truth for one in found]) >= 0.83
    assert np.mean([one.high >= truth for one in found]) >= 0.83


@pytest.mark.parametrize(("harmed", "gained", "n"), [(0, 0, 50), (5, 3, 200), (12, 0, 300), (2, 9, 80)])
def test_a_loss_clears_a_limit_where_a_certificate_would_hold_it(harmed: int, gained: int, n: int) -> None:
    losses = np.r_[np.ones(harmed), -np.ones(gained), np.zeros(n - harmed - gained)]
    found = bound_mean(losses, 0.1, low=-1.0)
    assert found.method == "paired"
    assert noninferiority_p(harmed, gained, n, found.high) <= 0.1
    if found.high > 3e-4 and harmed - gained > 0:
        assert noninferiority_p(harmed, gained, n, found.high - 2e-4) > 0.1


def test_of_sessions_it_is_their_number_that_tells_whether_gains_count() -> None:
    losses = np.tile([-1.0, 0.0, 0.0, 1.0], 100)
    groups = [f"{i // 8}" for i in range(400)]
    few, many = (bound_mean(losses, 0.1, low=-1.0, groups=groups, limit=limit) for limit in (0.05, 0.2))
    assert few.high > 0.2
    assert many.high < 0.15


def test_a_file_sorted_by_label_has_the_bounds_of_a_shuffled_one_nearly() -> None:
    values = np.random.default_rng(0).random(300)
    one, other = bound_mean(values, 0.1), bound_mean(np.sort(values), 0.1)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.02)


def test_rows_that_repeat_in_their_group_count_once() -> None:
    right = np.repeat((np.random.default_rng(1).random(40) < 0.8).astype(float), 10)
    groups = [f"session {i // 10}" for i in range(400)]
    assert effective_size(right, groups) == pytest.approx(40, rel=0.1)
    grouped, alone = bound_mean(right, 0.1, groups=groups), bound_mean(right, 0.1)
    assert grouped.low < alone.low
    assert grouped.method == "grouped"


def test_independent_groups_of_one_are_no_groups() -> None:
    values = [1.0, 0.0, 1.0]
    assert bound_mean(values, 0.1, groups=["a", "b", None]).method == "binomial"


def test_nothing_is_known_of_no_rows_and_no_interval_of_one_cost() -> None:
    assert bound_mean([], 0.1).value is None
    assert bound_money([0.3], 0.1).low is None


@pytest.mark.parametrize(("share", "limit"), [(0.85, 0.8), (0.75, 0.8), (0.0, 0.05), (0.02, 0.05)])
def test_the_rows_that_a_share_needs_suffice_with_the_power_stated(share: float, limit: float) -> None:
    n = size_for_share(share, limit, 0.1)
    assert n is not None
    rng = np.random.default_rng(2)
    told = []
    for count in rng.binomial(n, share, 400):
        found = bound_mean([1.0] * count + [0.0] * (n - count), 0.1)
        told.append(found.low >= limit if share > limit else found.high <= limit)
    assert np.mean(told) >= 0.75


def test_45_error_free_answers_tell_5_percent_with_confidence_90() -> None:
    assert size_for_share(0.0, 0.05, 0.1) == 45
    assert size_for_share(0.0, 0.02, 0.05) == pytest.approx(149, rel=0.02)


def test_no_number_of_rows_tells_a_figure_from_itself() -> None:
    assert size_for_share(0.8, 0.8, 0.1) is None
    assert size_for_mean(0.0, 0.5, 0.1) is None


def test_a_rate_to_3_points_needs_hundreds_of_rows() -> None:
    assert size_for_rate(0.25, 0.03, 0.9) == pytest.approx(560, rel=0.02)
    with pytest.raises(ConfigError, match="tolerance"):
        size_for_rate(0.25, 0.0, 0.9)


def test_the_sign_test_is_mcnemars() -> None:
    drops = [1.0] * 9 + [-1.0] * 2 + [0.0] * 100
    assert sign_test(drops) == pytest.approx(binomtest(9, 11, alternative="greater").pvalue)
    assert sign_test(np.zeros(50)) == 1.0


def test_a_fractional_drop_is_shown_by_betting() -> None:
    rng = np.random.default_rng(3)
    assert sign_test(rng.normal(0.2, 0.05, 200)) < 0.01
    assert sign_test(rng.normal(-0.1, 0.05, 200)) == 1.0


def test_the_upper_end_of_a_skewed_cost_holds() -> None:
    found = [bound_money(np.random.default_rng(seed).exponential(1.0, 60), 0.1) for seed in range(400)]
    assert np.mean([one.high < 1.0 for one in found]) <= 0.14
    assert np.mean([one.low > 1.0 for one in found]) <= 0.14


def test_equal_costs_are_certain() -> None:
    found = bound_money([0.2] * 30, 0.1)
    assert (found.low, found.high) == pytest.approx((0.2, 0.2))
