"""Learned gain: a verifier that learns is used on a rung only where it adds to the others, on rows it did not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calibration.combine.held_out import fit_rows, verifier_of
from calibration.samples.learned import LearnedSamples
from calibration.samples.table import Table
from calibration.stats.area import measure_area
from cascade.stats.auroc import measure_auroc
from cascade.stats.influence import Statistic

LEVEL = 0.8
"""Confidence of the interval of what is added, so that one in ten useless verdicts stays."""


def leave_out_useless(
    learnt: LearnedSamples, tables: Mapping[str, Table], *, seed: int = 0
) -> tuple[LearnedSamples, dict[str, Table]]:
    """Return the samples and tables without the learned verdicts that add nothing to the other verifiers of a rung.

    What is added is area above random mixing (AUROC where the reference has no labels), out of fold, on the rows that
    scorers were fitted on: none of those that certify is looked at. It stays where the lower end of the added area's
    80 % interval is above 0. A verdict that is left out abstains, and a note says so.
    """
    made = dict(tables)
    scorers = {task: dict(own) for task, own in learnt.scorers.items()}
    notes = dict(learnt.notes)
    for (task, rung), held in learnt.held_out.items():
        names = learnt.wanted[task][rung]
        if task not in made or pays(made[task].take(~np.isnan(held)), rung, names, seed=seed):
            continue
        made[task] = made[task].silenced(rung, names)
        del scorers[task][rung]
        said = f"{', '.join(names)} on rung {rung}: left out, since it adds nothing to the others beyond chance."
        notes[task] = (*notes.get(task, ()), said)
    return replace(learnt, scorers={task: own for task, own in scorers.items() if own}, notes=notes), made


def pays(table: Table, rung: str, names: tuple[str, ...], *, seed: int) -> bool:
    """Return whether verifiers add to the others of a rung beyond chance."""
    fit = fit_rows(table, rung, {})
    others = tuple(name for name in fit.names if verifier_of(name) not in names)
    whole, without = (fit.keep(kept, seed=seed) for kept in (fit.names, others))
    y, top = table.correct[:, table.rungs.index(rung)], table.correct[:, -1]
    rows = fit.taken & ~np.isnan(y)
    both = rows & ~np.isnan(top)
    if both.any():
        rows, gain = both, top[both] - y[both]
        added: Statistic | None = measure_area(whole[rows], gain).less(measure_area(without[rows], gain))
    else:
        first, second = measure_auroc(whole[rows], y[rows]), measure_auroc(without[rows], y[rows])
        added = None if first is None or second is None else first.less(second)
    groups = tuple(table.groups[int(i)] for i in np.flatnonzero(rows))
    return added is not None and added.interval(LEVEL, groups)[0] > 0.0
