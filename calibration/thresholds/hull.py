"""The upper hull of (cost, quality): what no mix of other policies beats, from the cheapest to the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-12
"""Quality, relative to the span of the hull, that a policy must have above a mix of its neighbours."""


def pareto_hull(cost: NDArray[np.float64], quality: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return indices into flat `cost` and `quality` (m,) of the vertices of the upper-left hull, cheapest first.

    From the best of the cheapest to the cheapest of the best; between two neighbours lies what mixing them at random
    gives, and no policy lies above it. Quickhull (Barber et al. 1996), O(m) for the clouds that grids of policies are:
    sorting them would take most of a calibration's time.
    """
    cheapest, best = float(cost.min()), float(quality.max())
    at_least = np.flatnonzero(cost == cheapest)
    first = int(at_least[np.argmax(quality[at_least])])
    at_best = np.flatnonzero(quality == best)
    last = int(at_best[np.argmin(cost[at_best])])
    if first == last:
        return np.array([first], dtype=np.intp)
    scale = TOLERANCE * (cost[last] - cheapest) * max(best - quality[first], TOLERANCE)
    found: list[int] = []
    parts = [(first, last, np.arange(cost.size, dtype=np.intp))]
    while parts:
        left, right, among = parts.pop()
        # Twice the area of the triangle: how far above the line from left to right.
        above = (cost[right] - cost[left]) * (quality[among] - quality[left]) - (quality[right] - quality[left]) * (
            cost[among] - cost[left]
        )
        inside = (cost[among] > cost[left]) & (cost[among] < cost[right])
        kept = (above > scale) & inside
        if not kept.any():
            found.append(left)
            continue
        among, above = among[kept], above[kept]
        highest = np.flatnonzero(above >= above.max() * (1.0 - TOLERANCE))
        middle = int(among[highest[np.argmin(cost[among[highest]])]])
        parts.extend(((middle, right, among), (left, middle, among)))
    return np.array([*found, last], dtype=np.intp)
