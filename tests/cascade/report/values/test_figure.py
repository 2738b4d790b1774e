"""The arithmetic behind a report: intervals and ratios."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.report.values.figure import Figure, Sums, mean, plain, quantiles, ratio, share, weighted
from cascade.stats.intervals import mean_interval, proportion_interval

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=50)


@given(VALUES)
def test_a_share_lies_in_its_interval_and_that_in_0_to_1(values: list[float]) -> None:
    figure = share(sum(values), len(values), 0.9, squares=sum(value * value for value in values))
    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    assert 0.0 <= figure.low <= figure.value + 1e-12
    assert figure.value - 1e-12 <= figure.high <= 1.0


def test_a_share_of_yes_and_no_has_the_exact_interval() -> None:
    figure = share(3, 10, 0.9)
    assert (figure.low, figure.high) == proportion_interval(3, 10, 0.9)
    assert share(3.0, 10, 0.9, squares=3.0) == figure


def test_a_share_of_fractions_is_about_as_sure_as_their_scatter_says() -> None:
    values = np.random.default_rng(1).beta(8, 2, 400)
    figure = share(float(values.sum()), 400, 0.9, squares=float(np.square(values).sum()))
    known = mean_interval(values, 0.9)
    assert known is not None
    assert (figure.low, figure.high) == pytest.approx(known, abs=0.002)


def test_equal_strata_sampled_alike_tell_as_much_as_one() -> None:
    parts = weighted([(0.5, 500, 400.0, 400.0), (0.5, 500, 400.0, 400.0)], 0.9)
    whole = share(800, 1000, 0.9)
    assert parts.n == whole.n
    assert (parts.value, parts.low, parts.high) == pytest.approx((whole.value, whole.low, whole.high), abs=0.001)


def test_weights_undo_an_uneven_choice_of_labels() -> None:
    figure = weighted([(0.9, 10, 9.0, 9.0), (0.1, 90, 45.0, 45.0)], 0.9)
    assert figure.value == pytest.approx(0.9 * 0.9 + 0.1 * 0.5)


def test_the_intervals_of_means_and_ratios_cover_the_truth_as_often_as_they_say() -> None:
    chance = np.random.default_rng(7)
    covered = np.zeros(2)
    for _ in range(2_000):
        top = chance.gamma(4.0, 0.25, 200)
        cost = 0.4 * top + chance.gamma(1.0, 0.1, 200)
        average = mean(cost.sum(), np.square(cost).sum(), 200, 0.9)
        sums = Sums(n=200, x=cost.sum(), y=top.sum(), xx=np.square(cost).sum(), yy=np.square(top).sum(),
                    xy=(cost * top).sum())  # fmt: skip
        for place, figure in enumerate((average, ratio(sums, 0.9))):
            assert figure.low is not None
            assert figure.high is not None
            covered[place] += figure.low <= 0.5 <= figure.high
    assert (covered / 2_000 > 0.88).all()
    assert (covered / 2_000 < 0.92).all()


def test_nothing_is_estimated_from_nothing() -> None:
    assert share(0, 0, 0.9) == mean(0, 0, 0, 0.9) == weighted([], 0.9) == Figure()
    assert ratio(Sums(n=0, x=0, y=0, xx=0, yy=0, xy=0), 0.9) == Figure()
    assert quantiles(np.array([])).p50 is None


def test_what_is_no_number_is_null_in_json() -> None:
    assert plain(Figure(value=float("nan"), high=float("inf"))) == {"value": None, "low": None, "high": None, "n": 0}
