"""What labels say exactly: bounds of a mean from rows that were labelled with one and the same probability.

Certificates take no estimates (`cascade.stats.ppi` has those): `uniform_rows` finds rows that stand for all alike
among labels that were chosen with different probabilities, and `exact_interval` bounds their mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.stats.risk import betting_p
from cascade.stats.intervals import Interval, proportion_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def exact_interval(correct: ArrayLike, level: float = 0.9) -> Interval | None:
    """Bound the mean of independent, uniformly chosen labels in [0, 1] at any n; None without labels.

    Right or wrong: Clopper & Pearson (1934). Fractions: the means that betting does not refute (`risk.betting_p`), half
    of the error on each side; the rows' order must not depend on their labels. NaN are left out.
    """
    y = np.asarray(correct, dtype=np.float64)
    y = y[~np.isnan(y)]
    if np.all((y == 0.0) | (y == 1.0)):
        return proportion_interval(float(y.sum()), y.size, level)
    tail = (1.0 - level) / 2.0
    return 1.0 - _greatest(1.0 - y, tail), _greatest(y, tail)


def uniform_rows(propensity: ArrayLike, known: ArrayLike, u: ArrayLike) -> Flags:
    """Return which known rows, (n,), make up a sample in which every row had the same probability to be.

    Row i is kept where u_i < min(pi) / pi_i (von Neumann's rejection), so each row that could be chosen ends up in it
    with probability min(pi). `propensity` (n,) in (0, 1] of every row, labelled or not; `known` (n,): labelled, or
    known without a label (propensity 1), such as the loss where two rungs answer the same; `u` (n,) uniform hashed
    choices of a purpose of their own. Restrict the arrays to the rows in question (those accepted) before.
    """
    pi, chosen = np.asarray(propensity, dtype=np.float64), np.asarray(known, dtype=np.bool_)
    if not chosen.any():
        return chosen
    kept: Flags = chosen & (np.asarray(u, dtype=np.float64) < pi.min() / pi)
    return kept


def _greatest(values: Floats, tail: float) -> float:
    """The greatest mean that betting does not refute at `tail`, by bisection; p falls as the mean rises."""
    low, high = float(values.mean()), 1.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if betting_p(values, middle) <= tail else (middle, high)
    return high
