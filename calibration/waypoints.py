"""Waypoints: policies that no mix of others beats, found among all threshold vectors of all sub-ladders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibration.grid import CELLS, bin_ranks, count_bins, evaluate_grid
from calibration.hull import pareto_hull
from calibration.rate import fit_threshold
from calibration.rung_fits import RungFits
from calibration.smoothing import smooth_correct
from calibration.table import Flags, Floats, Table
from cascade.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """A policy of the path, and what is expected of it."""

    rungs: tuple[str, ...]
    """The rungs that are asked, cheapest first."""

    rates: tuple[float, ...] = ()
    """Escalation rate of each rung but the last, of the requests that get there."""

    quality: float
    """Expected accuracy, in [0, 1]."""

    cost_usd: float
    """Expected cost of a request in US dollars, verifiers included."""

    accepted: float = 0.0
    """Expected share of requests that are answered below the reference."""

    wrong: float = 0.0
    """Expected share of requests that are answered wrong below the reference."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What policies are compared on: the m rows on which every rung was recorded."""

    table: Table
    """Those rows."""

    contexts: Mapping[tuple[str, ...], Floats]
    """Held-out confidences (m,) of each context (see `RungFits`)."""

    def take(self, keep: Flags) -> Evidence:
        """Return the evidence of some of the rows."""
        return Evidence(table=self.table.take(keep), contexts={name: c[keep] for name, c in self.contexts.items()})

    def confidences(self, rungs: Sequence[str]) -> Floats:
        """Return the held-out confidences of all rungs of a sub-ladder but the last, (m, k - 1)."""
        columns = [self.contexts[tuple(rungs[: k + 1])] for k in range(len(rungs) - 1)]
        return np.column_stack(columns) if columns else np.zeros((len(self.table), 0))

    @property
    def priced(self) -> bool:
        """Whether the cost of any answer is known."""
        return bool((~np.isnan(self.table.answer_usd)).any())

    def costs(self, rungs: Sequence[str]) -> Floats:
        """Return what asking each rung costs, verifiers included, (m, k); the rung's mean where it is not known.

        Where no cost is known at all, a rung's is its position in the ladder: enough to prefer what asks fewer.

        Raises:
            DataError: some rungs' costs are known, and no cost of this one.
        """
        part = self.table.on(rungs)
        if not self.priced:
            at = np.array([1.0 + self.table.rungs.index(rung) for rung in rungs])
            return np.broadcast_to(at, (len(part), len(at))).copy()
        spent = part.answer_usd + part.verifier_usd
        for k, rung in enumerate(part.rungs):
            known = ~np.isnan(spent[:, k])
            if not known.any():
                message = (
                    f"Task {part.task!r}: no recording of rung {rung!r} has a cost and no price is known, so policies "
                    "cannot be compared by cost; record `cost_usd`, or give the rung a `price`."
                )
                raise DataError(message)
            spent[~known, k] = spent[known, k].mean()
        return np.asarray(spent)

    def probabilities(self, rungs: Sequence[str]) -> Floats:
        """Return P(correct) of every row and rung of a sub-ladder, (m, k), smoothed over the held-out confidences."""
        part = self.table.on(rungs)
        return smooth_correct(self.confidences(rungs), part.correct, forced=part.forced[:, : len(rungs) - 1])

    @cached_property
    def singles(self) -> tuple[Waypoint, ...]:
        """Every model alone, in ladder order."""
        rungs = self.table.rungs
        quality = self.probabilities(rungs).mean(axis=0)
        found = []
        for k, rung in enumerate(rungs):
            below = float(k + 1 < len(rungs))
            found.append(
                Waypoint(
                    rungs=(rung,),
                    quality=float(quality[k]),
                    cost_usd=float(self.costs((rung,)).mean()),
                    accepted=below,
                    wrong=below * (1.0 - float(quality[k])),
                )
            )
        return tuple(found)


def gather(fits: RungFits, ladders: Sequence[Sequence[str]]) -> Evidence:
    """Return what the given sub-ladders are compared on.

    Raises:
        DataError: on no row was every rung recorded, or labels are missing.
    """
    table = fits.table
    whole = np.all(table.present, axis=1)
    if not whole.any():
        message = (
            f"Task {table.task!r}: no sample has recordings of all of {', '.join(table.rungs)}; policies can only be "
            "compared where every rung answered (`cascade explore`)."
        )
        raise DataError(message)
    for k, rung in enumerate(table.rungs):
        if np.isnan(table.correct[whole, k]).all():
            message = f"Task {table.task!r}: no recording of rung {rung!r} is labelled, so its worth is not known."
            raise DataError(message)
    contexts = {tuple(rungs[: k + 1]) for rungs in (table.rungs, *ladders) for k in range(len(rungs) - 1)}
    held = {context: fits.held_out(context) for context in sorted(contexts, key=lambda one: (len(one), one))}
    if whole.all():
        return Evidence(table=table, contexts=held)
    return Evidence(table=table.take(whole), contexts={name: found[whole] for name, found in held.items()})


def find_waypoints(
    evidence: Evidence, rungs: Sequence[str], *, cells: int = CELLS, first_rate: float | None = None
) -> tuple[Waypoint, ...]:
    """Return the hull of all threshold vectors of one ladder of two rungs or more, cheapest first.

    `cells` of the grid, about, at most. With `first_rate` the first rung escalates exactly that share, ties shared out
    in expectation, and only the later thresholds vary.
    """
    part, held = evidence.table.on(rungs), evidence.confidences(rungs)
    quality, cost = evidence.probabilities(rungs), evidence.costs(rungs)
    ones = np.ones(len(part))
    fixed = 0 if first_rate is None else 1
    up = ones if first_rate is None else _share_up(held[:, 0], first_rate, part.forced[:, 0], ones)
    base = Waypoint(
        rungs=tuple(rungs),
        rates=(0.0,) * (len(rungs) - 1),
        quality=float(((1.0 - up) * quality[:, 0]).mean()),
        cost_usd=float(cost[:, 0].mean()) * fixed,
        accepted=1.0,
        wrong=float(((1.0 - up) * (1.0 - quality[:, 0])).mean()),
    )
    gone = up > 0.0
    if not gone.any():
        return (base,)
    share = float(up.mean())
    count = count_bins(len(rungs) - fixed, int(gone.sum()), cells=cells)
    cut = [bin_ranks(held[gone, k], count, forced=part.forced[gone, k]) for k in range(fixed, len(rungs) - 1)]
    grid = evaluate_grid(
        [found for found, _ in cut], [size for _, size in cut], quality[gone, fixed:], cost[gone, fixed:], up[gone]
    )
    found = []
    for flat in pareto_hull(grid.cost.ravel(), grid.quality.ravel()):
        index = tuple(int(i) for i in np.unravel_index(flat, grid.quality.shape))
        reached, right = share * float(grid.reach[-1][index]), share * float(grid.quality[index])
        below = right - share * float(grid.top_quality[index])
        found.append(
            Waypoint(
                rungs=tuple(rungs),
                rates=(*(() if first_rate is None else (first_rate,)), *grid.rates(index)),
                quality=base.quality + right,
                cost_usd=base.cost_usd + share * float(grid.cost[index]),
                accepted=1.0 - reached,
                wrong=max(0.0, base.wrong + (share - reached) - below),
            )
        )
    return tuple(found)


def assess(evidence: Evidence, rungs: Sequence[str], rates: Sequence[float]) -> Waypoint:
    """Return what given rates would do, each fitted on the held-out confidences of the rows that get to the rung."""
    part, held = evidence.table.on(rungs), evidence.confidences(rungs)
    quality, cost = evidence.probabilities(rungs), evidence.costs(rungs)
    live = np.ones(len(part))
    right, wrong, spent = 0.0, 0.0, 0.0
    for k in range(len(rungs)):
        spent += float((live * cost[:, k]).mean())
        up = np.zeros(len(part))
        if k + 1 < len(rungs):
            up = _share_up(held[:, k], rates[k], part.forced[:, k], live)
            wrong += float(((live - up) * (1.0 - quality[:, k])).mean())
        right += float(((live - up) * quality[:, k]).mean())
        live = up if k + 1 < len(rungs) else live
    whole = rungs[-1] == evidence.table.rungs[-1]
    return Waypoint(
        rungs=tuple(rungs),
        rates=tuple(rates),
        quality=right,
        cost_usd=spent,
        accepted=1.0 - float(live.mean()) if whole else 1.0,
        wrong=wrong if whole else 1.0 - right,
    )


def share_up(
    confidences: tuple[Floats, Floats], rate: float, forced: tuple[Flags, Flags], live: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Fit a rate on some rows and apply it to others: the share of each row that goes up, of the share that is live.

    Each argument holds the figures of the rows that are fitted, (m,), and of those it is applied to, (l,), in turn.
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


def hull_of(found: Sequence[Waypoint]) -> tuple[Waypoint, ...]:
    """Return those of the waypoints that no mix of the others beats, dearest first."""
    cost, quality = (np.array([getattr(one, name) for one in found]) for name in ("cost_usd", "quality"))
    return tuple(found[i] for i in pareto_hull(cost, quality)[::-1])
