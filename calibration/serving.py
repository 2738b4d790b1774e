"""A policy point applied to a table: what would have been served, for every row at once, exactly as climb() decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.rate import escalates, fit_threshold
from calibration.table import Flags, Floats, Table
from cascade.combiner import Combiner
from cascade.features import EARLIER
from cascade.point import Point, Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a point does with n rows on its own k rungs."""

    columns: tuple[int, ...]
    """The table's column of each of the point's rungs (k)."""

    confidence: Floats
    """The served confidences, (n, k); 0 where vetoed, NaN where not recorded or without a combiner."""

    reached: Flags
    """Whether the rung was asked, (n, k)."""

    escalated: Flags
    """Whether its answer was left upwards for quality, (n, k)."""

    complete: Flags
    """Whether every rung that was reached was recorded, (n,); other rows cannot be judged."""

    @property
    def answered(self) -> NDArray[np.intp]:
        """The table's column of the rung that answered each row, (n,); meaningless where not complete."""
        last = np.argmax(self.reached & ~self.escalated, axis=1)
        answered: NDArray[np.intp] = np.asarray(self.columns, dtype=np.intp)[last]
        return answered

    def picked(self, figures: Floats) -> Floats:
        """Return the answering rung's figure of each row, (n,), from figures (n, K) of the table."""
        return np.asarray(np.take_along_axis(figures, self.answered[:, None], axis=1)[:, 0])

    def summed(self, figures: Floats) -> Floats:
        """Return the sum over the reached rungs of each row, (n,), from figures (n, K) of the table."""
        return np.asarray(np.where(self.reached, figures[:, self.columns], 0.0).sum(axis=1))


def serve(table: Table, point: Point, *, salt: str) -> Served:
    """Apply a point to every row of a table; the hashed choices are those of live requests with these ids."""
    columns = tuple(table.rungs.index(name) for name in point.rungs)
    n, count = len(table), len(columns)
    confidence = np.full((n, count), np.nan)
    reached, escalated = np.zeros((n, count), dtype=bool), np.zeros((n, count), dtype=bool)
    complete, live = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
    earlier: dict[str, Floats] = {}
    for k, (name, column) in enumerate(zip(point.rungs, columns, strict=True)):
        reached[:, k] = live
        complete &= ~live | table.present[:, column]
        confidence[:, k] = confidences(table, name, point.combiners.get(name), earlier)
        if k + 1 < count:
            up = goes_up(table, name, confidence[:, k], point.thresholds[k], salt=salt)
            escalated[:, k] = live & up
            live = escalated[:, k]
            earlier[name] = confidence[:, k]
    return Served(columns=columns, confidence=confidence, reached=reached, escalated=escalated, complete=complete)


def serve_out_of_fold(
    table: Table, rates: Sequence[float | None], held_out: Mapping[str, Floats], *, salt: str
) -> Served:
    """Apply escalation rates to out-of-fold confidences: how rates would do on rows whose labels were not seen.

    For estimates that use labels. A policy itself never serves by such confidences (CALIBRATION.md, section 1).
    """
    n, count = len(table), len(table.rungs)
    reached, escalated = np.zeros((n, count), dtype=bool), np.zeros((n, count), dtype=bool)
    complete: Flags = np.all(table.present, axis=1)
    live = complete.copy()
    for k, rung in enumerate(table.rungs):
        reached[:, k] = live
        if k + 1 < count and live.any():
            t, g = fit_threshold(held_out[rung][live], float(rates[k] or 0.0), vetoed=table.forced[live, k])
            escalated[:, k] = live & goes_up(table, rung, held_out[rung], Threshold(t=t, g=g), salt=salt)
        live = escalated[:, k]
    confidence = np.column_stack([held_out[rung] for rung in table.rungs])
    return Served(
        columns=tuple(range(count)), confidence=confidence, reached=reached, escalated=escalated, complete=complete
    )


def goes_up(table: Table, rung: str, confidence: Floats, threshold: Threshold, *, salt: str) -> Flags:
    """Tell which rows' answers of a rung are left upwards, (n,)."""
    # u only breaks ties, and hashing a million ids is what takes time: hash those that stand at the threshold.
    tied = np.flatnonzero(confidence == threshold.t)
    u = np.zeros(len(table))
    if tied.size and 0.0 < threshold.g < 1.0:
        u[tied] = table.take(tied).u(rung, salt=salt)
    held = np.where(np.isnan(confidence), 0.0, confidence)
    return escalates(held, u, threshold.t, threshold.g, vetoed=table.forced[:, table.rungs.index(rung)])


def confidences(table: Table, rung: str, combiner: Combiner | None, earlier: Mapping[str, Floats]) -> Floats:
    """Return a rung's served confidences, (n,): 0 where vetoed, NaN where not recorded or without a combiner."""
    column = table.rungs.index(rung)
    if combiner is None:
        found = np.full(len(table), np.nan)
    else:
        rows, names = feature_rows(table, rung, earlier)
        found = combiner.confidences(rows, names)
    found = np.where(table.vetoed[:, column], 0.0, found)
    return np.where(table.present[:, column], found, np.nan)


def feature_rows(table: Table, rung: str, earlier: Mapping[str, Floats]) -> tuple[Floats, tuple[str, ...]]:
    """Return a rung's features, earlier rungs' confidences appended, (n, F), and their names."""
    names = (*table.names[rung], *(EARLIER + name for name in earlier))
    return np.column_stack([table.rows[rung], *earlier.values()]), names
