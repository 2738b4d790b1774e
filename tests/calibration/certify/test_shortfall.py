"""Shortfall: the sample size with which a certificate passes."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.certify.shortfall import enough_draws, enough_losses, enough_rows
from calibration.stats.risk import betting_p, binomial_p


@pytest.mark.parametrize(("alpha", "delta", "draws"), [(0.1, 0.1, 22), (0.05, 0.1, 45), (0.02, 0.05, 149)])
def test_without_errors_it_is_the_least_there_is(alpha: float, delta: float, draws: int) -> None:
    assert enough_draws(0, 0, alpha, delta) == draws
    assert enough_draws(0, 5, alpha, delta) == draws


def test_at_the_rate_seen_the_test_passes_there() -> None:
    size = enough_draws(3, 50, 0.1, 0.1)
    assert size is not None
    assert binomial_p(round(0.06 * size), size, 0.1) <= 0.1
    losses = np.tile([0.0, 0.0, 0.0, 0.2], 10)
    size = enough_losses(losses, 0.08, 0.1, low=0.0, high=1.0)
    assert size is not None
    assert betting_p(np.resize(losses, size), 0.08) <= 0.1


def test_where_the_risk_seen_is_no_smaller_nothing_is_enough() -> None:
    assert enough_draws(5, 50, 0.1, 0.1) is None
    assert enough_losses(np.full(30, 0.1), 0.1, 0.1, low=0.0, high=1.0) is None
    assert enough_rows(np.ones(40), 0.1, 0.1) is None


def test_spend_needs_the_first_look_at_which_no_error_passes() -> None:
    size = enough_rows(np.zeros(10), 0.1, 0.1)
    assert size is not None
    # Fewer looks fit into fewer rows, so that less of delta is spent on each.
    assert 22 <= size <= 40
