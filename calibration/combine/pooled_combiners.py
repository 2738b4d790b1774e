"""Pooled combiners, for tasks with few labels or none: one fitted to all tasks, its log-odds adjusted to each.

Three steps per rung: one combiner is fitted on all tasks (`fit_combiner` on all rows); `pooling` fits a line per task
to its out-of-fold log-odds x; and since a combiner is a sum in log-odds, each line is a combiner again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats
from calibration.combine.fit_combiner import fit_combiner, out_of_fold
from calibration.combine.mixture import Prior, restricted
from calibration.combine.pooling import fit_pooled
from calibration.samples.replayed import feature_rows
from calibration.samples.table import Table
from calibration.stats.folds import assign_folds
from cascade.hashing import content_id
from cascade.policy.combiner import Combiner

STRENGTHS = (0.5, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Strengths tried for the prior: from tasks that have nothing in common to tasks that are identical."""

JUDGED_TASKS = 40
"""Most tasks that the strength is chosen on."""

JUDGED_ROWS = 100
"""Most labels of each of them."""

_NEAR = 1e-6
"""Clip of out-of-fold confidences away from 0 and 1, so that log-odds are finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledRung:
    """One rung's combiners, of every task."""

    tasks: Mapping[str, Combiner]
    """By task; a task without labels of this rung has `new`."""

    new: Combiner
    """Cold start: for a task without labels."""

    unlabelled: tuple[str, ...]
    """Tasks that have `new`; flagged as not calibrated on labels of their own."""

    held_out: Mapping[str, Floats]
    """By task, out-of-fold confidences (n,)."""

    strength: float
    """Weight of the prior, in rows of the rarer class."""


def pooled_priors(
    tables: Mapping[str, Table], *, seed: int, without: Sequence[str] = ()
) -> dict[str, dict[str, Prior]]:
    """Return the prior of each task and rung, fitted on all tasks, for `fit_combiner`.

    Its strength is fitted too (see `choose_strength`). A rung without labels in any task is left out.
    `tables` by task; they may differ in rungs and features. `seed` chooses folds. `without` names tasks whose labels
    are not used.
    """
    found: dict[str, dict[str, Prior]] = {task: {} for task in tables}
    for rung, pooled in pool_rungs(tables, seed=seed, without=without).items():
        for task, combiner in pooled.tasks.items():
            found[task][rung] = Prior(combiner=combiner, strength=pooled.strength)
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
    mine = np.flatnonzero(usable)
    apart = np.zeros(len(rows))
    apart[usable] = out_of_fold(rows[usable], labels[usable], names, seed=seed, groups=[groups[i] for i in mine])
    x = log_odds(apart)
    lines = fit_pooled(x[known], correct[known], task[known], n_tasks=len(tasks), seed=seed)
    unseen = np.zeros(len(rows))
    fold = assign_folds(labels[usable], seed=seed, groups=[groups[i] for i in mine])
    for held in np.unique(fold):
        rest, test = mine[(fold != held) & known[usable]], mine[fold == held]
        if rest.size:
            others = fit_pooled(x[rest], correct[rest], task[rest], n_tasks=len(tasks), seed=seed, ridge=lines.ridge)
            unseen[test] = others.log_odds(x[test], task[test])
    p = np.where(usable, 1.0 / (1.0 + np.exp(-np.clip(unseen, -60.0, 60.0))), 0.0)
    new = adjusted(everyone, *lines.line(None))
    unlabelled = tuple(name for index, name in enumerate(tasks) if not known[task == index].any())
    return PooledRung(
        tasks={
            # Restrict to the task's own features: its ladder may lack a verifier.
            name: restricted(
                new if name in unlabelled else adjusted(everyone, *lines.line(index)),
                feature_rows(tables[name], rung, earlier[name])[1],
            )
            for index, name in enumerate(tasks)
        },
        new=new,
        unlabelled=unlabelled,
        held_out={name: np.round(p[task == index], 9) for index, name in enumerate(tasks)},
        strength=choose_strength(rows, labels, unseen, task, names, seed=seed),
    )


def choose_strength(
    rows: Floats, correct: Floats, pooled: Floats, task: NDArray[np.intp], names: Sequence[str], *, seed: int
) -> float:
    """Choose the prior's strength, in rows of the rarer class, by least held-out log loss.

    `rows` (n, F) of all tasks, `correct` (n,) with NaN where unlabelled, `pooled` (n,) held-out log-odds of the prior,
    `task` (n,). Of many tasks `seed` chooses 40, and of each at most 100 labels: with more, the prior hardly counts.
    Ties go to the greatest.
    """
    rng = np.random.default_rng(seed)
    present = np.unique(task[~np.isnan(correct)])
    losses = np.zeros(len(STRENGTHS))
    for index in rng.permutation(present)[:JUDGED_TASKS]:
        mine = rng.permutation(np.flatnonzero((task == index) & ~np.isnan(correct)))[:JUDGED_ROWS]
        y = correct[mine]
        has = ~np.all(np.isnan(rows[mine]), axis=0)
        own_names = [name for name, kept in zip(names, has, strict=True) if kept]
        own = log_odds(out_of_fold(rows[np.ix_(mine, np.flatnonzero(has))], y, own_names, seed=seed))
        # Four fifths of the labels count, since one fold is held out.
        rarer = 0.8 * min(float(y.sum()), float((1.0 - y).sum()))
        for k, strength in enumerate(STRENGTHS):
            share = rarer / (rarer + strength)
            z = share * own + (1.0 - share) * pooled[mine]
            losses[k] += float(np.sum(np.logaddexp(0.0, z) - y * z))
    return STRENGTHS[len(losses) - 1 - int(np.argmin(losses[::-1]))]


def adjusted(combiner: Combiner, intercept: float, slope: float) -> Combiner:
    """Return the combiner whose log-odds are `intercept + slope` times those of `combiner`."""
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
    """Return log-odds of confidences in [0, 1], clipped to be finite."""
    p = np.clip(confidences, _NEAR, 1.0 - _NEAR)
    return np.asarray(np.log(p) - np.log1p(-p))


def _stacked(parts: Sequence[tuple[Floats, tuple[str, ...]]]) -> tuple[Floats, tuple[str, ...]]:
    """Stack the features of several tasks by name; a feature that a task lacks is missing there."""
    names = tuple(dict.fromkeys(name for _, columns in parts for name in columns))
    stacked = []
    for rows, columns in parts:
        wide = np.full((len(rows), len(names)), np.nan)
        wide[:, [names.index(name) for name in columns]] = rows
        stacked.append(wide)
    return np.vstack(stacked), names
