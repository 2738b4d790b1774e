"""Combiners by context: for every rung, one fit for each tuple of rungs asked before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.combine.fit_combiner import fit_combiner, out_of_fold
from calibration.combine.mixture import Prior
from calibration.samples.replayed import confidences, feature_rows
from calibration.samples.table import Table
from cascade.errors import DataError
from cascade.policy.combiner import Combiner

FEWEST = 8
"""Fewest labels of a single class that are fitted, to their base rate: what the smallest task has to learn from."""

Given = Callable[[tuple[str, ...]], Combiner | None]
"""Returns the existing combiner of a context's rung; None if absent."""


class RungFits:
    """The combiners of one task, each fitted lazily, and their confidences for its rows.

    A context is a tuple of rung names in ladder order: the rungs asked before, then the rung itself.
    """

    def __init__(
        self,
        table: Table,
        *,
        seed: int = 0,
        priors: Mapping[str, Prior] | None = None,
        given: Given | None = None,
        any_class: bool = False,
    ) -> None:
        """Take the samples of a task.

        Args:
            table: the samples.
            seed: of the folds.
            priors: by rung, fitted on other tasks; they count where labels are few.
            given: returns existing combiners; then nothing is fitted.
            any_class: whether labels of a single class are fitted however few they are, to their base rate.
        """
        self.any_class = any_class
        self.table, self.seed, self.given = table, seed, given
        self.priors = priors or {}
        self._combiners: dict[tuple[str, ...], Combiner] = {}
        self._held_out: dict[tuple[str, ...], Floats] = {}
        self.known: dict[tuple[str, ...], Floats] = {}
        """Cache of served confidences by context."""

    @property
    def learns(self) -> bool:
        """Whether combiners are fitted on labels, so that out-of-fold confidences exist."""
        return self.given is None

    def combiner(self, context: tuple[str, ...]) -> Combiner:
        """Return the combiner of a context's rung.

        Raises:
            DataError: no labels, or fewer than `FEWEST` of a single class, on a rung below the top.
        """
        if context not in self._combiners:
            if self.given is not None:
                found = self.given(context)
                if found is None:
                    message = f"No combiner was given for rung {context[-1]!r} of task {self.table.task!r}."
                    raise DataError(message)
                self._combiners[context] = found
            else:
                rows, names, correct, taken = self._learnt(context)
                self._combiners[context] = fit_combiner(
                    rows,
                    correct,
                    names,
                    seed=self.seed,
                    weights=self._weights(taken),
                    prior=self.priors.get(context[-1]),
                )
        return self._combiners[context]

    def has(self, context: tuple[str, ...]) -> bool:
        """Return whether there is a combiner: the last rung of a ladder needs none."""
        if self.given is not None:
            return self.given(context) is not None
        rung = self.table.on(context)
        return bool((rung.present[:, -1] & ~np.isnan(rung.correct[:, -1])).any())

    def held_out(self, context: tuple[str, ...]) -> Floats:
        """Return out-of-fold confidences (n,) of a context's rung; 0 where vetoed or not recorded."""
        if context not in self._held_out:
            rows, names, correct, taken = self._learnt(context)
            groups = self.table.groups
            kept = [groups[i] for i in np.flatnonzero(taken)] if any(groups) else None
            found = np.zeros(len(self.table))
            found[taken] = out_of_fold(
                rows,
                correct,
                names,
                seed=self.seed,
                groups=kept,
                weights=self._weights(taken),
                prior=self.priors.get(context[-1]),
            )
            self._held_out[context] = found
        return self._held_out[context]

    def served(self, context: tuple[str, ...]) -> Floats:
        """Return the confidences (n,) as served; 0 where vetoed, NaN where not recorded."""
        if context not in self.known:
            earlier = {rung: self.served(context[: k + 1]) for k, rung in enumerate(context[:-1])}
            self.known[context] = confidences(self.table.on(context), context[-1], self.combiner(context), earlier)
        return self.known[context]

    def _weights(self, taken: Flags) -> Floats | None:
        return None if self.table.weights is None else self.table.weights[taken]

    def _learnt(self, context: tuple[str, ...]) -> tuple[Floats, tuple[str, ...], Floats, np.ndarray]:
        """Return the training rows of a combiner: features, their names, labels, and a mask of the table's rows."""
        part, rung = self.table.on(context), context[-1]
        # Later rungs learn from out-of-fold earlier confidences: fitted ones look surer than live ones.
        earlier = {name: self.held_out(context[: k + 1]) for k, name in enumerate(context[:-1])}
        rows, names = feature_rows(part, rung, earlier)
        correct = part.correct[:, -1]
        taken = part.present[:, -1] & ~part.vetoed[:, -1]
        if rung != self.table.rungs[-1] and rung not in self.priors and not self.any_class:
            _require_labels(self.table.task, rung, correct[part.present[:, -1]])
        return (rows, names, correct, taken) if taken.all() else (rows[taken], names, correct[taken], taken)


def _require_labels(task: str, rung: str, correct: Floats) -> None:
    known = correct[~np.isnan(correct)]
    if not known.size:
        message = (
            f"Task {task!r}: no recording of rung {rung!r} is labelled (`correct`); fill labels in with "
            "`cascade grade`, or give `--combiner old.json`."
        )
        raise DataError(message)
    if known.min() == known.max() and known.size < FEWEST:
        message = (
            f"Task {task!r}: all {known.size} labels of rung {rung!r} to learn from are {known[0]:g}; right and wrong "
            f"answers were expected, or {FEWEST} of one class. Label more samples."
        )
        raise DataError(message)
