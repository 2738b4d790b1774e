"""Pareto policies: those that no random mix of others beats, among all threshold vectors of all sub-ladders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.samples.added_latency import MOST_SLOW
from calibration.stats.rate import fit_threshold
from calibration.thresholds.evidence import Evidence, ParetoPolicy
from calibration.thresholds.grid import CELLS, bin_ranks, count_bins, evaluate_grid


def find_pareto_policies(
    evidence: Evidence, rungs: Sequence[str], *, cells: int = CELLS, first_rate: float | None = None
) -> tuple[ParetoPolicy, ...]:
    """Return the Pareto hull of all threshold vectors of one ladder of two rungs or more, cheapest first.

    `cells` of the grid, about, at most. With `first_rate` the first rung escalates exactly that share, ties shared out
    in expectation, and only the later thresholds vary. Under a limit on added latency only vectors that keep it are
    compared; empty if none does.
    """
    part, held = evidence.table.on(rungs), evidence.confidences(rungs)
    (quality, differs), cost, slow = evidence.probabilities(rungs), evidence.costs(rungs), evidence.slow(rungs)
    ones = np.ones(len(part))
    fixed = 0 if first_rate is None else 1
    up = ones if first_rate is None else _share_up(held[:, 0], first_rate, part.forced[:, 0], ones)
    base = ParetoPolicy(
        rungs=tuple(rungs),
        rates=(0.0,) * (len(rungs) - 1),
        quality=float(((1.0 - up) * quality[:, 0]).mean()),
        cost_usd=float(cost[:, 0].mean()) * fixed,
        accepted=1.0,
        wrong=float(((1.0 - up) * (1.0 - quality[:, 0])).mean()),
        differs=float(((1.0 - up) * differs[:, 0]).mean()),
        slow=float(((1.0 - up) * slow[:, 0]).mean()),
    )
    gone = up > 0.0
    if not gone.any():
        return keep_limit((base,), evidence.most_slow)
    share = float(up.mean())
    count = count_bins(len(rungs) - fixed, int(gone.sum()), cells=cells)
    cut = [bin_ranks(held[gone, k], count, forced=part.forced[gone, k]) for k in range(fixed, len(rungs) - 1)]
    bins, sizes = [found for found, _ in cut], [size for _, size in cut]
    grid = evaluate_grid(bins, sizes, quality[gone, fixed:], cost[gone, fixed:], up[gone])
    shares = np.zeros(grid.quality.shape)
    if evidence.caution > 0.0:
        shares = evaluate_grid(bins, sizes, differs[gone, fixed:], cost[gone, fixed:], up[gone]).quality
    usd, net, late = grid.cost.ravel(), (grid.quality - evidence.caution * shares).ravel(), np.zeros(shares.shape)
    if slow.any():
        late = base.slow + share * evaluate_grid(bins, sizes, slow[gone, fixed:], cost[gone, fixed:], up[gone]).quality
        kept = np.flatnonzero(late.ravel() <= evidence.most_slow + TOLERANCE)
        corners = kept[pareto_hull(usd[kept], net[kept])] if kept.size else kept
    else:
        corners = pareto_hull(usd, net)
    found = []
    for flat in corners:
        index = tuple(int(i) for i in np.unravel_index(flat, grid.quality.shape))
        reached, right = share * float(grid.reach[-1][index]), share * float(grid.quality[index])
        below = right - share * float(grid.top_quality[index])
        found.append(
            ParetoPolicy(
                rungs=tuple(rungs),
                rates=(*(() if first_rate is None else (first_rate,)), *grid.rates(index)),
                quality=base.quality + right,
                cost_usd=base.cost_usd + share * float(grid.cost[index]),
                accepted=1.0 - reached,
                wrong=max(0.0, base.wrong + (share - reached) - below),
                differs=base.differs + share * float(shares[index]),
                slow=float(late[index]),
            )
        )
    return tuple(found)


def assess(evidence: Evidence, rungs: Sequence[str], rates: Sequence[float]) -> ParetoPolicy:
    """Return the policy of given rates, each fitted on the out-of-fold confidences of the rows that reach the rung."""
    part, held = evidence.table.on(rungs), evidence.confidences(rungs)
    (quality, differs), cost, slow = evidence.probabilities(rungs), evidence.costs(rungs), evidence.slow(rungs)
    live = np.ones(len(part))
    right, wrong, spent, apart, late = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(len(rungs)):
        spent += float((live * cost[:, k]).mean())
        up = np.zeros(len(part))
        if k + 1 < len(rungs):
            up = _share_up(held[:, k], rates[k], part.forced[:, k], live)
            wrong += float(((live - up) * (1.0 - quality[:, k])).mean())
        right += float(((live - up) * quality[:, k]).mean())
        apart += float(((live - up) * differs[:, k]).mean())
        late += float(((live - up) * slow[:, k]).mean())
        live = up if k + 1 < len(rungs) else live
    whole = rungs[-1] == evidence.table.rungs[-1]
    return ParetoPolicy(
        rungs=tuple(rungs),
        rates=tuple(rates),
        quality=right,
        cost_usd=spent,
        accepted=1.0 - float(live.mean()) if whole else 1.0,
        wrong=wrong if whole else 1.0 - right,
        differs=apart,
        slow=late,
    )


def share_up(
    confidences: tuple[Floats, Floats], rate: float, forced: tuple[Flags, Flags], live: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Fit a rate on some rows and apply it to others: the share of each row that escalates, of its live share.

    Each argument holds the figures of the fitted rows, (m,), and of the rows it is applied to, (l,), in turn.
    """
    here = live[0] > 0.0
    if not here.any():
        return np.zeros(len(live[0])), np.zeros(len(live[1]))
    weights = None if np.all(live[0][here] == live[0][here][0]) else live[0][here]
    t, g = fit_threshold(confidences[0][here], rate, weights, vetoed=forced[0][here])
    up = [
        alive * np.where(veto | (found < t), 1.0, np.where(found == t, g, 0.0))
        for found, veto, alive in zip(confidences, forced, live, strict=True)
    ]
    return up[0], up[1]


def _share_up(confidences: Floats, rate: float, forced: Flags, live: Floats) -> Floats:
    return share_up((confidences, confidences), rate, (forced, forced), (live, live))[0]


def hull_of(found: Sequence[ParetoPolicy], *, caution: float = 0.0) -> tuple[ParetoPolicy, ...]:
    """Return the Pareto hull of policies, dearest first: those that no mix of others beats; see `Evidence.caution`.

    A dearer policy must be expected to be better too: caution alone is no reason to pay more. Of policies equal in cost
    and quality, the one with the fewest rungs stays. Those that break the limit on added latency are left out.
    """
    found = keep_limit(found)
    if not found:
        return ()
    cost, quality, differs = (
        np.array([getattr(one, name) for one in found]) for name in ("cost_usd", "quality", "differs")
    )
    hull = pareto_hull(cost, quality - caution * differs, np.array([len(one.rungs) for one in found]))
    before = np.maximum.accumulate(np.concatenate([[-np.inf], quality[hull][:-1]]))
    return tuple(found[i] for i in hull[quality[hull] > before][::-1])


def keep_limit(found: Sequence[ParetoPolicy], most: float = MOST_SLOW) -> tuple[ParetoPolicy, ...]:
    """Return the policies that keep the limit on added latency; all of them without one."""
    return tuple(one for one in found if one.slow <= most + TOLERANCE)


TOLERANCE = 1e-12
"""Tolerance of ties, relative to the greatest cost or quality: sums in another order differ by less."""


def pareto_hull(
    cost: NDArray[np.float64], quality: NDArray[np.float64], rungs: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Return indices into flat `cost` and `quality` (m,) of the vertices of the upper-left hull, cheapest first.

    From the best of the cheapest to the cheapest of the best; no policy lies above the line between two neighbours,
    which is their random mix. Ties go to the fewest `rungs` (m,), then to the first, so that the last bit of a sum
    decides nothing. Quickhull (Barber et al. 1996) is O(m) for grids of policies; sorting them would take most of a
    calibration's time.
    """
    near_usd, near = TOLERANCE * float(np.abs(cost).max()), TOLERANCE * max(1.0, float(np.abs(quality).max()))

    def fewest(tied: NDArray[np.intp]) -> int:
        return int(tied[0 if rungs is None else np.argmin(rungs[tied])])

    def cheapest_of(among: NDArray[np.intp]) -> NDArray[np.intp]:
        tied: NDArray[np.intp] = among[cost[among] <= cost[among].min() + near_usd]
        return tied

    def best_of(among: NDArray[np.intp]) -> NDArray[np.intp]:
        tied: NDArray[np.intp] = among[quality[among] >= quality[among].max() - near]
        return tied

    every = np.arange(cost.size, dtype=np.intp)
    first, last = fewest(best_of(cheapest_of(every))), fewest(cheapest_of(best_of(every)))
    if cost[last] - cost[first] <= near_usd or quality[last] - quality[first] <= near:
        return np.array([first], dtype=np.intp)
    scale = TOLERANCE * (cost[last] - cost[first]) * max(float(quality[last] - quality[first]), TOLERANCE)
    found: list[int] = []
    parts = [(first, last, every)]
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
        highest = among[above >= above.max() - max(scale, float(above.max()) * TOLERANCE)]
        middle = fewest(cheapest_of(highest))
        parts.extend(((middle, right, among), (left, middle, among)))
    return np.array([*found, last], dtype=np.intp)
