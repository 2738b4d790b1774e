"""How sure a measured share or mean is: the interval that stands beside every figure of a report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import DataError
from cascade.extras import require_extra

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Interval = tuple[float, float]
"""Low and high end, in [0, 1]."""


def proportion_interval(successes: float, n: float, level: float = 0.9) -> Interval | None:
    """Bound a probability by `successes` out of `n` independent trials: exact, equal tails (Clopper & Pearson 1934).

    Covers the true probability in at least `level` of all cases, whatever n is. None for n = 0. `successes` and `n`
    need not be whole (effective sizes). Raises `DataError` where there are more successes than trials.
    """
    if not 0.0 <= successes <= n:
        raise DataError(f"found {successes} successes in {n} trials, expected between none and all of them")
    return None if n == 0 else clopper_pearson(successes, n, (1.0 - level) / 2.0)


def clopper_pearson(successes: float, n: float, tail: float) -> Interval:
    """Return both exact bounds of a probability, each wrong with probability `tail` at most; n > 0."""
    require_extra("report", "scipy", use="An interval")
    from scipy.special import betaincinv  # slow to load, and serving needs none of it

    low = float(betaincinv(successes, n - successes + 1.0, tail)) if successes > 0.0 else 0.0
    high = float(betaincinv(successes + 1.0, n - successes, 1.0 - tail)) if successes < n else 1.0
    return low, high


def mean_interval(values: ArrayLike, level: float = 0.9) -> Interval | None:
    """Bound the mean of independent `values` in [0, 1], such as fractional correctness; NaN are left out.

    Where all are 0 or 1 it is `proportion_interval`. Else n is replaced by the number of yes-or-no trials that would
    tell the mean as well, m (1 - m) / var(mean), and the same interval taken (Korn & Graubard 1998), with their
    correction for a variance that is itself estimated. One value of 1/2 is added to the variance, so that a few equal
    values do not pass for certainty. None without values. Raises `DataError` for one outside [0, 1].
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    found = found[~np.isnan(found)]
    if not np.all((found >= 0.0) & (found <= 1.0)):
        raise DataError("found a value outside [0, 1], expected shares such as fractional correctness")
    n, total = found.size, min(float(found.sum()), float(found.size))
    if n == 0 or np.all((found == 0.0) | (found == 1.0)):
        return proportion_interval(total, n, level)
    mean = total / n
    variance = (float(np.square(found - mean).sum()) + 0.25) / n
    size = max(1.0, n * mean * (1.0 - mean) / variance) * caution(max(n - 1, 1), level)
    return proportion_interval(mean * size, size, level)


def caution(freedom: float, level: float = 0.9) -> float:
    """Return the share of an effective size that is left where its variance is estimated itself: (z / t)², below 1."""
    require_extra("report", "scipy", use="An interval")
    from scipy.special import ndtri, stdtrit

    tail = (1.0 + level) / 2.0
    return float(ndtri(tail) / stdtrit(freedom, tail)) ** 2


def t_interval(value: float, error: float, count: int, level: float = 0.9) -> tuple[float, float]:
    """Return the two-sided interval of Student's t around an estimate of `count` independent contributions."""
    if count < 2 or not math.isfinite(error):
        return -math.inf, math.inf
    require_extra("report", "scipy", use="An interval")
    from scipy.special import stdtrit

    reach = float(stdtrit(count - 1, (1.0 + level) / 2.0)) * error
    return value - reach, value + reach
