"""Confidence intervals of shares and means, for every figure of a report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import DataError
from cascade.extras import require_extra

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Interval = tuple[float, float]
"""Lower and upper bound, in [0, 1]."""


def proportion_interval(successes: float, n: float, level: float = 0.9) -> Interval | None:
    """Return the Clopper–Pearson interval of `successes` out of `n` independent trials: exact, equal tails (1934).

    Covers the true probability in at least `level` of all cases, for any n. None for n = 0. `successes` and `n`
    need not be integers (effective sizes). Raises `DataError` if there are more successes than trials.
    """
    if not 0.0 <= successes <= n:
        raise DataError(f"found {successes} successes in {n} trials; from 0 to {n} were expected")
    return None if n == 0 else clopper_pearson(successes, n, (1.0 - level) / 2.0)


def clopper_pearson(successes: float, n: float, tail: float) -> Interval:
    """Return both Clopper–Pearson bounds, each wrong with probability `tail` at most; n > 0."""
    require_extra("report", "scipy", use="An interval")
    from scipy.special import betaincinv  # slow to load, and not needed for serving

    low = float(betaincinv(successes, n - successes + 1.0, tail)) if successes > 0.0 else 0.0
    high = float(betaincinv(successes + 1.0, n - successes, 1.0 - tail)) if successes < n else 1.0
    return low, high


def mean_interval(values: ArrayLike, level: float = 0.9) -> Interval | None:
    """Return the confidence interval of the mean of independent `values` in [0, 1]; NaN are left out.

    If all are 0 or 1, it is `proportion_interval`. Else n is the effective sample size, the number of binary trials
    with the same variance of the mean, m (1 - m) / var(mean) (Korn & Graubard 1998), with their correction for an
    estimated variance. One value of 1/2 is added to the variance, so that a few equal values are not certain. None
    without values. Raises `DataError` for a value outside [0, 1].
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    found = found[~np.isnan(found)]
    if not np.all((found >= 0.0) & (found <= 1.0)):
        raise DataError("found a value outside [0, 1]; shares such as fractional correctness were expected")
    n, total = found.size, min(float(found.sum()), float(found.size))
    if n == 0 or np.all((found == 0.0) | (found == 1.0)):
        return proportion_interval(total, n, level)
    mean = total / n
    variance = (float(np.square(found - mean).sum()) + 0.25) / n
    size = max(1.0, n * mean * (1.0 - mean) / variance) * caution(max(n - 1, 1), level)
    return proportion_interval(mean * size, size, level)


def caution(freedom: float, level: float = 0.9) -> float:
    """Return the correction of an effective sample size for its estimated variance: (z / t)², below 1."""
    require_extra("report", "scipy", use="An interval")
    from scipy.special import ndtri, stdtrit

    tail = (1.0 + level) / 2.0
    return float(ndtri(tail) / stdtrit(freedom, tail)) ** 2


def t_interval(value: float, error: float, count: int, level: float = 0.9) -> tuple[float, float]:
    """Return the two-sided Student's t interval of an estimate from `count` independent contributions."""
    if count < 2 or not math.isfinite(error):
        return -math.inf, math.inf
    require_extra("report", "scipy", use="An interval")
    from scipy.special import stdtrit

    reach = float(stdtrit(count - 1, (1.0 + level) / 2.0)) * error
    return value - reach, value + reach
