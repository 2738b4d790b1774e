"""Combiners for tasks with few labels or none: one fitted to all tasks together, its odds adjusted to each.

Per rung, three steps. What features say is learnt from all tasks (`fit_combiner` on all rows); to its out-of-fold
log-odds x `pooling` fits a line a task; and since a combiner is a sum in log-odds, that line is a combiner again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.fit_combiner import fit_combiner, out_of_fold
from calibration.pooling import fit_pooled
from calibration.serving import feature_rows
from calibration.table import Floats, Table
from cascade.combiner import Combiner
from cascade.hashing import content_id

_NEAR = 1e-6
"""Distance from 0 and 1 that out-of-fold confidences keep, so that their log-odds are finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledRung:
    """One rung's combiners, of every task."""

    tasks: Mapping[str, Combiner]
    """By task; of one without labels of this rung it is `new`."""

    new: Combiner
    """For a task that nothing is known of."""

    unlabelled: tuple[str, ...]
    """Tasks that start from `new`; to be flagged as not calibrated on labels of their own."""

    held_out: Mapping[str, Floats]
    """By task, confidences (n,) of combiners that had not seen the row, or its group."""


def pooled_priors(
    tables: Mapping[str, Table], *, seed: int, without: Sequence[str] = ()
) -> dict[str, dict[str, Combiner]]:
    """Return a combiner for each task and rung, as `fit_combiner` takes it for `prior`.

    A rung that no task has labels of is left out. `tables` by task; they may differ in rungs and features. `seed`
    chooses folds. `without` names tasks whose labels are not used.
    """
    found: dict[str, dict[str, Combiner]] = {task: {} for task in tables}
    for rung, pooled in pool_rungs(tables, seed=seed, without=without).items():
        for task, combiner in pooled.tasks.items():
            found[task][rung] = combiner
    return found


def pool_rungs(tables: Mapping[str, Table], *, seed: int, without: Sequence[str] = ()) -> dict[str, PooledRung]:
    """Fit the pooled combiners of every rung, in ladder order; see `pooled_priors` for the arguments."""
    rungs = dict.fromkeys(rung for table in tables.values() for rung in table.rungs)
    pooled: dict[str, PooledRung] = {}
    earlier: dict[str, dict[str, Floats]] = {task: {} for task in tables}
    for rung in rungs:
        mine = {task: table for task, table in tables.items() if rung in table.rungs}
        found = _pool_rung(rung, mine, earlier, seed=seed, without=without)
        if found is None:
            continue
        pooled[rung] = found
        for task, confidences in found.held_out.items():
            earlier[task][rung] = confidences
    return pooled


def _pool_rung(
    rung: str,
    tables: Mapping[str, Table],
    earlier: Mapping[str, Mapping[str, Floats]],
    *,
    seed: int,
    without: Sequence[str],
) -> PooledRung | None:
    """Fit one rung's combiners; None where no task has right and wrong answers of it."""
    tasks = tuple(tables)
    rows, names = _stacked([feature_rows(table, rung, earlier[task]) for task, table in tables.items()])
    at = {task: tables[task].rungs.index(rung) for task in tasks}
    task = np.repeat(np.arange(len(tasks)), [len(tables[name]) for name in tasks])
    correct = np.concatenate([tables[name].correct[:, at[name]] for name in tasks])
    usable = np.concatenate([(tables[name].present & ~tables[name].vetoed)[:, at[name]] for name in tasks])
    silent = np.isin(task, [index for index, name in enumerate(tasks) if name in without])
    known = usable & ~np.isnan(correct) & ~silent
    if not known.any() or correct[known].min() == correct[known].max():
        return None
    groups = [None if group is None else content_id([name, group]) for name in tasks for group in tables[name].groups]
    labels = np.where(known, correct, np.nan)
    everyone = fit_combiner(rows[known], correct[known], names, seed=seed)
    apart = np.zeros(len(rows))
    apart[usable] = out_of_fold(
        rows[usable], labels[usable], names, seed=seed, groups=[groups[i] for i in np.flatnonzero(usable)]
    )
    x = log_odds(apart)
    lines = fit_pooled(x[known], correct[known], task[known], n_tasks=len(tasks), seed=seed)
    held_out = np.where(usable, 1.0 / (1.0 + np.exp(-np.clip(lines.log_odds(x, task), -60.0, 60.0))), 0.0)
    new = adjusted(everyone, *lines.line(None))
    unlabelled = tuple(name for index, name in enumerate(tasks) if not known[task == index].any())
    return PooledRung(
        tasks={
            name: new if name in unlabelled else adjusted(everyone, *lines.line(index))
            for index, name in enumerate(tasks)
        },
        new=new,
        unlabelled=unlabelled,
        held_out={name: np.round(held_out[task == index], 9) for index, name in enumerate(tasks)},
    )


def adjusted(combiner: Combiner, intercept: float, slope: float) -> Combiner:
    """Return the combiner whose log-odds are `intercept + slope` times those of the one that is given."""
    columns = tuple(
        replace(
            column,
            weight=slope * column.weight,
            missing_weight=slope * column.missing_weight,
            evidence=tuple(slope * value for value in column.evidence),
        )
        for column in combiner.columns
    )
    return Combiner(columns=columns, intercept=intercept + slope * combiner.intercept)


def log_odds(confidences: Floats) -> Floats:
    """Return log-odds of confidences in [0, 1], kept finite."""
    p = np.clip(confidences, _NEAR, 1.0 - _NEAR)
    return np.asarray(np.log(p) - np.log1p(-p))


def _stacked(parts: Sequence[tuple[Floats, tuple[str, ...]]]) -> tuple[Floats, tuple[str, ...]]:
    """Put the features of several tasks under each other by name; a feature that a task lacks is missing there."""
    names = tuple(dict.fromkeys(name for _, columns in parts for name in columns))
    stacked = []
    for rows, columns in parts:
        wide = np.full((len(rows), len(names)), np.nan)
        wide[:, [names.index(name) for name in columns]] = rows
        stacked.append(wide)
    return np.vstack(stacked), names
