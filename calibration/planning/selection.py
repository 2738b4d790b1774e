"""Which requests to label next: how much each label would tell, and a draw whose probabilities are known and kept.

Labels that are chosen where the system is in doubt say more than uniform ones (active inference: Zrnic & Candès 2024,
arXiv 2403.03208), and are biased unless it is known how probable each choice was. So nothing is picked by hand: a
label's importance becomes a propensity, bounded below, and hashed numbers decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibration.arrays import Flags, Floats
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


FLOOR = 0.2
"""Share of the labels that is spread evenly over all rows, whatever they seem to tell: it bounds propensities below."""

NEAR = 0.1
"""How far below the loosest threshold rows still count, as a share of all rows."""

SLACK = 1.5
"""How far over the bound the expected error may be for a threshold to count: a few labels more in vain cost less than
a certificate that ends where confidences, wrongly, said it would."""

LEAST = 0.3
"""The share of rows, surest first, that always counts."""


def weigh_for_estimate(p: ArrayLike) -> Floats:
    """Return importances (n,) for estimating a mean: the label's own standard deviation, sqrt(p (1 - p)).

    `p` (n,) in [0, 1]: the probability of a right answer. It is the best choice if p is right (Neyman 1934).
    """
    sure = np.clip(np.asarray(p, dtype=np.float64), 0.0, 1.0)
    return np.asarray(np.sqrt(sure * (1.0 - sure)))


def weigh_for_certificate(
    p: ArrayLike, *, bound: float, per_accepted: bool, harmless: ArrayLike | None = None
) -> Floats:
    """Return importances (n,) for certifying a threshold: 1 where it could come to accept, falling to 0 below.

    A certificate counts errors among what it accepts, all rows alike, the surest included. Labels of rows that no
    threshold within the bound would accept are of no use to it, nor are those of rows known to be harmless.

    `p` (n,) in [0, 1]: the probability of a right answer; `bound`: the error allowed in (0, 1), of a share of the
    accepted (`per_accepted`) or of all; `harmless` (n,): whether the loss is known to be none, since the reference
    answers the same.
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
    """Return propensities (n,) in (0, 1]: a share `floor` of the labels spread evenly, the rest by importance.

    `importance` (n,) from 0. `vacant` (n,), None for all: rows that can still be labelled; theirs sum to `labels` (all
    are 1 where there are no more of them), and other rows get what they would have had, for those who add up rounds.
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
    # Rows that would exceed 1 are certain, and what they leave over goes to the others: a few rounds at most.
    certain = np.zeros(weight.size, dtype=np.bool_)
    while True:
        left = labels - np.count_nonzero(certain & free)
        pi = np.where(certain, 1.0, shape * (left / float(shape[free & ~certain].sum())))
        over = ~certain & (pi > 1.0)
        if not (over & free).any():
            return np.asarray(np.minimum(pi, 1.0))
        certain |= over


def draw(propensity: ArrayLike, u: ArrayLike, start: float) -> Flags:
    """Return which rows, (n,), are chosen: row i with exactly its propensity, and as many in all as these sum to.

    Systematic sampling in random order (Madow 1949): rows are laid end to end, each as long as its propensity, in the
    order of `u` (n,), and those are taken on which start, start + 1, start + 2, … fall; `start` is uniform in [0, 1).
    """
    pi = np.asarray(propensity, dtype=np.float64)
    order = np.argsort(np.asarray(u, dtype=np.float64), kind="stable")
    # Rounded, so that a sum such as 0.1 * 10 does not miss its last mark by an ulp.
    ends = np.round(np.cumsum(pi[order]), 9)
    marks = np.ceil(ends - start)
    chosen = np.zeros(pi.size, dtype=np.bool_)
    chosen[order] = np.diff(marks, prepend=np.ceil(-start)) >= 1.0
    return chosen
