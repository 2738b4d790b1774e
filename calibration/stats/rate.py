"""The rate law: a threshold (t, g) that escalates a wanted share of future requests, ties and all.

Think of every confidence as the pair (c, u), u uniform and independent: pairs have no ties, so the k-th smallest of n
cuts off a share of future requests that follows Beta(k, n + 1 - k), whatever the scores are (Wilks 1941). With
k = rate (n + 1) its mean is the rate. The threshold is that order statistic with the sample's own u averaged out:

* k falls inside a tie group (l rows below it, e rows in it):  t = its value,  g = (k - l) / (e + 1).
  The expected true rate is then exactly the rate, and the law is narrower than the Beta, never wider. It is the
  textbook g = (rate - F(t-)) / p(t) up to 1 / n, without that one's small bias where an atom borders on other scores.
* k falls between two single scores:  t interpolates them, g = 0.
* k falls between two groups of which one is a tie:  half of the gap belongs to the upper end of the lower group, half
  to the lower end of the upper one, since a gap that holds the edge of a tie is on average two units of 1 / n long.
* k falls below all scores or above them:  t goes on along the outermost spacing, so that the expected share of the
  outermost gap is right wherever the scores end.

Labels are not needed. Use the confidences of the combiner that is served. That it was fitted on these very rows does
not break the law (17 recorded sets, 200 rows, rates .1 to .5: mean error .90 to 1.11 of the law's own; at 50 rows up to
1.10, typically 1 to 2 points too low) unless features are many and idle (30 of noise, rate .1: 1.5). Cross-fitted
corrections were tried: they add more noise than they take bias away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The rows that share one confidence."""

    value: float
    count: int
    mass: float
    """Their summed weights, in units of which the whole sample has `effective_size`."""

    @property
    def tied(self) -> bool:
        """Whether the value is an atom: seen twice, or at an end of the scale, where scores pile up."""
        return self.count > 1 or self.value in (0.0, 1.0)


def fit_threshold(
    confidences: ArrayLike, rate: float, weights: ArrayLike | None = None, *, vetoed: ArrayLike | None = None
) -> tuple[float, float]:
    """Fit the threshold (t, g) whose expected escalation rate on exchangeable requests is `rate`.

    `confidences` (n_samples,) in [0, 1]; `rate` in [0, 1]; `weights` (n_samples,) positive, e.g. one over the
    propensity; `vetoed` (n_samples,) boolean: rows that escalate whatever the threshold. They count towards the rate;
    where they alone exceed it, the threshold is (0, 0) and the expected rate is their share.

    Returns t and g in [0, 1]: escalate if c < t, or if c == t and u < g. (1, 1) escalates all, (0, 0) none.
    O(n) without weights, O(n log n) with them. Raises `DataError` for no rows or values out of range, `ConfigError`
    for a rate out of range.
    """
    _require_rate(rate)
    scores, mass, veto = _rows(confidences, weights, vetoed)
    if rate == 0.0:
        return 0.0, 0.0
    if rate == 1.0:
        return 1.0, 1.0
    below_all = float(mass[veto].sum())
    k = rate * (float(mass.sum()) + 1.0)
    if k <= below_all or veto.all():
        return 0.0, 0.0
    scores, mass = scores[~veto], mass[~veto]
    group = _group_at(scores, mass if weights is not None else None, k - below_all)
    under = below_all + float(mass[scores < group.value].sum())
    # Rows of the group that the threshold takes: from 0, none, to count + 1, the gap above the last one included.
    taken = (k - under) / (group.mass / group.count)
    if (group.tied and taken > group.count) or 1.0 <= taken <= group.count:
        return group.value, min(taken / (group.count + 1), 1.0)
    lower = scores[scores < group.value]
    if taken > group.count:
        return _above_all(group.value, float(lower.max()) if lower.size else None, taken - group.count), 0.0
    if not lower.size:
        return _below_all(scores, group, max(0.0, 2.0 * taken - 1.0) if below_all else taken)
    return _between(_group(scores, mass, float(lower.max())), group, taken)


def escalates(
    confidences: ArrayLike, u: ArrayLike, t: float, g: float, vetoed: ArrayLike | None = None
) -> NDArray[np.bool_]:
    """Return which rows a threshold (t, g) escalates: c < t, or c == t and u < g, or vetoed; shape of `confidences`."""
    c = np.asarray(confidences, dtype=np.float64)
    out: NDArray[np.bool_] = (c < t) | ((c == t) & (np.asarray(u, dtype=np.float64) < g))
    return out if vetoed is None else out | np.asarray(vetoed, dtype=np.bool_)


def expected_rate(
    confidences: ArrayLike, t: float, g: float, weights: ArrayLike | None = None, *, vetoed: ArrayLike | None = None
) -> float:
    """Share of rows that (t, g) escalates in expectation over u: F(t-) + g p(t), vetoed rows counting as escalated."""
    scores, mass, veto = _rows(confidences, weights, vetoed)
    share = np.where(veto | (scores < t), 1.0, np.where(scores == t, g, 0.0))
    return float(np.average(share, weights=mass))


def effective_size(weights: ArrayLike) -> float:
    """Effective sample size of weighted rows: (sum w)^2 / sum w^2 (Kish 1965)."""
    w = np.asarray(weights, dtype=np.float64)
    return float(w.sum() ** 2 / np.square(w).sum())


def rate_interval(n: float, rate: float, level: float = 0.9) -> tuple[float, float]:
    """Central interval of the *true* escalation rate after fitting on n rows: Beta(k, n + 1 - k), k = rate (n + 1).

    Exact for scores without ties, conservative with them. A rate of 0 or 1 is kept exactly.
    """
    from scipy.special import betaincinv

    k = _law(n, rate)
    if rate in (0.0, 1.0):
        return float(rate), float(rate)
    tail = (1.0 - level) / 2.0
    return float(betaincinv(k, n + 1 - k, tail)), float(betaincinv(k, n + 1 - k, 1.0 - tail))


def rate_predictive(n: float, rate: float, m: int, level: float = 0.9) -> tuple[float, float]:
    """Interval of the *realised* rate over the next m requests: BetaBinomial(m; k, n + 1 - k) / m, ends included."""
    from scipy.stats import betabinom

    k = _law(n, rate)
    if rate in (0.0, 1.0):
        return float(rate), float(rate)
    tail = (1.0 - level) / 2.0
    law = betabinom(m, k, n + 1 - k)
    return float(law.ppf(tail)) / m, float(law.ppf(1.0 - tail)) / m


def predictive_mean_error(n: float, rate: float, m: int) -> float:
    """Mean of |realised rate - rate| over the next m requests under the law itself: sampling error alone."""
    from scipy.special import betaln

    k = _law(n, rate)
    if rate in (0.0, 1.0):
        return 0.0
    counts = np.arange(m + 1.0)
    law = betaln(counts + k, m - counts + n + 1 - k) - betaln(k, n + 1 - k) - betaln(counts + 1.0, m - counts + 1.0)
    return float(np.sum(np.exp(law) / (m + 1) * np.abs(counts / m - rate)))


def _between(lower: _Group, upper: _Group, fraction: float) -> tuple[float, float]:
    """The threshold `fraction` of the way from the last row of one group to the first row of the next."""
    if lower.tied and fraction <= 0.5:
        return lower.value, (lower.count + 2.0 * fraction) / (lower.count + 1)
    if upper.tied and fraction >= 0.5:
        return upper.value, (2.0 * fraction - 1.0) / (upper.count + 1)
    if lower.tied:
        fraction = 2.0 * fraction - 1.0
    elif upper.tied:
        fraction = 2.0 * fraction
    return lower.value + fraction * (upper.value - lower.value), 0.0


def _below_all(scores: NDArray[np.float64], first: _Group, fraction: float) -> tuple[float, float]:
    """The threshold that takes `fraction` of the share expected below the smallest score."""
    if fraction == 0.0:
        return 0.0, 0.0
    if first.tied:
        return first.value, fraction / (first.count + 1)
    above = scores[scores > first.value]
    if not above.size:
        return fraction * first.value, 0.0
    # If the density is level near the lower end, wherever that is, P(c < t) has mean fraction / (n + 1).
    return max(0.0, first.value - (1.0 / fraction - 1.0) * float(above.min() - first.value)), 0.0


def _above_all(last: float, before: float | None, fraction: float) -> float:
    """The t that takes `fraction` of the share expected above the greatest score, and all of the rest."""
    if before is None:
        return last + fraction * (1.0 - last)
    if fraction >= 1.0:
        return 1.0
    return min(1.0, last + (1.0 / (1.0 - fraction) - 1.0) * (last - before))


def _group_at(scores: NDArray[np.float64], mass: NDArray[np.float64] | None, k: float) -> _Group:
    """The rows of the smallest score with a mass of at least k at or below it, or of the greatest score."""
    if mass is None:
        index = min(math.ceil(k), scores.size) - 1
        return _group(scores, np.ones_like(scores), float(np.partition(scores, index)[index]))
    order = np.argsort(scores, kind="stable")
    index = int(np.searchsorted(np.cumsum(mass[order]), k * (1.0 - 1e-12)))
    return _group(scores, mass, float(scores[order[min(index, scores.size - 1)]]))


def _group(scores: NDArray[np.float64], mass: NDArray[np.float64], value: float) -> _Group:
    rows = scores == value
    return _Group(value=value, count=int(np.count_nonzero(rows)), mass=float(mass[rows].sum()))


def _rows(
    confidences: ArrayLike, weights: ArrayLike | None, vetoed: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Checked scores, masses that sum to the effective size, and vetoes, each (n_samples,)."""
    scores = np.asarray(confidences, dtype=np.float64)
    veto = np.zeros(scores.shape, dtype=np.bool_) if vetoed is None else np.asarray(vetoed, dtype=np.bool_)
    if scores.ndim != 1 or scores.size == 0:
        raise DataError(f"found confidences of shape {scores.shape}, expected at least one row: give samples to fit on")
    if not np.all((scores >= 0.0) & (scores <= 1.0)):
        raise DataError("found a confidence that is NaN or outside [0, 1]: combine verdicts with a Combiner first")
    if weights is None:
        return scores, np.ones_like(scores), veto
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != scores.shape or not np.all((w > 0.0) & np.isfinite(w)):
        raise DataError("found weights that are not one positive number a row: use one over the propensity")
    return scores, w * (effective_size(w) / w.sum()), veto


def _require_rate(rate: float) -> None:
    if not 0.0 <= rate <= 1.0:
        raise ConfigError(f"found an escalation rate of {rate}, expected a number in [0, 1], such as 0.25 for 25 %")


def _law(n: float, rate: float) -> float:
    """The k of the law Beta(k, n + 1 - k), after checking that it is one."""
    _require_rate(rate)
    if n < 1:
        raise DataError(f"found {n} rows, expected at least one: a rate is bounded by the rows it was fitted on")
    return rate * (n + 1)
