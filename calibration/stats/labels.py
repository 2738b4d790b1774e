"""Uniform labels: the labelled rows that are a uniform sample, thinned from labels of unequal propensity.

Certificates take no estimates (`cascade.stats.ppi` has those): `uniform_rows` finds such rows among labels that were
chosen with different probabilities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibration.arrays import Flags

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def uniform_rows(propensity: ArrayLike, known: ArrayLike, u: ArrayLike) -> Flags:
    """Return which known rows, (n,), form a uniform sample: every row has the same probability to be in it.

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
