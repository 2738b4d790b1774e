"""The area above random mixing: what escalating by confidence gains over escalating the same share at random.

Symbols: c confidences, d in [-1, 1] how much righter the reference is than the rung, both (n,). F(c) is the mid-rank of
c divided by n.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cascade.stats.influence import Statistic, weight_below


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
    rank = weight_below(c, np.ones(n)) / n
    value = -float(np.mean((d - d.mean()) * rank))
    # The kernel is −½ (d₁ − d₂)(1{c₂ < c₁} + ½·1{c₂ = c₁} − ½); its projection on one row, twice and centred:
    projection = -(d * (rank - 0.5) - weight_below(c, d) / n + d.mean() / 2.0)
    return Statistic(value=value, influence=projection - projection.mean())
