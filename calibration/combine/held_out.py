"""Out-of-fold confidences, rung by rung: every figure that uses labels is measured on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.combine.fit_combiner import out_of_fold
from calibration.samples.replayed import feature_rows
from calibration.samples.table import Table
from cascade.policy.features import EARLIER


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Training rows of one rung's combiner."""

    rows: Floats
    """Features of the rows that are fitted, (m, F)."""

    names: tuple[str, ...]
    """Names of the features (F)."""

    correct: Floats
    """Correctness of the answers, (m,); NaN where not labelled."""

    groups: tuple[str | None, ...] | None
    """The rows' groups (m); None if absent."""

    taken: Flags
    """Which rows of the table these are, (n,): recorded and not vetoed."""

    def keep(self, kept: tuple[str, ...], *, seed: int) -> Floats:
        """Return out-of-fold confidences (n,) of a combiner that reads only `kept`; 0 where not taken."""
        columns = [self.names.index(name) for name in kept]
        found = np.zeros(len(self.taken))
        found[self.taken] = out_of_fold(self.rows[:, columns], self.correct, kept, seed=seed, groups=self.groups)
        return found


def fit_rows(table: Table, rung: str, earlier: Mapping[str, Floats]) -> Fit:
    """Return the training rows of a rung's combiner; `earlier` are the confidences (n,) of the rungs below it."""
    k = table.rungs.index(rung)
    rows, names = feature_rows(table, rung, earlier)
    taken = table.present[:, k] & ~table.vetoed[:, k]
    groups = tuple(table.groups[i] for i in np.flatnonzero(taken)) if any(table.groups) else None
    return Fit(rows=rows[taken], names=names, correct=table.correct[taken, k], groups=groups, taken=taken)


def hold_out(table: Table, *, seed: int = 0) -> dict[str, Floats]:
    """Return out-of-fold confidences (n,) of every rung but the top; 0 where vetoed or not recorded."""
    found: dict[str, Floats] = {}
    for rung in table.rungs[:-1]:
        fit = fit_rows(table, rung, found)
        found[rung] = fit.keep(fit.names, seed=seed)
    return found


def verifier_of(feature: str) -> str:
    """Return the verifier that a feature comes from; the feature itself if from none (`length`)."""
    return feature if feature.startswith(EARLIER) else feature.split(".", 1)[0]
