"""One-sided confidence bounds of a mean, exact where values are bounded and independent.

Each end holds by itself with probability 1 − δ; both together with 1 − 2δ. The method depends on the kind of values, on
n and on the limit, never on the bounds that result; for losses the rule is that of certificates, `risk.bets`:

- ``binomial``: only the two ends of the range occur. Clopper & Pearson 1934; exact.
- ``betting``: anything else in a known range. Inverted betting test (Waudby-Smith & Ramdas 2020, arXiv 2010.09686,
  section 4); valid at every n.
- ``paired``: a loss in {−1, 0, 1}. The upper end is the least bound that the exact test on pairs shows
  (`noninferiority`), as certificates have it: gains make up for harm; the lower end is by betting.
- ``grouped``: rows share groups. With fewer than `FEW_GROUPS`, betting on groups that weigh by their rows, as
  certificates do. Else the binomial bound at the effective number of rows, from the variance between groups (Korn &
  Graubard 1998, Survey Methodology 24); approximate: from ten sessions it was broken .16 of the time instead of .10.
- ``t``: no range is known (money). Student's t over independent groups, its skewness taken out by the transformation of
  Hall (1992, Journal of the Royal Statistical Society B 54); in the upper bound the greatest value counts once more.
  Without either, the upper end of a skewed cost is broken up to .20 of the time instead of .10. Approximate, since a
  cost that was never seen may be of any size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.stats.noninferiority import noninferiority_p
from calibration.stats.risk import bets, betting_p
from cascade.stats.influence import independent, number_groups, standard_error
from cascade.stats.intervals import clopper_pearson, t_interval

Method = Literal["binomial", "betting", "paired", "grouped", "t", "none"]
Groups = Sequence[str | None]

_HALVINGS = 24
"""Bisections of a betting bound: to within 1e-7 of the range."""

FEW_GROUPS = 40
"""Groups below which a variance between them is too rough an estimate to build a bound on."""

_WITHIN = 1e-4
"""How closely a bound of a loss is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """A mean with its one-sided confidence bounds."""

    value: float | None
    """The mean; None without rows."""

    low: float | None
    """Lower bound: the true mean is at least this, with probability 1 − δ; None if unknown."""

    high: float | None
    """Upper bound: the true mean is at most this, with probability 1 − δ; None if unknown."""

    n: int
    """Rows."""

    n_effective: float
    """Effective sample size: independent rows with the same information; n where no rows share a group."""

    spread: float
    """Standard deviation of one such row."""

    method: Method
    """The method of the bounds."""


def bound_mean(
    values: ArrayLike,
    delta: float,
    *,
    low: float = 0.0,
    high: float = 1.0,
    groups: Groups | None = None,
    limit: float | None = None,
    exact_below: int = FEW_GROUPS,
) -> Margin:
    """Bound the mean of values (n,) in [low, high], each end with probability 1 − delta.

    `limit`: what a loss in {−1, 0, 1} is compared with, where rows share groups. The limit and the number of rows
    decide whether gains count in the upper bound; with None or 0 they do. `exact_below`: the number of groups below
    which the bounds are exact, and wide.
    """
    x = np.asarray(values, dtype=np.float64)
    n = x.size
    if not n:
        return Margin(value=None, low=None, high=None, n=0, n_effective=0.0, spread=0.0, method="none")
    share = (x - low) / (high - low)
    size, mean = effective_size(share, groups), float(np.mean(share))
    spread = math.sqrt(float(np.var(x)))
    method: Method
    whole, grouped = low == -high and _whole(x, (low, 0.0, high)), independent(n, groups) < n
    harm_alone = (
        whole and bool(limit) and not bets(independent(n, groups), limit or 0.0, grouped=True, fractional=False)
    )
    if grouped and independent(n, groups) < exact_below:
        method, code = "grouped", number_groups(groups or ())
        top, bottom = _most_of_groups(share, code, delta), 1.0 - _most_of_groups(1.0 - share, code, delta)
    elif grouped:
        size = _cautious(size, n, independent(n, groups), delta)
        method, (bottom, top) = "grouped", clopper_pearson(min(mean * size, size), size, delta)
        if harm_alone:
            harm = np.where(x > 0.0, 1.0, 0.0)
            own = _cautious(effective_size(harm, groups), n, independent(n, groups), delta)
            top = min(1.0, (clopper_pearson(min(float(harm.mean()) * own, own), own, delta)[1] + 1.0) / 2.0)
    elif _whole(x, (low, high)):
        method, (bottom, top) = "binomial", clopper_pearson(min(mean * n, n), n, delta)
    else:
        # Betting depends on the order, and a file may be sorted by label: shuffle, always the same way.
        shuffled = np.random.default_rng(0).permutation(share)
        if whole and not bets(n, limit or 0.0, grouped=False, fractional=False):
            method, top = "paired", (_paired(int(np.sum(x > 0.0)), int(np.sum(x < 0.0)), n, delta) + 1.0) / 2.0
        else:
            method, top = "betting", _most(shuffled, delta)
        bottom = 1.0 - _most(1.0 - shuffled, delta)
    scale = high - low
    return Margin(
        value=low + mean * scale,
        low=low + bottom * scale,
        high=low + top * scale,
        n=n,
        n_effective=size,
        spread=spread,
        method=method,
    )


def bound_money(values: ArrayLike, delta: float, groups: Groups | None = None) -> Margin:
    """Bound the mean of values (n,) without a known range, each end with probability of about 1 − delta."""
    x = np.asarray(values, dtype=np.float64)
    if not x.size:
        return Margin(value=None, low=None, high=None, n=0, n_effective=0.0, spread=0.0, method="none")
    mean, error = float(x.mean()), standard_error(x - x.mean(), groups)
    count = independent(x.size, groups)
    spread = float(x.std())
    low, _ = _skewed(x, error, count, delta, groups)
    # A sample holds too few of the rare great values.
    more, own = np.append(x, x.max()), None if groups is None else [*groups, None]
    _, high = _skewed(more, standard_error(more - more.mean(), own), count + 1, delta, own)
    known = math.isfinite(high - low)
    return Margin(
        value=mean,
        low=low if known else None,
        high=high if known else None,
        n=x.size,
        n_effective=min(float(x.size), (spread / error) ** 2) if known and error > 0.0 else float(count),
        spread=spread,
        method="t",
    )


def _skewed(
    x: NDArray[np.float64], error: float, count: int, delta: float, groups: Groups | None
) -> tuple[float, float]:
    """Return both bounds of a mean by Student's t on Hall's transformation of it."""
    mean = float(x.mean())
    low, high = t_interval(0.0, 1.0, count, 1.0 - 2.0 * delta)
    if not math.isfinite(high - low) or not math.isfinite(error):
        return -math.inf, math.inf
    parts = x - mean
    if groups is not None:
        parts = np.asarray(np.bincount(number_groups(groups), weights=parts), dtype=np.float64)
    spread = float(np.sqrt(np.mean(np.square(parts))))
    skew = float(np.mean(parts**3)) / spread**3 if spread > 0.0 else 0.0
    if abs(skew) < 1e-6:
        return mean + low * error, mean + high * error
    root = math.sqrt(count)

    def turned(t: float) -> float:
        return 3.0 * root / skew * (float(np.cbrt(1.0 + skew * (t / root - skew / (6.0 * count)))) - 1.0)

    return mean - error * turned(high), mean - error * turned(low)


def effective_size(values: NDArray[np.float64], groups: Groups | None) -> float:
    """Return the effective sample size of values (n,) in [0, 1]: independent rows with the same information.

    n over the design effect (Kish 1965), which the variance between groups gives. Where all rows are equal, the design
    effect cannot be estimated, and the number of groups is returned.
    """
    n = values.size
    count = independent(n, groups)
    if count == n or count < 2:
        return float(count)
    variance = float(np.var(values)) * n / (n - 1)
    if variance == 0.0:
        return float(count)
    error = standard_error(values - values.mean(), groups)
    return float(n) if error == 0.0 else min(float(n), variance / error**2)


def independent_rows(values: ArrayLike, groups: Groups | None, delta: float) -> float:
    """Return a conservative effective sample size of values (n,) in [0, 1].

    n where no rows share a group. Else the effective size, lowered because it is an estimate itself, so that an
    interval of 1 − 2 · delta computed from it covers as promised; at least 1 with any row.
    """
    x = np.asarray(values, dtype=np.float64)
    count = independent(x.size, groups)
    if count == x.size:
        return float(count)
    return max(1.0, _cautious(effective_size(x, groups), x.size, count, delta))


def _cautious(size: float, n: int, count: int, delta: float) -> float:
    """Return the effective size corrected for a variance that is itself estimated from `count` groups."""
    if count < 2:
        return min(size, float(count))
    from scipy.special import stdtrit

    return size * float(stdtrit(n - 1, 1.0 - delta) / stdtrit(count - 1, 1.0 - delta)) ** 2


def _paired(harmed: int, gained: int, n: int, delta: float) -> float:
    """Return the upper bound of the loss in (0, 1) by the exact test on pairs, rounded up to 1e-4."""
    seen = (harmed - gained) / n
    low = max(seen, _WITHIN)
    if noninferiority_p(harmed, gained, n, low) <= delta:
        return low
    step = 2.0 * math.sqrt(max(harmed + gained, 1)) / n + 2.0 / n
    high = min(low + step, 1.0 - _WITHIN)
    while high < 1.0 - _WITHIN and noninferiority_p(harmed, gained, n, high) > delta:
        low, high = high, min(high + step, 1.0 - _WITHIN)
    while high - low > _WITHIN:
        middle = (low + high) / 2.0
        low, high = (low, middle) if noninferiority_p(harmed, gained, n, middle) <= delta else (middle, high)
    return high


def _most(values: NDArray[np.float64], delta: float) -> float:
    """Return the greatest mean of values in [0, 1] that betting does not refute; its p-value falls in the mean."""
    low, high = float(values.mean()), 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if betting_p(values, middle) <= delta:
            high = middle
        else:
            low = middle
    return high


def _most_of_groups(values: NDArray[np.float64], code: NDArray[np.intp], delta: float) -> float:
    """Return the greatest mean of rows in [0, 1] that betting on their groups, by `code` (n,), does not refute."""
    order = np.random.default_rng(0).permutation(int(code.max()) + 1)
    sums, sizes = np.bincount(code, values)[order], np.bincount(code)[order]
    most = sizes.max()

    def refuted(mean: float) -> bool:
        # A group's mean weighs as much as it has rows; see `certify.weighting`.
        return betting_p(np.clip(mean - (sizes * mean - sums) / most, 0.0, 1.0), mean) <= delta

    low, high = float(values.mean()), 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if middle < 1.0 and refuted(middle) else (middle, high)
    return high


def _whole(values: NDArray[np.float64], levels: tuple[float, ...]) -> bool:
    return bool(np.isin(values, levels).all())
