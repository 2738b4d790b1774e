"""Shortfall: the sample size at which a certificate passes with power 0.8, if errors come at the rate seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from calibration.stats.logistic import fit_logistic
from calibration.stats.noninferiority import MOST as MOST_EXACT
from calibration.stats.noninferiority import noninferiority_power
from calibration.stats.risk import betting_p, required_draws
from calibration.stats.sample_size import POWER, find_least, size_for_share
from calibration.stats.spending import place_looks, spend_level

C = 1.0
"""Inverse ridge of the slope of errors over ranks."""

LIKELY = 0.65
"""Predicted probability of passing that a number of rows must have. Measured, such numbers pass in at least .8 of
cases: rows that just failed are worse than most."""

PRIOR = 0.25
"""Prior counts of errors and right answers: less than Jeffreys' half, since looks share rows."""

MOST = 500_000
"""Draws beyond which no number is reported: the rate seen is too near the bound."""


def enough_draws(errors: float, n: int, risk: float, delta: float) -> int | None:
    """Return the draws with which the binomial test passes with probability .8 at the rate of `errors` in `n`.

    None if no number suffices.
    """
    rate = errors / n if n else 0.0
    if rate >= risk:
        return None
    size = size_for_share(rate, risk, delta) if rate > 0.0 else required_draws(risk, delta)
    return None if size is None or size > MOST else max(size, n)


def enough_losses(losses: NDArray[np.float64], mean: float, delta: float, *, low: float, high: float) -> int | None:
    """Return the draws with which the betting test passes with probability .8, if losses come as in `losses` (n,).

    With losses in exactly these proportions it passes half the time; a margin for sampling error is added by the normal
    law. None if no number suffices.
    """
    from scipy.special import ndtri

    if not len(losses):
        return enough_draws(0, 0, mean, delta)
    if losses.mean() >= mean:
        return None
    size = find_least(
        lambda size: betting_p(np.resize(losses, size), mean, low=low, high=high) <= delta,
        start=1,
        most=MOST,
        share=200,
    )
    if size is None:
        return None
    sure = float(ndtri(1.0 - delta))
    # Losses that are all equal have no sampling error.
    luck = ((sure + float(ndtri(POWER))) / sure) ** 2 if np.ptp(losses) > 0.0 and sure > 0.0 else 1.0
    wanted = math.ceil(size * luck)
    return None if wanted > MOST else max(wanted, len(losses))


def enough_pairs(losses: NDArray[np.float64], eps: float, delta: float) -> int | None:
    """Return the draws with which the exact test of a loss passes with probability .8, if losses come as in `losses`.

    `losses` (n,) of −1, 0 and 1. None if no number suffices.
    """
    n, harmed, gained = len(losses), int(np.sum(losses > 0.0)), int(np.sum(losses < 0.0))
    if not n:
        return enough_draws(0, 0, eps, delta)
    if harmed - gained >= eps * n:
        return None

    def passes(size: int) -> bool:
        return noninferiority_power(harmed / n, gained / n, size, eps, delta) >= POWER

    found = find_least(passes, start=n, most=MOST_EXACT, share=50)
    # Beyond that betting is used.
    later = np.resize(losses, max(n, MOST_EXACT + 1))
    return enough_losses(later, eps, delta, low=-1.0, high=1.0) if found is None else found


def enough_rows(wrong: NDArray[np.float64], alpha: float, delta: float) -> int | None:
    """Return the rows with which SPEND probably passes some look, by its δ′; None if no number suffices.

    `wrong` (n,) of 0 and 1 in order of falling confidence. The expected errors of each look come from a logistic curve
    over the logarithm of ranks, at the look's share of the rows (the best of the raw rates would be optimistic); their
    distribution is Beta-binomial, since few rows leave the rate uncertain. Scores are assumed to have no ties.
    """
    from scipy.stats import betabinom

    curve = np.cumsum(_smoothed(wrong)) if len(wrong) else np.zeros(1)
    errors = np.concatenate([[0.0], curve]) / len(curve)
    shares = np.linspace(0.0, 1.0, len(errors))

    def passes(size: int) -> bool:
        looks = place_looks(np.arange(size, 0, -1.0), alpha, delta)
        if not looks:
            return False
        _, critical = spend_level(looks, alpha, delta)
        k, e = np.array(looks), np.array(critical)
        # Rows seen at this share: the rate there is estimated from so many.
        seen, bad = k / size * len(curve), np.interp(k / size, shares, errors) * len(curve)
        chance = betabinom.cdf(e, k, bad + PRIOR, np.maximum(seen - bad, 0.0) + PRIOR)
        # The most promising look: that another may pass too only increases the probability.
        return bool(np.max(np.where(e >= 0, chance, 0.0)) >= LIKELY)

    return find_least(passes, start=max(len(wrong), 1), most=MOST, share=200)


def _smoothed(wrong: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of an error at each rank."""
    if wrong.min() == wrong.max():
        return wrong
    # Odds of an error as a power of the share above: constant, or falling to 0 at the top, or between.
    rank = np.log((np.arange(len(wrong)) + 0.5) / len(wrong))[:, None]
    slope, intercept = fit_logistic(rank, wrong, c=C)
    return np.asarray(1.0 / (1.0 + np.exp(-(rank @ slope + intercept))))
