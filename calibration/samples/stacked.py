"""Stacked tables: several tasks' samples as one table, the cold start of a task with too few of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibration.arrays import Floats
from calibration.samples.columns import FIGURES, FLAGS
from calibration.samples.table import Table
from cascade.hashing import content_id

MOST = 1000
"""Rows of each task at most, so that no task dominates."""


def stack_tables(task: str, tables: Sequence[Table], *, seed: int, most: int = MOST) -> Table:
    """Return one table of all tasks' rows under a new task's name; of large ones `seed` chooses `most` rows.

    `tables`: one or more, of the same rungs. A feature that a task lacks is missing there. Groups stay groups of their
    task.
    """
    rng = np.random.default_rng(seed)
    taken = [
        one if len(one) <= most else one.take(np.sort(rng.choice(len(one), most, replace=False))) for one in tables
    ]
    parts = dict.fromkeys(rungs for one in taken for rungs in one.parts)
    return _joined(task, taken, {rungs: _joined(task, [one.on(rungs) for one in taken], {}) for rungs in parts})


def origins(tables: Sequence[Table], *, most: int = MOST) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the index of the table that each row of their stack comes from, (n,)."""
    return np.repeat(np.arange(len(tables)), [min(len(one), most) for one in tables])


def _joined(task: str, tables: Sequence[Table], parts: dict[tuple[str, ...], Table]) -> Table:
    first = tables[0]
    names = {
        rung: tuple(dict.fromkeys(name for one in tables for name in one.names.get(rung, ()))) for rung in first.rungs
    }
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in tables]) for name in (*FIGURES, *FLAGS)
    }
    return Table(
        task=task,
        ids=tuple(content_id([one.task, row]) for one in tables for row in one.ids),
        groups=tuple(
            None if group is None else content_id([one.task, group]) for one in tables for group in one.groups
        ),
        rungs=first.rungs,
        names=names,
        rows={rung: np.concatenate([_widened(one, rung, names[rung]) for one in tables]) for rung in first.rungs},
        use={},
        parts=parts,
        **columns,
    )


def _widened(table: Table, rung: str, names: Sequence[str]) -> Floats:
    own = table.names.get(rung, ())
    wide = np.full((len(table), len(names)), np.nan)
    if own:
        wide[:, [names.index(name) for name in own]] = table.rows[rung]
    return wide
