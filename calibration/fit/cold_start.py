"""Cold start: tasks with few samples or none start from the pooled samples of the other tasks, and are flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.combine.rung_fits import RungFits
from calibration.fit.measured import describe_points
from calibration.fit.partial_pooling import Indices, describe_pooling, pool_thresholds, pooled_points, shapes_of
from calibration.fit.task_fit import Started, start_task
from calibration.samples.stacked import MOST, origins, stack_tables
from calibration.samples.table import Table
from calibration.stats.risk import required_draws
from calibration.stats.split import LEARN
from calibration.targets.bound import Bound, Jointly, MaxError, MaxLoss
from calibration.targets.target import Aim, EscalationRate, Together, list_aims
from calibration.thresholds.path import to_point
from calibration.thresholds.shrinkage import Shrunk
from cascade.errors import DataError
from cascade.ladder import Ladder
from cascade.policy.features import EARLIER, LENGTH
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import Policy, TaskPolicy

STACK = 20_000
"""Pooled rows of a cold start, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledTasks:
    """The tasks of a cold start, with stacked rows."""

    table: Table
    """Their rows."""

    origin: Indices
    """The task of each row, (n,)."""

    count: int
    """Number of tasks."""


def gather_pooled_tasks(tables: Sequence[Table], *, seed: int) -> dict[tuple[str, ...], PooledTasks]:
    """Return the tasks for a cold start of others, by their rungs; large ones are thinned to a sample."""
    alike: dict[tuple[str, ...], list[Table]] = {}
    for one in tables:
        alike.setdefault(one.rungs, []).append(one)
    found = {}
    for rungs, own in alike.items():
        most = min(MOST, max(20, STACK // len(own)))
        found[rungs] = PooledTasks(
            table=stack_tables("", own, seed=seed, most=most), origin=origins(own, most=most), count=len(own)
        )
    return found


def cold_start(
    name: str,
    ladder: Ladder,
    target: Aim | Together | Bound | Jointly,
    pooled_tasks: Mapping[tuple[str, ...], PooledTasks],
    *,
    laid: Table | None = None,
    seed: int,
    combiner: Policy | None = None,
    choose_rungs: bool = False,
) -> TaskPolicy:
    """Return the cold-start policy of a task.

    Args:
        name: the task.
        ladder: its rungs.
        target: the target. A rate's threshold is where the other tasks, about equally weighted, escalate at that rate;
            any other aim takes the point of all their rows together; a bound is never certified without a task's own
            labels.
        pooled_tasks: the other tasks.
        laid: samples of its own, too few to learn from; they count towards its rate.
        seed: of the folds.
        combiner: a policy whose combiners are used as they are.
        choose_rungs: whether rungs may be left out.

    Raises:
        DataError: no other task runs the same rungs.
    """
    n = 0 if laid is None else len(laid)
    has = f"It has {n} samples of its own" if n else "It has no samples of its own"
    if isinstance(target, MaxError | MaxLoss | Jointly):
        tightest = min(one.value for one in (target.bounds if isinstance(target, Jointly) else (target,)))
        least = int(np.ceil(required_draws(tightest, target.delta) / (1.0 - LEARN)))
        why = (
            f"Not certified: {has[0].lower()}{has[1:]}, and a certificate needs a task's own labels: at least {least}, "
            "if none of them is an error."
        )
        points: tuple[OperatingPoint, ...] = (OperatingPoint(rungs=(ladder.names[-1],), thresholds=()),)
        measured = _measured(ladder, points, target, why=why) | {"certified": False, "labels_needed": least}
        return TaskPolicy(
            reference=ladder.names[-1], points=points, target=target.to_json(), certified=False, why=why,
            measured=measured,
        )  # fmt: skip
    if ladder.names not in pooled_tasks:
        message = (
            f"Task {name!r} has {n} samples, and no other task has the rungs {', '.join(ladder.names)} to start from."
        )
        raise DataError(message)
    own = pooled_tasks[ladder.names]
    table = _readable(replace(own.table, task=name), ladder)
    started = start_task(table, ladder, target, seed=seed, combiner=combiner, choose_rungs=choose_rungs)
    points, shrunk = _points(name, started, own, None if laid is None else _readable(laid, ladder))
    why = (
        f"{has}{', too few to fit,' if n else ''} and starts from the {own.count} other tasks: how often its "
        "answers are right is not known. "
        "Calibrate again once it has samples."
    )
    measured = _measured(ladder, points, target, why=why)
    measured["n"] = n
    measured["borrowed"] = describe_pooling(shrunk, tasks=own.count, n=n)
    measured["rungs"] = [
        {"rung": rung, "n": 0, "expected": rate, "low": law.low, "high": law.high}
        for rung, rate, law in zip(points[0].rungs, started.aimed.parts[0].rates, shrunk[0], strict=False)
    ]
    first = [
        (part.weight, part.rates[0], laws[0]) for part, laws in zip(started.aimed.parts, shrunk, strict=True) if laws
    ]
    measured["escalation_rate"] = {
        "expected": sum(weight * rate for weight, rate, _ in first),
        "low": sum(weight * law.low for weight, _, law in first),
        "high": sum(weight * law.high for weight, _, law in first),
    }
    return TaskPolicy(
        reference=ladder.names[-1], points=points, target=target.to_json(), n=n, measured=measured, why=why
    )


def _points(
    name: str, started: Started, own: PooledTasks, laid: Table | None
) -> tuple[tuple[OperatingPoint, ...], tuple[tuple[Shrunk, ...], ...]]:
    """Return the points, and the intervals of their rates for a task that is like the others."""
    ways = started.ways
    # Its own rows get the confidences of the combiners that will serve it.
    fits = None if laid is None or not len(laid) else RungFits(laid, given=started.fits.combiner)
    shapes = [shapes_of(started.fits, way.rungs, way.rates, origin=own.origin) for way in ways]
    shrunk = tuple(
        pool_thresholds(shape, {name: [replace(way, fits=fits)]})[name][0]
        for way, shape in zip(ways, shapes, strict=True)
    )
    if EscalationRate in list_aims(started.target):
        return pooled_points(started.fits, ways, shrunk), shrunk
    points = tuple(replace(to_point(started.fits, way.rungs, way.rates), weight=way.weight) for way in ways)
    return points, shrunk


def _readable(table: Table, ladder: Ladder) -> Table:
    """Return the table with only the features of the new task's own verifiers."""
    parts = {rungs: _readable(part, ladder) for rungs, part in table.parts.items()}
    names, rows = {}, {}
    known = {rung.name: {verifier.name for verifier in rung.verifiers} for rung in ladder}
    for rung in table.rungs:
        own = known[rung]
        kept = [
            i
            for i, name in enumerate(table.names[rung])
            if name == LENGTH or name.startswith(EARLIER) or name.split(".", 1)[0] in own
        ]
        names[rung] = tuple(table.names[rung][i] for i in kept)
        rows[rung] = table.rows[rung][:, kept]
    return replace(table, names=names, rows=rows, parts=parts)


def _measured(
    ladder: Ladder, points: Sequence[OperatingPoint], target: Aim | Together | Bound | Jointly, *, why: str
) -> dict[str, Any]:
    """Return the figures of a task without samples, in the form of `measured.measure`."""
    nothing = {"value": None, "low": None, "high": None}
    return {
        "n": 0,
        "n_labelled": 0,
        "target": target.to_json(),
        "reference": ladder.names[-1],
        "points": describe_points(points),
        "escalation_rate": {"expected": 0.0, "low": 0.0, "high": 0.0},
        "rungs": [],
        "accuracy": nothing,
        "accuracy_top": None,
        "loss": None,
        "error_accepted": None,
        "optimism": {"loss": 0.0, "error": 0.0},
        "cost_usd_per_request": None,
        "cost_vs_top": None,
        "cached": None,
        "added_latency": None,
        "singles": [],
        "best_single": None,
        "hull": None,
        "baseline": [],
        "bins": None,
        "rungs_tried": None,
        "verifiers": {},
        "warnings": [],
        "borrowed": None,
        "certified": None,
        "why": why,
    }
