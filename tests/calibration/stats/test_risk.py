"""p-values: what they are at the corners, and that they are valid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.stats.risk import betting_p, betting_wealth, binomial_p, fixed_sequence, required_draws
from cascade.errors import ConfigError, DataError

SHARE = st.floats(0.01, 0.5)


@pytest.mark.parametrize(
    ("risk", "delta", "draws"), [(0.1, 0.1, 22), (0.05, 0.1, 45), (0.05, 0.05, 59), (0.02, 0.05, 149)]
)
def test_so_many_draws_without_error_are_needed(risk: float, delta: float, draws: int) -> None:
    assert required_draws(risk, delta) == draws


@given(risk=SHARE, delta=SHARE)
def test_one_draw_fewer_would_not_do(risk: float, delta: float) -> None:
    draws = required_draws(risk, delta)
    assert binomial_p(0, draws, risk) <= delta * (1 + 1e-6)
    assert draws == 1 or binomial_p(0, draws - 1, risk) > delta


@given(n=st.integers(1, 300), risk=SHARE, data=st.data())
def test_more_errors_never_look_better(n: int, risk: float, data: st.DataObject) -> None:
    errors = data.draw(st.integers(0, n - 1))
    low, high = binomial_p([errors, errors + 1], n, risk)
    assert 0.0 <= low <= high <= 1.0 + 1e-12


def test_nothing_drawn_shows_nothing() -> None:
    assert binomial_p(0, 0, 0.1) == 1.0
    assert betting_p([], 0.1) == 1.0
    assert len(betting_wealth([], 0.1)) == 0


@given(losses=st.lists(st.floats(0, 1), min_size=1, max_size=60), mean=SHARE)
def test_a_bet_is_a_p_value_and_shift_and_scale_do_not_matter(losses: list[float], mean: float) -> None:
    p = betting_p(losses, mean)
    assert 0.0 < p <= 1.0
    assert betting_p(2.0 * np.array(losses) - 1.0, 2.0 * mean - 1.0, low=-1.0) == pytest.approx(p)


@given(losses=st.lists(st.floats(0, 1), min_size=2, max_size=40), mean=SHARE, seed=st.integers(0, 99))
def test_wealth_spread_over_constant_bets_does_not_depend_on_the_order(
    losses: list[float], mean: float, seed: int
) -> None:
    shuffled = np.random.default_rng(seed).permutation(losses)
    assert betting_wealth(losses, mean)[-1] == pytest.approx(betting_wealth(shuffled, mean)[-1], abs=1e-9)


@pytest.mark.parametrize("test", [betting_p, lambda x, m: float(np.exp(-max(0.0, betting_wealth(x, m).max())))])
@pytest.mark.parametrize("draw", ["flat", "rare", "middling"])
def test_at_the_bound_bets_are_won_no_more_often_than_promised(test, draw: str) -> None:
    rng = np.random.default_rng(0)
    losses = {
        "flat": lambda: rng.random(150) < 0.1,
        "rare": lambda: 0.2 * (rng.random(150) < 0.5),
        "middling": lambda: rng.beta(0.5, 4.5, 150),
    }[draw]
    won = np.mean([test(losses().astype(float), 0.1) <= 0.1 for _ in range(1000)])
    assert won <= 0.1 + 3 * np.sqrt(0.09 / 1000)


def test_a_sequence_ends_at_its_first_failure_and_looks_no_further() -> None:
    def p_values():
        yield from (0.01, 0.1, 0.2)
        raise AssertionError

    assert fixed_sequence(p_values(), 0.1) == 2
    assert fixed_sequence([0.11, 0.0], 0.1) == 0
    assert fixed_sequence([float("nan")], 0.1) == 0
    assert fixed_sequence([], 0.1) == 0


def test_what_cannot_be_tested_is_refused() -> None:
    with pytest.raises(DataError, match="more errors than draws"):
        binomial_p(3, 2, 0.1)
    with pytest.raises(DataError, match="labelled rows only"):
        betting_p([0.2, float("nan")], 0.1)
    with pytest.raises(ConfigError, match="expected one inside"):
        betting_p([0.2], 1.0)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        required_draws(0.0, 0.1)
