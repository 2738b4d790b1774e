"""The best single model, by the labels to learn from, for a promise whose reference is not named before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.fit.paired.fit import PairedRows
from cascade.errors import ConfigError, DataError
from cascade.ladder import Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The single model that a task is compared with."""

    single: str
    """Its rung."""

    above: float
    """How much more often it is right than the ladder's last rung, on the rows to learn from, in [-1, 1]."""

    rows: int
    """Those rows."""

    def describe(self, task: str, last: str) -> str:
        """Return the choice as a sentence."""
        more = "" if self.single == last else f", {100 * self.above:.1f} points above {last}"
        return (
            f"{task}: the reference is {self.single}, the best single model on {self.rows} rows to learn from{more}; "
            "no dearer one is asked."
        )


def choose_single(rows: PairedRows) -> Chosen:
    """Return the single model of the best accuracy on the rows to learn from; the cheapest of equals.

    It is fixed without the rows that certify, as candidates are.

    Raises:
        DataError: it is the cheapest, so that no cascade ends with it.
    """
    learnt = rows.learnt
    weights = np.ones(len(learnt.table)) if learnt.table.weights is None else learnt.table.weights
    better = learnt.gain - learnt.harm
    known = ~np.isnan(better) & learnt.table.present
    weight = known * weights[:, None]
    means = np.nansum(np.where(known, better, 0.0) * weight, axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
    place = int(np.argmax(np.where(weight.sum(axis=0) > 0.0, means, -np.inf)))
    single = learnt.table.rungs[place]
    if place == 0:
        message = (
            f"Task {learnt.table.task!r}: {single}, the cheapest rung, is the best single model on the rows to learn "
            f"from, {100 * means[0]:.1f} points above {learnt.table.rungs[-1]}. Nothing cheaper can be compared with "
            "it: serve it alone, or name the reference (--never-worse-than RUNG)."
        )
        raise DataError(message)
    return Chosen(single=single, above=float(means[place]), rows=len(learnt.table))


def up_to(ladder: Ladder, reference: str, tasks: Sequence[str]) -> Ladder:
    """Return the ladder without the rungs above the reference."""
    names = ladder.names
    if reference not in names[1:]:
        message = (
            f"The reference is {reference!r}; a rung of {', '.join(names[1:])} was expected: one with a cheaper rung "
            "below it."
        )
        raise ConfigError(message)
    kept = names[: names.index(reference) + 1]
    own = {task: tuple(rung for rung in ladder.of(task) if rung.name in kept) for task in tasks}
    return Ladder(*(rung for rung in ladder if rung.name in kept), tasks=own)
