"""Influence functions: the standard error of a statistic from the contribution of every row.

Means, and rank statistics as U-statistics of degree two, have the error of a mean of one number per row, its influence
(Hoeffding 1948, Annals of Mathematical Statistics 19). Paired differences are differences of influences, and rows of
one group are summed before they are squared (Liang & Zeger 1986, Biometrika 73).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cascade.stats.intervals import clopper_pearson, t_interval

Floats = NDArray[np.float64]

EPSILON = 1e-12
"""Standard error below which contributions differ only by rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """An estimate with its influence function."""

    value: float
    """The estimate."""

    influence: Floats
    """Influence of each row, (n,), mean 0; the standard error is that of its mean."""

    within: tuple[float, float] = (-math.inf, math.inf)
    """Possible range of the statistic; intervals are clipped to it."""

    pairs: float = 0.0
    """For a share of pairs: the number of disjoint pairs, which bound it if all influences are 0."""

    def error(self, groups: Sequence[str | None] | None = None) -> float:
        """Return the standard error; rows of one group count as one contribution."""
        return standard_error(self.influence, groups)

    def interval(self, level: float = 0.9, groups: Sequence[str | None] | None = None) -> tuple[float, float]:
        """Return the Student's t interval, with one degree of freedom less than independent groups.

        Unbounded with fewer than two groups: one group gives no estimate of the error. If all contributions are 0, as
        for a perfect order, an error of 0 would be false: disjoint pairs are independent, and their share is bounded
        exactly.
        """
        count, error = independent(len(self.influence), groups), self.error(groups)
        if self.pairs > 0.0 and error < EPSILON:
            pairs = min(self.pairs, count / 2.0)
            return clopper_pearson(self.value * pairs, pairs, (1.0 - level) / 2.0)
        low, high = t_interval(self.value, error, count, level)
        if not math.isfinite(high - low):
            return low, high
        return max(low, self.within[0]), min(high, self.within[1])

    def less(self, other: Statistic) -> Statistic:
        """Return the paired difference: this minus the other, on the same rows."""
        return Statistic(value=self.value - other.value, influence=self.influence - other.influence)

    def plus(self, other: Statistic) -> Statistic:
        """Return the sum on the same rows."""
        return Statistic(value=self.value + other.value, influence=self.influence + other.influence)

    def times(self, other: Statistic | float) -> Statistic:
        """Return the product on the same rows, by the delta method; a plain number has no error."""
        if not isinstance(other, Statistic):
            return Statistic(value=self.value * other, influence=self.influence * other)
        influence = self.influence * other.value + self.value * other.influence
        return Statistic(value=self.value * other.value, influence=influence)

    def over(self, other: Statistic) -> Statistic:
        """Return the ratio on the same rows, by the delta method; the other must not be 0."""
        ratio = self.value / other.value
        return Statistic(value=ratio, influence=(self.influence - ratio * other.influence) / other.value)


def ratio_interval(
    above: Statistic, below: Statistic, level: float = 0.9, groups: Sequence[str | None] | None = None
) -> tuple[float, float]:
    """Return Fieller's interval of above / below on the same rows: all ρ not rejected for above − ρ · below = 0.

    Fieller (1954, Journal of the Royal Statistical Society B 16): valid even if `below` is close to 0, where the delta
    method is overconfident. Unbounded if `below` does not differ significantly from 0.
    """
    n = len(above.influence)
    low, high = t_interval(0.0, 1.0, independent(n, groups), level)
    if not math.isfinite(high - low):
        return -math.inf, math.inf
    square = high**2
    a, b = above.error(groups) ** 2, below.error(groups) ** 2
    both = (above.plus(below).error(groups) ** 2 - a - b) / 2.0
    lead = below.value**2 - square * b
    if lead <= 0.0:
        return -math.inf, math.inf
    middle = above.value * below.value - square * both
    reach = math.sqrt(max(0.0, middle**2 - lead * (above.value**2 - square * a)))
    return (middle - reach) / lead, (middle + reach) / lead


def measure_mean(values: ArrayLike) -> Statistic:
    """Return the mean of values (n,)."""
    found = np.asarray(values, dtype=np.float64)
    return Statistic(value=float(found.mean()), influence=found - found.mean())


def standard_error(influence: ArrayLike, groups: Sequence[str | None] | None = None) -> float:
    """Return the standard error of a mean of contributions (n,); those of one group are summed before squaring."""
    found = np.asarray(influence, dtype=np.float64)
    n = found.size
    if groups is not None and any(group is not None for group in groups):
        found = np.asarray(np.bincount(number_groups(groups), weights=found), dtype=np.float64)
    count = found.size
    if count < 2:
        return math.inf
    return math.sqrt(float(np.square(found - found.mean()).sum()) * count / (count - 1)) / n


def independent(n: int, groups: Sequence[str | None] | None = None) -> int:
    """Return the number of independent groups of n rows; a row without a group is its own group."""
    return n if groups is None else int(number_groups(groups).max(initial=-1)) + 1


def number_groups(groups: Sequence[str | None]) -> NDArray[np.intp]:
    """Return the group index of each row, (n,), from 0 in order of appearance; None is its own group."""
    numbers: dict[str | int, int] = {}
    return np.array(
        [numbers.setdefault(row if name is None else name, len(numbers)) for row, name in enumerate(groups)],
        dtype=np.intp,
    )


def weight_below(c: Floats, weights: Floats) -> Floats:
    """Return the weight of the rows below each row, ties counting half, (n,)."""
    _, level = np.unique(c, return_inverse=True)
    mass = np.bincount(level, weights=weights)
    return np.asarray((np.cumsum(mass) - mass / 2.0)[level])
