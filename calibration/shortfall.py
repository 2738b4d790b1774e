"""How many more draws a certificate would have taken, if errors kept coming as they were seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.logistic import fit_logistic
from calibration.risk import betting_p, binomial_p
from calibration.sample_size import find_least
from calibration.spending import place_looks, spend_level

C = 1.0
"""Inverse ridge of the slope of errors over ranks."""

MOST = 500_000
"""Draws beyond which nobody is told a number: the rate seen is too near the bound to plan with."""


def enough_draws(errors: float, n: int, risk: float, delta: float) -> int | None:
    """Return the draws after which the binomial test passes at the rate of `errors` in `n`; None: no number will do."""
    rate = errors / n if n else 0.0
    if rate >= risk:
        return None
    return find_least(
        lambda size: float(binomial_p(round(rate * size), size, risk)) <= delta, start=max(n, 1), most=MOST, share=200
    )


def enough_losses(losses: NDArray[np.float64], mean: float, delta: float, *, low: float, high: float) -> int | None:
    """Return the draws after which the betting test passes if the losses (n,) come again and again; None as above."""
    if not len(losses):
        return enough_draws(0, 0, mean, delta)
    if losses.mean() >= mean:
        return None
    return find_least(
        lambda size: betting_p(np.resize(losses, size), mean, low=low, high=high) <= delta,
        start=len(losses),
        most=MOST,
        share=200,
    )


def enough_rows(wrong: NDArray[np.float64], alpha: float, delta: float) -> int | None:
    """Return the rows after which SPEND passes some look, computed with its δ′; None: no number will do.

    `wrong` (n,) of 0 and 1 in order of falling confidence. Each look is given the error rate expected at its share of
    the rows, from a logistic curve over the logarithm of ranks: of the rates seen, the best is too good to be true.
    Scores are taken to have no ties.
    """
    curve = np.cumsum(_smoothed(wrong)) if len(wrong) else np.zeros(1)
    errors = np.concatenate([[0.0], curve]) / len(curve)
    shares = np.linspace(0.0, 1.0, len(errors))

    def passes(size: int) -> bool:
        looks = place_looks(np.arange(size, 0, -1.0), alpha, delta)
        if not looks:
            return False
        _, critical = spend_level(looks, alpha, delta)
        expected = np.interp(np.array(looks) / size, shares, errors) * size
        return bool(np.any(np.round(expected) <= np.array(critical)))

    return find_least(passes, start=max(len(wrong), 1), most=MOST, share=200)


def _smoothed(wrong: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of an error at each rank."""
    if wrong.min() == wrong.max():
        return wrong
    # Odds of an error as a power of the share above: flat, or falling to nothing at the top, or between.
    rank = np.log((np.arange(len(wrong)) + 0.5) / len(wrong))[:, None]
    slope, intercept = fit_logistic(rank, wrong, c=C)
    return np.asarray(1.0 / (1.0 + np.exp(-(rank @ slope + intercept))))
