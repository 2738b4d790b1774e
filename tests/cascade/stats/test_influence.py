"""Influence: how sure a mean, a ratio or a rank statistic is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.stats.auroc import measure_auroc
from cascade.stats.influence import independent, measure_mean, ratio_interval, standard_error

ROWS = st.integers(0, 2**32 - 1)


def drawn(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.7).astype(float)
    y[:2] = 0.0, 1.0
    return np.round(rng.normal(y, 1.0), 1), y, (rng.random(n) < 0.9) - y


@given(ROWS)
def test_influence_has_mean_0(seed: int) -> None:
    c, y, _ = drawn(seed)
    found = measure_auroc(c, y)
    assert found is not None
    assert found.influence.mean() == pytest.approx(0.0, abs=1e-12)


def test_the_stated_error_is_the_spread_over_repetitions() -> None:
    found = [measure_auroc(c, y) for c, y, _ in (drawn(seed, 200) for seed in range(400))]
    spread = np.std([one.value for one in found])
    assert np.mean([one.error() for one in found]) == pytest.approx(spread, rel=0.12)


def test_repeating_every_row_in_a_group_adds_no_certainty() -> None:
    c, y, _ = drawn(3)
    once, twice = measure_auroc(c, y), measure_auroc(np.repeat(c, 2), np.repeat(y, 2))
    assert once is not None
    assert twice is not None
    assert twice.error([f"g{i // 2}" for i in range(120)]) == pytest.approx(once.error())
    assert twice.error() < once.error()


def test_a_paired_difference_of_the_same_thing_is_certain() -> None:
    c, y, _ = drawn(4)
    found = measure_auroc(c, y)
    assert found is not None
    assert found.less(found).interval() == (0.0, 0.0)


def test_a_ratio_scales_with_its_numerator() -> None:
    values = np.array([1.0, 2.0, 4.0])
    ratio = measure_mean(3.0 * values).over(measure_mean(values))
    assert ratio.value == pytest.approx(3.0)
    assert ratio.error() == pytest.approx(0.0, abs=1e-12)


def test_rows_without_a_group_stand_for_themselves() -> None:
    assert independent(4, ["a", None, "a", None]) == 3
    assert independent(4) == 4
    assert standard_error([1.0]) == np.inf


def test_a_ratio_over_something_near_0_is_as_unsure_as_it_is() -> None:
    rng = np.random.default_rng(5)
    held = []
    for _ in range(300):
        below, above = rng.normal(0.2, 1.0, 60), rng.normal(0.1, 0.5, 60)
        low, high = ratio_interval(measure_mean(above), measure_mean(below))
        held.append(low <= 0.5 <= high)
    assert np.mean(held) >= 0.86


def test_the_interval_of_a_ratio_over_something_sure_is_that_of_the_delta_method() -> None:
    rng = np.random.default_rng(6)
    above, below = measure_mean(rng.normal(1.0, 0.3, 400)), measure_mean(rng.normal(10.0, 0.1, 400))
    assert ratio_interval(above, below) == pytest.approx(above.over(below).interval(), rel=1e-3)
