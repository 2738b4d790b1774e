"""The exact test of a loss on paired rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial

from calibration.stats.noninferiority import noninferiority_p, noninferiority_power
from calibration.stats.risk import binomial_p
from cascade.errors import ConfigError, DataError


def outcomes(n: int) -> list[tuple[int, int]]:
    return [(h, g) for h in range(n + 1) for g in range(n + 1 - h)]


@pytest.mark.parametrize(("n", "eps", "delta"), [(25, 0.1, 0.1), (40, 0.05, 0.1), (30, 0.2, 0.05)])
def test_whatever_the_gains_a_loss_at_the_bound_is_passed_at_most_as_often_as_said(
    n: int, eps: float, delta: float
) -> None:
    passed = np.array([(h, g, n - h - g) for h, g in outcomes(n) if noninferiority_p(h, g, n, eps) <= delta])
    sizes = [
        multinomial.pmf(passed, n, [q + eps, q, 1.0 - 2.0 * q - eps]).sum()
        for q in np.linspace(0.0, (1.0 - eps) / 2.0, 301)
    ]
    assert max(sizes) <= delta + 1e-6
    # And no great part of delta is left unused.
    assert max(sizes) > 0.5 * delta


@given(st.integers(1, 60), st.data(), st.sampled_from([0.02, 0.05, 0.2]))
def test_more_harm_or_fewer_gains_never_look_better(n: int, data: st.DataObject, eps: float) -> None:
    h = data.draw(st.integers(0, n - 1))
    g = data.draw(st.integers(0, n - 1 - h))
    p = noninferiority_p(h, g, n, eps)
    assert noninferiority_p(h + 1, g, n, eps) >= p - 1e-9
    assert noninferiority_p(h, g + 1, n, eps) <= p + 1e-9


def test_without_gains_it_says_about_what_counting_harm_says() -> None:
    for harmed in range(3):
        assert noninferiority_p(harmed, 0, 180, 0.02) == pytest.approx(float(binomial_p(harmed, 180, 0.02)), abs=0.005)


def test_gains_show_what_counting_harm_cannot() -> None:
    assert noninferiority_p(2, 2, 180, 0.02) <= 0.1 < float(binomial_p(2, 180, 0.02))


def test_the_power_is_the_probability_of_what_passes() -> None:
    n, eps, delta = 40, 0.1, 0.1
    passed = np.array([(h, g, n - h - g) for h, g in outcomes(n) if noninferiority_p(h, g, n, eps) <= delta])
    for harm, gain in ((0.02, 0.0), (0.05, 0.08)):
        wanted = multinomial.pmf(passed, n, [harm, gain, 1.0 - harm - gain]).sum()
        assert noninferiority_power(harm, gain, n, eps, delta) == pytest.approx(wanted, abs=1e-6)


def test_no_rows_show_nothing_and_impossible_counts_are_refused() -> None:
    assert noninferiority_p(0, 0, 0, 0.02) == 1.0
    with pytest.raises(DataError, match="3 rows harmed and 2 gained of 4"):
        noninferiority_p(3, 2, 4, 0.02)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        noninferiority_p(0, 0, 4, 0.0)
