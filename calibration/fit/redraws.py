"""Redraws: how far cost and loss of what is served move with another draw of labels, by fitting again.

An aim is fitted again on bootstrap draws of the samples (Efron 1979, Annals of Statistics 7), groups whole and copies
of a row in one fold. A bound, whose test has to see no row twice, is certified again on other splits into rows to learn
from and rows to certify; that moves less than other samples would.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from calibration.arrays import Floats
from calibration.fit.certified_task import fit_certified
from calibration.fit.task_fit import start_task
from calibration.samples.layout import Layout
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.targets.bound import MaxError, MaxLoss
from calibration.targets.target import Aim, Together
from calibration.thresholds.path import to_point
from cascade.errors import DataError
from cascade.ladder import Ladder
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT
from cascade.stats.influence import number_groups

How = Literal["bootstrap draws", "other splits"]


def redraw(
    layout: Layout, ladder: Ladder, target: Aim | Together | MaxError | MaxLoss, draws: int, *, seed: int,
    choose_rungs: bool,
) -> dict[str, Any]:  # fmt: skip
    """Fit a task again `draws` times, and return how far cost and loss move on the same samples.

    Args:
        layout: the samples of the task.
        ladder: its ladder.
        target: what is asked for.
        draws: how often.
        seed: of the draws.
        choose_rungs: whether rungs may be left out.

    Returns:
        `how`, `draws`, and the 5 % and 95 % quantile of `cost_vs_top` and `loss` over the draws that could be fitted.
    """
    how: How = "other splits" if isinstance(target, MaxError | MaxLoss) else "bootstrap draws"
    found: list[tuple[float, float]] = []
    for draw in range(1, draws + 1):
        try:
            points = _points(layout, ladder, target, seed=seed + draw, choose_rungs=choose_rungs)
        except DataError:
            continue  # the draw has too few labels of a kind, or no policy that meets the aim
        found.append(_served(layout.table, points))
    ends = np.nanquantile(np.array(found), [0.05, 0.95], axis=0).tolist() if found else [[None, None]] * 2
    names = ("cost_vs_top", "loss")
    moved = {name: {"low": low, "high": high} for name, low, high in zip(names, *ends, strict=True)}
    return {"how": how, "draws": len(found), **moved}


def _points(
    layout: Layout, ladder: Ladder, target: Aim | Together | MaxError | MaxLoss, *, seed: int, choose_rungs: bool
) -> list[OperatingPoint]:
    if isinstance(target, MaxError | MaxLoss):
        one = layout.seen_in(target.dimension)
        chosen = one.uniform(loss=isinstance(target, MaxLoss))
        found = fit_certified(one.table, target, seed=seed, choose_rungs=choose_rungs, same=one.same, chosen=chosen)
        return list(found.points)
    started = start_task(_drawn(layout.table, seed), ladder, target, seed=seed, choose_rungs=choose_rungs)
    points = [(part.weight, to_point(started.fits, part.rungs, part.rates)) for part in started.aimed.parts]
    return [OperatingPoint(rungs=one.rungs, thresholds=one.thresholds, combiners=one.combiners, weight=weight)
            for weight, one in points]  # fmt: skip


def _drawn(table: Table, seed: int) -> Table:
    """Return a bootstrap draw of a table: groups are drawn whole, and copies of one share a group."""
    code = number_groups(table.groups)
    members = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    drawn = np.random.default_rng(seed).integers(0, len(members), len(members))
    rows = np.concatenate([members[i] for i in drawn])
    names = np.repeat([f"{i}" for i in drawn], [len(members[i]) for i in drawn]).tolist()
    taken = table.take(rows)
    return Table(**{**{name: getattr(taken, name) for name in Table.__slots__}, "groups": tuple(names)})


def _served(table: Table, points: list[OperatingPoint]) -> tuple[float, float]:
    """Return a policy's cost as a share of always asking the reference, and its loss, on the rows of a table."""
    replayed = [(point.weight, apply_point(table, point, salt=SALT)) for point in points]
    cost, correct = (
        np.asarray(sum(weight * np.where(one.complete, getattr(one, name), np.nan) for weight, one in replayed))
        for name in ("cost_usd", "correct")
    )
    top: Floats = table.answer_usd[:, -1]
    both = ~np.isnan(cost) & ~np.isnan(top)
    lost = table.correct[:, -1] - correct
    known = ~np.isnan(lost)
    share = float(cost[both].sum() / top[both].sum()) if top[both].sum() > 0.0 else float("nan")
    return share, float(lost[known].mean()) if known.any() else float("nan")
