"""Active label selection: an importance for each row, and a random draw with known, recorded propensities.

Labels chosen where the system is in doubt carry more information than uniform ones (active inference: Zrnic & Candès
2024, arXiv 2403.03208), but are biased unless each choice's probability is known. So importance becomes a propensity,
bounded below, and hashed numbers decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibration.arrays import Flags, Floats
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


FLOOR = 0.2
"""Share of the labels spread evenly over all rows: it bounds propensities below."""

NEAR = 0.1
"""Margin below the loosest threshold in which rows still count, as a share of all rows."""

SLACK = 1.5
"""Factor by which the expected error may exceed the bound for a threshold to count: a few labels in vain cost less
than a certificate that is limited by wrong confidences."""

LEAST = 0.3
"""The share of rows, most confident first, that always counts."""


def weigh_for_estimate(p: ArrayLike) -> Floats:
    """Return importances (n,) for estimating a mean: the label's standard deviation, sqrt(p (1 - p)).

    `p` (n,) in [0, 1]: the probability of a right answer. Optimal if p is right (Neyman allocation, Neyman 1934).
    """
    sure = np.clip(np.asarray(p, dtype=np.float64), 0.0, 1.0)
    return np.asarray(np.sqrt(sure * (1.0 - sure)))


def weigh_for_certificate(
    p: ArrayLike, *, bound: float, per_accepted: bool, harmless: ArrayLike | None = None
) -> Floats:
    """Return importances (n,) for certifying a threshold: 1 where it may accept, falling to 0 below.

    A certificate counts errors among accepted answers, all rows alike, the most confident included. Labels of rows that
    no threshold within the bound accepts are useless to it, as are those of rows known to be harmless.

    `p` (n,) in [0, 1]: the probability of a right answer; `bound`: the error allowed in (0, 1), of a share of the
    accepted (`per_accepted`) or of all; `harmless` (n,): whether the loss is known to be 0, since the reference gives
    the same answer.
    """
    sure = np.asarray(p, dtype=np.float64)
    safe = np.zeros(sure.shape, dtype=np.bool_) if harmless is None else np.asarray(harmless, dtype=np.bool_)
    order = np.argsort(-sure, kind="stable")
    cost = np.cumsum(np.where(safe, 0.0, 1.0 - sure)[order])
    allowed = bound * (np.arange(1, sure.size + 1) if per_accepted else sure.size)
    within = np.flatnonzero(cost <= SLACK * allowed)
    last = max(LEAST * sure.size, float(within[-1]) + 1.0 if within.size else 0.0)
    place = np.empty(sure.size)
    place[order] = np.arange(sure.size)
    taper = max(1.0, NEAR * sure.size)
    weight = np.clip(1.0 - (place + 1.0 - last) / taper, 0.0, 1.0)
    return np.asarray(np.where(safe, 0.0, weight))


def spread_budget(
    importance: ArrayLike, labels: float, *, vacant: ArrayLike | None = None, floor: float = FLOOR
) -> Floats:
    """Return propensities (n,) in (0, 1]: a share `floor` of the labels evenly, the rest by importance.

    `importance` (n,) from 0. `vacant` (n,), None for all: rows that can still be labelled; their propensities sum to
    `labels` (all are 1 if there are no more rows). Other rows get the propensity they would have had, so that rounds
    can be combined.
    """
    weight = np.asarray(importance, dtype=np.float64)
    free = np.ones(weight.size, dtype=np.bool_) if vacant is None else np.asarray(vacant, dtype=np.bool_)
    if not 0.0 < floor <= 1.0 or not labels > 0.0:
        raise ConfigError(f"found floor {floor} and {labels} labels; expected a floor in (0, 1] and at least one label")
    if not np.all((weight >= 0.0) & np.isfinite(weight)):
        raise DataError("found an importance that is negative or not finite")
    if np.count_nonzero(free) <= labels:
        return np.ones(weight.size)
    mean = float(weight[free].mean())
    shape = np.ones(weight.size) if mean <= 0.0 else floor + (1.0 - floor) * weight / mean
    # Propensities above 1 become 1, and the excess goes to the other rows: a few rounds at most.
    certain = np.zeros(weight.size, dtype=np.bool_)
    while True:
        left = labels - np.count_nonzero(certain & free)
        pi = np.where(certain, 1.0, shape * (left / float(shape[free & ~certain].sum())))
        over = ~certain & (pi > 1.0)
        if not (over & free).any():
            return np.asarray(np.minimum(pi, 1.0))
        certain |= over


def draw(propensity: ArrayLike, u: ArrayLike, start: float) -> Flags:
    """Systematic sampling: return which rows, (n,), are chosen, row i with exactly its propensity.

    The number chosen is the sum of propensities. In random order (Madow 1949): rows are laid end to end, each as long
    as its propensity, in the order of `u` (n,); those hit by start, start + 1, start + 2, … are taken; `start` is
    uniform in [0, 1).
    """
    pi = np.asarray(propensity, dtype=np.float64)
    order = np.argsort(np.asarray(u, dtype=np.float64), kind="stable")
    # Rounded, so that a sum such as 0.1 * 10 does not miss its last mark by an ulp.
    ends = np.round(np.cumsum(pi[order]), 9)
    marks = np.ceil(ends - start)
    chosen = np.zeros(pi.size, dtype=np.bool_)
    chosen[order] = np.diff(marks, prepend=np.ceil(-start)) >= 1.0
    return chosen
