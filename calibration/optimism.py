"""Optimism: how much better chosen policies look on the labels that they were chosen by than on labels left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from calibration.choice import NO_OPTIMISM, Mix, Optimism
from calibration.folds import assign_folds
from calibration.table import Floats
from calibration.waypoints import Evidence, Waypoint, share_up

FOLDS = 5

BINS = 32
"""Of each rung's confidences, in the folds: what is measured is a difference that finer bins do not change."""

MAX_ROWS = 5_000
"""Rows beyond which nothing is measured: what is left of optimism there is less than a tenth of a point."""


def measure_optimism(evidence: Evidence, search: Callable[[Evidence], Mix | None], *, seed: int) -> Optimism:
    """Return how far loss and error out of fold exceed what was estimated for the policy that `search` chooses.

    `search` chooses a mix on some of the rows; in each of five folds it chooses on the other four, and its thresholds
    decide, and are judged by the labels of, the fifth. The same labels stand on both sides of the difference, so that
    their luck cancels (Efron 1986, the optimism of apparent error). Never below 0.
    """
    table = evidence.table
    whole = search(evidence)
    labelled = np.flatnonzero(~np.isnan(table.correct).any(axis=1))
    if whole is None or len(labelled) < 2 * FOLDS or len(labelled) > MAX_ROWS:
        return NO_OPTIMISM
    groups = [table.groups[i] for i in labelled] if any(table.groups) else None
    fold = np.full(len(table), -1)
    fold[labelled] = assign_folds(table.correct[labelled, 0], seed=seed, folds=FOLDS, groups=groups)
    apart = np.full((len(table), 3), np.nan)
    for held in range(FOLDS):
        out = fold == held
        mix = search(evidence.take(~out))
        if out.any() and mix is not None:
            apart[out] = _judged(evidence.take(~out), evidence.take(out), mix)
    seen = ~np.isnan(apart[:, 0])
    if not seen.any():
        return NO_OPTIMISM
    together = _judged(evidence, evidence, whole)[seen]
    loss = float((apart[seen, 0] - together[:, 0]).mean())
    return Optimism(loss=max(0.0, loss), error=max(0.0, _error(apart[seen]) - _error(together)))


def _error(judged: Floats) -> float:
    accepted = float(judged[:, 1].sum())
    return float(judged[:, 2].sum()) / accepted if accepted > 0.0 else 0.0


def _judged(learnt: Evidence, rows: Evidence, mix: Mix) -> Floats:
    """Return loss, share accepted below the reference and share of that which is wrong, of each row, (m, 3)."""
    found = np.zeros((len(rows.table), 3))
    for weight, waypoint in mix:
        found += weight * _follow(learnt, rows, waypoint)
    return found


def _follow(learnt: Evidence, rows: Evidence, waypoint: Waypoint) -> Floats:
    """Return what a waypoint does with rows by thresholds fitted on others, expected over ties, (m, 3)."""
    rungs: Sequence[str] = waypoint.rungs
    top = rows.table.correct[:, -1]
    correct = rows.table.on(rungs).correct
    forced = (learnt.table.on(rungs).forced, rows.table.on(rungs).forced)
    held = (learnt.confidences(rungs), rows.confidences(rungs))
    live, live_learnt = np.ones(len(rows.table)), np.ones(len(learnt.table))
    loss, accepted, wrong = np.zeros(len(top)), np.zeros(len(top)), np.zeros(len(top))
    for k, rung in enumerate(rungs):
        up = np.zeros(len(top))
        if k + 1 < len(rungs):
            live_learnt, up = share_up(
                (held[0][:, k], held[1][:, k]),
                waypoint.rates[k],
                (forced[0][:, k], forced[1][:, k]),
                (live_learnt, live),
            )
        stay = live - up
        loss += stay * (top - correct[:, k])
        if rung != rows.table.rungs[-1]:
            accepted += stay
            wrong += stay * (1.0 - correct[:, k])
        live = up
    return np.column_stack([loss, accepted, wrong])
