"""Evidence: out-of-fold confidences, smoothed labels and costs, on which policies are compared; and Pareto policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.combine.rung_fits import RungFits
from calibration.combine.smoothing import smooth_correct, smooth_pairs
from calibration.samples.added_latency import MOST_SLOW, require_latencies, waits_s
from calibration.samples.table import Table
from cascade.errors import DataError

CAUTION = 50.0
"""`Evidence.caution` is this over the labels. With n labels, the loss of a policy that differs from the reference on a
share D of requests has a standard error of √(D / n); where that is one point, it grows by 50 / n per unit of D."""

TOLERANCE_S = 1e-9
"""Seconds by which sums of latencies differ at most by rounding."""

MAX_LABELS = 5_000
"""Labels beyond which rungs are smoothed by themselves, without caution: noise no longer matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoPolicy:
    """A Pareto policy of the path, with its expected figures."""

    rungs: tuple[str, ...]
    """The rungs that are asked, cheapest first."""

    rates: tuple[float, ...] = ()
    """Escalation rate of each rung but the last, of the requests that reach it."""

    quality: float
    """Expected accuracy, in [0, 1]."""

    cost_usd: float
    """Expected cost of a request in US dollars, verifiers included."""

    accepted: float = 0.0
    """Expected share of requests accepted below the reference."""

    wrong: float = 0.0
    """Expected share of requests accepted below the reference with a wrong answer."""

    differs: float = 0.0
    """Expected share of requests on which exactly one of policy and reference is right."""

    slow: float = 0.0
    """Expected share of requests that wait longer for an answer, beyond what the reference takes, than the limit on
    added latency; 0 without a limit."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Evidence for comparing policies: the m rows on which every rung was recorded."""

    table: Table
    """Those rows."""

    contexts: Mapping[tuple[str, ...], Floats]
    """Out-of-fold confidences (m,) of each context (see `RungFits`)."""

    caution: float = 0.0
    """Penalty on differing from the reference, in [0, 1]: subtracted from quality for each request on which exactly one
    of the two is right, when policies are compared. Among policies about equally good, those that differ most look
    best by chance. 0: rungs are smoothed by themselves, not on pairs."""

    most_slow: float = MOST_SLOW
    """Greatest share of requests that may be slow (`ParetoPolicy.slow`)."""

    def take(self, keep: Flags) -> Evidence:
        """Return the evidence of some of the rows."""
        contexts = {name: c[keep] for name, c in self.contexts.items()}
        return replace(self, table=self.table.take(keep), contexts=contexts)

    def confidences(self, rungs: Sequence[str]) -> Floats:
        """Return the out-of-fold confidences of all rungs of a sub-ladder but the last, (m, k - 1)."""
        columns = [self.contexts[tuple(rungs[: k + 1])] for k in range(len(rungs) - 1)]
        return np.column_stack(columns) if columns else np.zeros((len(self.table), 0))

    @property
    def priced(self) -> bool:
        """Whether the cost of any answer is known."""
        return bool((~np.isnan(self.table.answer_usd)).any())

    def costs(self, rungs: Sequence[str]) -> Floats:
        """Return the cost of asking each rung, verifiers included, (m, k); the rung's mean where not known.

        A single rung pays no verifiers (`Route.verifiers`). Rungs above the first count as not cached (`Replayed`).
        Where no cost is known at all, a rung's is its position in the ladder: enough to prefer what asks fewer.

        Raises:
            DataError: some rungs' costs are known, and no cost of this one.
        """
        part = self.table.on(rungs)
        if not self.priced:
            at = np.array([1.0 + self.table.rungs.index(rung) for rung in rungs])
            return np.broadcast_to(at, (len(part), len(at))).copy()
        spent = part.answer_usd + (part.verifier_usd if len(part.rungs) > 1 else 0.0)
        spent[:, 1:] += part.uncached_usd[:, 1:]
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

    def slow(self, rungs: Sequence[str]) -> Floats:
        """Return 1 where an answer of a rung comes later than the limit on added latency allows, else 0, (m, k).

        Where a latency is not known it is the share of the others; 0 without a limit.

        Raises:
            DataError: too few rows have the latency of every rung.
        """
        part, most = self.table.on(rungs), self.table.max_added_p95_s
        if most is None:
            return np.zeros(part.present.shape)
        require_latencies(self.table)
        known = ~np.isnan(self.table.answer_s).any(axis=1)
        late = (waits_s(part)[known] - self.table.answer_s[known, -1:] > most + TOLERANCE_S).astype(np.float64)
        found = np.broadcast_to(late.mean(axis=0), part.present.shape).copy()
        found[known] = late
        return found

    def probabilities(self, rungs: Sequence[str]) -> tuple[Floats, Floats]:
        """Return P(correct), and P(exactly one of rung and last is right), by row and rung of a sub-ladder, (m, k).

        Smoothed over the out-of-fold confidences; the second is 0 where it has no weight.
        """
        part = self.table.on(rungs)
        forced = part.forced[:, : len(rungs) - 1]
        if self.caution > 0.0:
            return smooth_pairs(self.confidences(rungs), part.correct, forced=forced, weights=part.weights)
        alone = smooth_correct(self.confidences(rungs), part.correct, forced=forced, weights=part.weights)
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
                    slow=float(self.slow((rung,)).mean()),
                )
            )
        return tuple(found)


def gather(fits: RungFits, ladders: Sequence[Sequence[str]]) -> Evidence:
    """Return the evidence for comparing the given sub-ladders.

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
