"""Evidence: what policies are compared on, held-out confidences, smoothed labels and costs; and what is found by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.combine.rung_fits import RungFits
from calibration.combine.smoothing import smooth_correct, smooth_pairs
from calibration.samples.table import Table
from cascade.errors import DataError

CAUTION = 50.0
"""`Evidence.caution` is this over the labels. n labels know the loss of a policy that differs from the reference on a
share D of requests to √(D / n); where that is one point, it grows by 50 / n for each unit of D."""

MAX_LABELS = 5_000
"""Labels beyond which rungs are smoothed by themselves and nothing is shunned: noise is no longer what matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoPolicy:
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

    differs: float = 0.0
    """Expected share of requests on which just one of policy and reference is right."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What policies are compared on: the m rows on which every rung was recorded."""

    table: Table
    """Those rows."""

    contexts: Mapping[tuple[str, ...], Floats]
    """Held-out confidences (m,) of each context (see `RungFits`)."""

    caution: float = 0.0
    """By how much policies that differ from the reference are shunned, in [0, 1]: taken off quality for each request
    on which just one of them is right, where policies are compared. Of many that are about as good, those that look
    best by luck are those that differ most. 0: rungs are smoothed by themselves, not on pairs."""

    def take(self, keep: Flags) -> Evidence:
        """Return the evidence of some of the rows."""
        contexts = {name: c[keep] for name, c in self.contexts.items()}
        return Evidence(table=self.table.take(keep), contexts=contexts, caution=self.caution)

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

        A rung that is asked alone pays no verifiers (`Course.verifiers`).
        Where no cost is known at all, a rung's is its position in the ladder: enough to prefer what asks fewer.

        Raises:
            DataError: some rungs' costs are known, and no cost of this one.
        """
        part = self.table.on(rungs)
        if not self.priced:
            at = np.array([1.0 + self.table.rungs.index(rung) for rung in rungs])
            return np.broadcast_to(at, (len(part), len(at))).copy()
        spent = part.answer_usd + (part.verifier_usd if len(part.rungs) > 1 else 0.0)
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

    def probabilities(self, rungs: Sequence[str]) -> tuple[Floats, Floats]:
        """Return P(correct), and P(just one of rung and last is right), of every row and rung of a sub-ladder, (m, k).

        Smoothed over the held-out confidences; the second is 0 where it has no weight.
        """
        part = self.table.on(rungs)
        forced = part.forced[:, : len(rungs) - 1]
        if self.caution > 0.0:
            return smooth_pairs(self.confidences(rungs), part.correct, forced=forced)
        alone = smooth_correct(self.confidences(rungs), part.correct, forced=forced)
        return alone, np.zeros_like(alone)

    @cached_property
    def singles(self) -> tuple[ParetoPolicy, ...]:
        """Every model alone, in ladder order."""
        rungs = self.table.rungs
        quality, differs = (found.mean(axis=0) for found in self.probabilities(rungs))
        found = []
        for k, rung in enumerate(rungs):
            below = float(k + 1 < len(rungs))
            found.append(
                ParetoPolicy(
                    rungs=(rung,),
                    quality=float(quality[k]),
                    cost_usd=float(self.costs((rung,)).mean()),
                    accepted=below,
                    wrong=below * (1.0 - float(quality[k])),
                    differs=float(differs[k]),
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
    labels = int((~np.isnan(table.correct[whole]).any(axis=1)).sum())
    caution = 0.0 if labels > MAX_LABELS else min(1.0, CAUTION / max(labels, 1))
    evidence = Evidence(table=table, contexts=held, caution=caution)
    return evidence if whole.all() else evidence.take(whole)
