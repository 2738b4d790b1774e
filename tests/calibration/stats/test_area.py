"""The area above random mixing, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.stats.area import measure_area

ROWS = st.integers(0, 2**32 - 1)


@given(ROWS)
def test_the_area_is_the_mean_over_rates_of_what_ranking_gains_over_random_mixing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    c, d = rng.random(50), rng.choice([-1.0, 0.0, 1.0], 50)
    gained = np.concatenate([[0.0], np.cumsum(d[np.argsort(c)])]) / 50
    above = gained - np.linspace(0.0, 1.0, 51) * d.mean()
    assert measure_area(c, d).value == pytest.approx((above[:-1] + above[1:]).mean() / 2.0)


def test_confidences_that_say_nothing_have_no_area() -> None:
    gain = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], 60)
    assert measure_area(np.ones(60), gain).value == pytest.approx(0.0, abs=1e-12)


def test_the_stated_error_is_the_spread_over_repetitions() -> None:
    found = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = (rng.random(200) < 0.7).astype(float)
        found.append(measure_area(np.round(rng.normal(y, 1.0), 1), (rng.random(200) < 0.9) - y))
    assert np.mean([one.error() for one in found]) == pytest.approx(np.std([one.value for one in found]), rel=0.12)
