"""Queue: which answers of a task are labelled next; first those to learn from and of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calibration.arrays import Flags
from calibration.fit.paired.fit import PairedRows
from calibration.samples.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Answers of one task to be labelled next."""

    parts: Mapping[str, int]
    """How many rows are for which part: `learn`, `audit`, `certify`."""

    cells: Flags
    """Which answers, (n, K) by samples and rungs; those of a row that differ, and the reference's."""

    exact: Flags
    """Rows on which answers of the same value in other words are labelled apart, (n,): those of the audit."""

    @property
    def rows(self) -> int:
        """How many rows have an answer to be labelled."""
        return int(self.cells.any(axis=1).sum())


def wanted_answers(layout: Layout, rows: PairedRows, asked: Flags) -> tuple[Flags, Flags]:
    """Return the answers without a label that can get one, and those that differ, the reference's too, (n, K)."""
    table, pairs = layout.table, rows.pairs
    want = np.isnan(table.correct) & table.present & ~asked
    differing = np.zeros_like(want)
    differing[pairs.index] = pairs.differs
    differing[:, -1] = True
    return want, differing


def first_queue(layout: Layout, rows: PairedRows, asked: Flags, *, audit: bool = True) -> Queue | None:
    """Return what is labelled before the walk: rows to learn from and the audit; None if all of it is."""
    want, differing = wanted_answers(layout, rows, asked)
    cells, exact = np.zeros_like(want), np.zeros(len(want), dtype=bool)
    learn = rows.pairs.index[rows.open_learn()]
    cells[learn] = (want & differing)[learn]
    n_learn = int(cells.any(axis=1).sum())
    if audit:
        drawn = rows.pairs.index[rows.audit]
        cells[drawn] |= want[drawn]
        exact[drawn] = True
    n = int(cells.any(axis=1).sum())
    return Queue(parts={"learn": n_learn, "audit": n - n_learn}, cells=cells, exact=exact) if n else None
