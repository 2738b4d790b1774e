"""How sure a rank statistic is: AUROC and the area above random mixing, with what every row contributes to them.

Both are U-statistics of degree two, so their error is that of a mean of one number a row, its influence (Hoeffding
1948, Annals of Mathematical Statistics 19; for the AUROC this is DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44).
Paired differences are differences of influences, and rows of one group are summed before they are squared (Liang &
Zeger 1986, Biometrika 73).

Symbols: c confidences, y in [0, 1] how right the rung is, d in [-1, 1] how much righter the reference is than the
rung, all (n,). F(c) is the mid-rank of c divided by n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.arrays import Floats
from calibration.stats.split import number_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """An estimate with what each row contributes to it."""

    value: float
    """The estimate."""

    influence: Floats
    """What each row contributes, (n,), mean 0: the error is that of its mean."""

    def error(self, groups: Sequence[str | None] | None = None) -> float:
        """Return the standard error; rows of one group count as one contribution."""
        return standard_error(self.influence, groups)

    def interval(self, level: float = 0.9, groups: Sequence[str | None] | None = None) -> tuple[float, float]:
        """Return the interval of Student's t, with a degree of freedom for each independent group but one."""
        return t_interval(self.value, self.error(groups), independent(len(self.influence), groups), level)

    def less(self, other: Statistic) -> Statistic:
        """Return the paired difference: this minus the other, on the same rows."""
        return Statistic(value=self.value - other.value, influence=self.influence - other.influence)

    def plus(self, other: Statistic) -> Statistic:
        """Return the sum on the same rows."""
        return Statistic(value=self.value + other.value, influence=self.influence + other.influence)

    def times(self, other: Statistic | float) -> Statistic:
        """Return the product on the same rows, by the delta method; a number is taken as certain."""
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
    """Return the interval of above / below on the same rows: all ρ that above − ρ · below = 0 does not refute.

    Fieller (1954, Journal of the Royal Statistical Society B 16): right even where `below` is hardly greater than 0,
    where the delta method is far too sure. Unbounded where `below` cannot be told from 0.
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


def measure_auroc(confidences: ArrayLike, correct: ArrayLike) -> Statistic | None:
    """Return the AUROC of confidences (n,) for labels (n,) in [0, 1]; None where all labels are of one kind.

    A fractional label counts as that share of a right row and the rest of a wrong one. Neither may be NaN.
    """
    c, y = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    n, right = y.size, float(y.sum())
    wrong = n - right
    if right <= 0.0 or wrong <= 0.0:
        return None
    beats = _below(c, 1.0 - y) / wrong  # V10: share of wrong rows below each row
    beaten = 1.0 - _below(c, y) / right  # V01: share of right rows above each row
    value = float(np.sum(y * beats) / right)
    influence = n / right * y * (beats - value) + n / wrong * (1.0 - y) * (beaten - value)
    return Statistic(value=value, influence=influence)


def measure_area(confidences: ArrayLike, gain: ArrayLike) -> Statistic:
    """Return the area above random mixing: what ranking by confidence gains over escalating the same share at random.

    Escalating the share r of lowest confidence gains Σ d over those rows; random mixing gains r d̄. The difference,
    averaged over all r in [0, 1], is −cov(d, F(c)): in units of accuracy, 0 for confidences that say nothing, at most
    1/8 for d in {0, 1}.

    Args:
        confidences: of the rung's answers, (n,).
        gain: d, how much righter the reference is, in [-1, 1], (n,).
    """
    c, d = np.asarray(confidences, dtype=np.float64), np.asarray(gain, dtype=np.float64)
    n = d.size
    rank = _below(c, np.ones(n)) / n
    value = -float(np.mean((d - d.mean()) * rank))
    # The kernel is −½ (d₁ − d₂)(1{c₂ < c₁} + ½·1{c₂ = c₁} − ½); its projection on one row, twice and centred:
    projection = -(d * (rank - 0.5) - _below(c, d) / n + d.mean() / 2.0)
    return Statistic(value=value, influence=projection - projection.mean())


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
    """Return how many independent groups n rows are; a row without a group is one of its own."""
    return n if groups is None else int(number_groups(groups).max(initial=-1)) + 1


def t_interval(value: float, error: float, count: int, level: float = 0.9) -> tuple[float, float]:
    """Return the two-sided interval of Student's t around an estimate of `count` independent contributions."""
    if count < 2 or not math.isfinite(error):
        return -math.inf, math.inf
    from scipy.special import stdtrit

    reach = float(stdtrit(count - 1, (1.0 + level) / 2.0)) * error
    return value - reach, value + reach


def _below(c: Floats, weights: Floats) -> Floats:
    """Return the weight of the rows below each row, ties counting half, (n,)."""
    _, level = np.unique(c, return_inverse=True)
    mass = np.bincount(level, weights=weights)
    return np.asarray((np.cumsum(mass) - mass / 2.0)[level])
