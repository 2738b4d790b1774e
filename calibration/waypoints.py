"""Waypoints: policies that no mix of others beats, found among all threshold vectors of all sub-ladders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibration.grid import bin_ranks, count_bins, evaluate_grid
from calibration.hull import pareto_hull
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

    def costs(self, rungs: Sequence[str]) -> Floats:
        """Return what asking each rung costs, verifiers included, (m, k); the rung's mean where it is not known.

        Raises:
            DataError: no cost of a rung is known.
        """
        part = self.table.on(rungs)
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


def find_waypoints(evidence: Evidence, rungs: Sequence[str], *, bins: int | None = None) -> tuple[Waypoint, ...]:
    """Return the hull of all threshold vectors of one ladder, cheapest first; `bins` of each rung, None: by size."""
    part = evidence.table.on(rungs)
    held = evidence.confidences(rungs)
    count = count_bins(len(rungs), len(part)) if bins is None else bins
    cut = [bin_ranks(held[:, k], count, forced=part.forced[:, k]) for k in range(len(rungs) - 1)]
    grid = evaluate_grid(
        [found for found, _ in cut], [size for _, size in cut], evidence.probabilities(rungs), evidence.costs(rungs)
    )
    shape = grid.quality.shape
    found = []
    for flat in pareto_hull(grid.cost.ravel(), grid.quality.ravel()):
        index = tuple(int(i) for i in np.unravel_index(flat, shape))
        accepted = 1.0 - float(grid.reach[-1][index])
        quality = float(grid.quality[index])
        found.append(
            Waypoint(
                rungs=tuple(rungs),
                rates=grid.rates(index),
                quality=quality,
                cost_usd=float(grid.cost[index]),
                accepted=accepted,
                wrong=max(0.0, accepted - (quality - float(grid.top_quality[index]))),
            )
        )
    return tuple(found)


def hull_of(found: Sequence[Waypoint]) -> tuple[Waypoint, ...]:
    """Return those of the waypoints that no mix of the others beats, dearest first."""
    cost, quality = (np.array([getattr(one, name) for one in found]) for name in ("cost_usd", "quality"))
    return tuple(found[i] for i in pareto_hull(cost, quality)[::-1])
