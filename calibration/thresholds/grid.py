"""Grid search: exact mean quality and cost of every threshold vector of a ladder, on rank bins, by prefix sums.

A ladder of K rungs has D = K - 1 thresholds. Each rung's confidences are cut into bins of whole tie groups; bin 0 holds
the rows that always escalate (vetoed). Threshold index i of a rung escalates the bins 0 .. i, so index 0
escalates as little as can be, and the last index all. Histograms of weighted quality and cost over the bins, cumulated
along each earlier axis and, reversed, along the own axis, are the sums over all rows that reach a rung, or stop there,
for all index vectors together: O(n K + K G^D) instead of O(n K G^D) (docs/calibration.md, "The formulas"; the search is
that of Chen et al. 2023, arXiv:2305.05176, section 3, made exact).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats

Indices = NDArray[np.intp]

CELLS = 2_000_000
"""Most threshold vectors of a ladder that are evaluated, about."""

MOST_BINS = 256
FEWEST_BINS = 8

ENOUGH = 50_000
"""Most rows, evenly spaced, that bin edges are computed from: their exact place does not matter, the sums are exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Figures of every vector of threshold indices, each array (g_1, ..., g_D); with D = 0 a single figure."""

    quality: Floats
    """Mean correctness of the served answers, in [0, 1]."""

    cost: Floats
    """Mean cost of a request, in the unit of the costs given."""

    top_quality: Floats
    """The last rung's part of `quality`: the mean of correct · reached the last rung."""

    reach: tuple[Floats, ...]
    """Share of requests that reach rung k, (g_1, ..., g_k), for k = 0 .. D."""

    def rates(self, index: Sequence[int]) -> tuple[float, ...]:
        """Return the escalation rate of each rung but the last, of those that reach it, at one index vector."""
        reach = [float(share[tuple(index[:k])]) for k, share in enumerate(self.reach)]
        return tuple(min(1.0, after / before) if before > 0.0 else 0.0 for before, after in pairwise(reach))


def count_bins(rungs: int, n: int, *, cells: int = CELLS) -> int:
    """Return G, the bins of each rung: fewer the more rungs, so that a grid has about `cells` cells at most."""
    axes = max(1, rungs - 1)
    most = int(min(MOST_BINS, cells ** (1.0 / axes)))
    return max(2, min(most, max(FEWEST_BINS, n // 3)))


def bin_ranks(confidences: Floats, bins: int, *, forced: NDArray[np.bool_] | None = None) -> tuple[Indices, int]:
    """Cut confidences (n,) into at most `bins` bins of about equal size, tie groups whole.

    Returns the bin of each row, 1 upwards, 0 for forced rows; and the number of bins, bin 0 included.
    """
    free = confidences if forced is None else confidences[~forced]
    if free.size == 0:
        return np.zeros(len(confidences), dtype=np.intp), 1
    ordered = np.sort(free[:: max(1, len(free) // ENOUGH)])
    # Order statistics, not interpolated quantiles: an edge between two rows would depend on the machine's rounding.
    edges = np.unique(ordered[(np.arange(1, bins) * len(ordered)) // bins])
    edges = edges[edges > ordered[0]]
    if len(edges) + 1 < bins:
        values = ordered[np.flatnonzero(np.diff(ordered)) + 1]
        edges = values if len(values) < bins else edges
    found = np.searchsorted(edges, confidences, side="right") + 1
    if forced is not None:
        found[forced] = 0
    return found.astype(np.intp, copy=False), len(edges) + 2


def evaluate_grid(
    bins: Sequence[Indices], sizes: Sequence[int], quality: Floats, cost: Floats, weights: Floats | None = None
) -> Grid:
    """Evaluate all threshold vectors of a ladder.

    `bins`: D arrays (n,) of bins, the d-th in 0 .. sizes[d] - 1; `quality` (n, K) correctness, or probabilities of it;
    `cost` (n, K) of asking each rung, verifiers included; `weights` (n,) at least 0, None for equal. Means are taken
    over the summed weights.
    """
    n, rungs = quality.shape
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    total = float(w.sum())
    flat = np.zeros(n, dtype=np.intp)
    shape: tuple[int, ...] = ()
    reach: list[Floats] = []
    sum_quality: Floats = np.zeros(())
    sum_cost: Floats = np.zeros(())
    for k in range(rungs):
        reach.append(_cumulated(flat, w, shape) / total)
        asked = _cumulated(flat, w * cost[:, k], shape)
        sum_cost = asked if k == 0 else sum_cost[..., None] + asked
        if k + 1 < rungs:
            shape = (*shape, sizes[k])
            flat = flat * sizes[k] + bins[k]
            left = _cumulated(flat, w * quality[:, k], shape)
            sum_quality = sum_quality[..., None] + (left[..., -1:] - left)
    top = _cumulated(flat, w * quality[:, -1], shape)
    return Grid(quality=(sum_quality + top) / total, cost=sum_cost / total, top_quality=top / total, reach=tuple(reach))


def _cumulated(flat: Indices, figures: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the sums of figures (n,) over all cells at or below each cell along every axis, of shape `shape`."""
    cells = int(np.prod(shape, dtype=np.intp))
    held: Floats = np.asarray(np.bincount(flat, weights=figures, minlength=cells), dtype=np.float64).reshape(shape)
    for axis in range(len(shape)):
        np.cumsum(held, axis=axis, out=held)
    return held
