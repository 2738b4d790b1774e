"""Figures: estimates with confidence interval and n, and quantiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascade.extras import require_extra
from cascade.stats.intervals import proportion_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Estimate with its confidence interval; `value`, `low` and `high` are None without data."""

    value: float | None = None
    """The estimate."""

    low: float | None = None
    """Lower bound of its interval, at the report's level."""

    high: float | None = None
    """Upper bound of its interval, at the report's level."""

    n: int = 0
    """Sample size: number of requests, answers or labels."""


NO_FIGURE = Figure()
"""Figure without data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Quantiles of a duration, in seconds."""

    n: int = 0
    """Number of measurements."""

    p50: float | None = None
    """Median."""

    p95: float | None = None
    """95 % quantile."""

    p99: float | None = None
    """99 % quantile."""

    p50_interval: tuple[float, float] | None = None
    """Distribution-free interval of the median; None if there are too few."""

    p95_interval: tuple[float, float] | None = None
    """Interval of the 95 % quantile."""

    p99_interval: tuple[float, float] | None = None
    """Interval of the 99 % quantile."""


NO_QUANTILES = Quantiles()
"""Quantiles without data."""


def share(successes: float, n: int, level: float, *, squares: float | None = None) -> Figure:
    """Estimate a probability, or the mean of values in [0, 1], from independent trials.

    Args:
        successes: number of successes, or the sum of the values.
        n: number of trials.
        level: confidence level of the interval.
        squares: sum of the squared values; None if all are 0 or 1.

    The interval is Clopper and Pearson's (1934). For values other than 0 and 1 it uses the effective sample size (Korn
    & Graubard 1998).
    """
    if n == 0:
        return NO_FIGURE
    successes = min(max(successes, 0.0), float(n))
    if squares is None or math.isclose(squares, successes, abs_tol=1e-9):
        return _sized(successes / n, float(n), n, level)
    return weighted([(1.0, n, successes, squares)], level)


def weighted(strata: Iterable[tuple[float, int, float, float]], level: float) -> Figure:
    """Estimate the mean of values in [0, 1] over strata that were sampled unequally (Cochran 1977, section 5.3).

    Args:
        strata: weight (they sum to 1), n, sum and sum of squares of each; n is 1 or more.
        level: confidence level of the interval, computed as in `share`.
    """
    value, variance, n = 0.0, 0.0, 0
    for weight, size, total, squares in strata:
        at = min(max(total / size, 0.0), 1.0)
        value += weight * at
        # An extra half unit of variance prevents certainty from a few equal values.
        variance += weight * weight * (max(squares - size * at * at, 0.0) + 0.25) / (size * size)
        n += size
    if n == 0:
        return NO_FIGURE
    return _sized(min(value, 1.0), max(1.0, value * (1.0 - value) / variance), n, level)


def _sized(value: float, size: float, n: int, level: float) -> Figure:
    low, high = proportion_interval(min(value * size, size), size, level) or (0.0, 1.0)
    return Figure(value=value, low=min(low, value), high=max(high, value), n=n)


def mean(total: float, squares: float, n: int, level: float) -> Figure:
    """Estimate the mean of independent values from their sum and sum of squares, with a normal interval."""
    if n == 0:
        return NO_FIGURE
    value = total / n
    spread = math.sqrt(max(squares / n - value * value, 0.0) / max(n - 1, 1))
    half = _z(level) * spread
    return Figure(value=value, low=value - half, high=value + half, n=n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums over pairs (x, y) from which a ratio of totals is estimated."""

    n: int
    """Pairs."""

    x: float
    y: float
    xx: float
    yy: float
    xy: float

    noise: float = 0.0
    """Sum of the variances of the y that are themselves estimates, per pair independent."""


def ratio(sums: Sums, level: float) -> Figure:
    """Estimate the ratio of totals, x / y, with its interval by the delta method (Cochran 1977, section 2.11)."""
    if sums.n == 0 or sums.y <= 0:
        return Figure(n=sums.n)
    value = sums.x / sums.y
    scatter = max(sums.xx - 2 * value * sums.xy + value * value * (sums.yy + sums.noise), 0.0)
    half = _z(level) * math.sqrt(scatter * sums.n / max(sums.n - 1, 1)) / sums.y
    return Figure(value=value, low=value - half, high=value + half, n=sums.n)


def difference(sums: Sums, level: float, *, less: float = 0.0) -> Figure:
    """Estimate the total of y − x, minus a known amount, with a normal interval over independent pairs."""
    if sums.n == 0:
        return NO_FIGURE if not less else Figure(value=-less, low=-less, high=-less)
    total = sums.y - sums.x
    squares = sums.xx - 2.0 * sums.xy + sums.yy
    scatter = max(squares - total * total / sums.n, 0.0) * sums.n / max(sums.n - 1, 1) + sums.noise
    half = _z(level) * math.sqrt(scatter)
    return Figure(value=total - less, low=total - less - half, high=total - less + half, n=sums.n)


def quantiles(seconds: NDArray[np.float64], level: float = 0.9) -> Quantiles:
    """Return the quantiles of durations with their intervals.

    The intervals are distribution-free, between order statistics (Hahn & Meeker 1991, section 5.2); None if the longest
    duration does not bound the quantile.
    """
    if not seconds.size:
        return NO_QUANTILES
    require_extra("report", "scipy", use="An interval")
    from scipy.special import bdtrik  # slow to load, as in `proportion_interval`

    n, tail, wanted = int(seconds.size), (1.0 - level) / 2.0, (0.5, 0.95, 0.99)
    ranks = [
        (math.floor(float(bdtrik(tail, n, share))), math.ceil(float(bdtrik(1.0 - tail, n, share))) + 1)
        for share in wanted
    ]
    p50, p95, p99 = (float(value) for value in np.quantile(seconds, wanted))
    known = [rank for rank in ranks if rank[0] >= 1 and rank[1] <= n]
    ordered = np.partition(seconds, sorted({end - 1 for rank in known for end in rank})) if known else seconds
    ends = [
        (float(ordered[low - 1]), float(ordered[high - 1])) if (low, high) in known else None for low, high in ranks
    ]
    return Quantiles(n=n, p50=p50, p95=p95, p99=p99, p50_interval=ends[0], p95_interval=ends[1], p99_interval=ends[2])


def plain(value: Any) -> Any:
    """Convert a report value to JSON: dataclasses to objects, tuples to lists, NaN to null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1.0 + level) / 2.0)
