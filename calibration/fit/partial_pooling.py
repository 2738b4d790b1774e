"""Partial pooling of thresholds, rung by rung: tasks with few samples borrow from the others (see `shrinkage`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.combine.rung_fits import RungFits
from calibration.samples.replayed import goes_up
from calibration.thresholds.path import to_point
from calibration.thresholds.shrinkage import Shrunk, shrink_thresholds
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import SALT

ENOUGH = 200
"""Samples from which on a task keeps its own threshold: its own law is narrow enough."""

Context: TypeAlias = tuple[str, ...]
"""The rungs asked before, then the rung itself."""

Indices: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Confidences of one task's requests that reach a rung."""

    confidences: Floats
    """(n,) in [0, 1]."""

    forced: Flags
    """Those that always escalate, (n,)."""


NO_SHAPE = Shape(confidences=np.empty(0), forced=np.empty(0, dtype=bool))
"""The shape of a task without samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Rungs and rates of one operating point, before its thresholds are fitted."""

    rungs: tuple[str, ...]
    """The rungs that are asked, cheapest first."""

    rates: tuple[float, ...]
    """Escalation rate of each but the last, of the requests that reach it."""

    weight: float = 1.0
    """The share of requests of this operating point."""

    fits: RungFits | None = None
    """The task's combiners and rows; None without rows."""


@dataclass(slots=True, kw_only=True)
class _Walk:
    """A `Way` during the fit of its thresholds."""

    task: str
    way: Way
    live: Flags
    found: list[Shrunk] = field(default_factory=list)

    def shape(self, context: Context) -> Shape:
        """Return the confidences of the rows that reach a context's rung."""
        if self.way.fits is None:
            return NO_SHAPE
        return _shape(self.way.fits, context, self.live)

    def climb(self, context: Context, found: Shrunk) -> None:
        """Apply a threshold, and keep the rows that escalate."""
        self.found.append(found)
        fits = self.way.fits
        if fits is not None:
            part = fits.table.on(self.way.rungs)
            t, g = found.threshold
            up = goes_up(part, context[-1], fits.served(context), Threshold(t=t, g=g), salt=SALT)
            self.live = self.live & part.present[:, len(context) - 1] & up


def shapes_of(
    fits: RungFits, rungs: Sequence[str], rates: Sequence[float], *, origin: Indices | None = None
) -> list[dict[Context, Shape]]:
    """Return the confidences of a task that keeps its own thresholds, by context.

    `origin` (n,): for stacked rows of several tasks, the task of each row; returns those of each task, in order.
    """
    part, point = fits.table.on(rungs), to_point(fits, rungs, rates)
    whose = np.zeros(len(part), dtype=np.intp) if origin is None else origin
    masks = [whose == index for index in range(int(whose.max(initial=0)) + 1)]
    live = np.ones(len(part), dtype=bool)
    found: list[dict[Context, Shape]] = [{} for _ in masks]
    for k, threshold in enumerate(point.thresholds):
        context = tuple(rungs[: k + 1])
        for shapes, mine in zip(found, masks, strict=True):
            shapes[context] = _shape(fits, context, live & mine)
        live = live & part.present[:, k] & goes_up(part, context[-1], fits.served(context), threshold, salt=SALT)
    return found


def pool_thresholds(
    others: Sequence[Mapping[Context, Shape]], ways: Mapping[str, Sequence[Way]]
) -> dict[str, tuple[tuple[Shrunk, ...], ...]]:
    """Fit the thresholds of tasks with few samples or none by partial pooling, rung by rung; by task and way.

    Args:
        others: `shapes_of` each task that keeps its own thresholds.
        ways: the ways of the tasks with few samples, which are pooled with each other, too.
    """
    walks = {
        task: [
            _Walk(task=task, way=way, live=np.ones(0 if way.fits is None else len(way.fits.table), dtype=bool))
            for way in own
        ]
        for task, own in ways.items()
    }
    deepest = max((len(way.rates) for own in ways.values() for way in own), default=0)
    for k in range(deepest):
        level: dict[Context, list[_Walk]] = {}
        for own in walks.values():
            for walk in own:
                if k < len(walk.way.rates):
                    level.setdefault(walk.way.rungs[: k + 1], []).append(walk)
        for context, mine in level.items():
            _fit_level(context, mine, [shapes[context] for shapes in others if context in shapes])
    return {task: tuple(tuple(walk.found) for walk in own) for task, own in walks.items()}


def pooled_points(fits: RungFits, ways: Sequence[Way], found: Sequence[Sequence[Shrunk]]) -> tuple[OperatingPoint, ...]:
    """Return the operating points of ways with fitted thresholds and combiners."""
    points = []
    for way, thresholds in zip(ways, found, strict=True):
        contexts = [way.rungs[: k + 1] for k in range(len(way.rungs))]
        points.append(
            OperatingPoint(
                rungs=way.rungs,
                thresholds=tuple(Threshold(t=one.threshold[0], g=one.threshold[1]) for one in thresholds),
                combiners={context[-1]: fits.combiner(context) for context in contexts if fits.has(context)},
                weight=way.weight,
            )
        )
    return tuple(points)


def _fit_level(context: Context, walks: Sequence[_Walk], others: Sequence[Shape]) -> None:
    """Fit one rung's thresholds of all tasks that reach it."""
    k = len(context) - 1
    # Two ways of a task with equal rungs and rates so far share a threshold, and count once.
    once = {(walk.task, walk.way.rates[: k + 1]): walk for walk in reversed(walks)}
    shapes = [*(walk.shape(context) for walk in once.values()), *others]
    rates = [rates[k] for _, rates in once]
    if any(shape.confidences.size for shape in shapes):
        fitted = shrink_thresholds(
            [shape.confidences for shape in shapes],
            [*rates, *[0.5] * len(others)],
            forced=[shape.forced for shape in shapes],
        )
    else:
        # No row reaches this rung: escalate all or none, as `path.to_point` does.
        ends = [1.0 if rate > 0.0 else 0.0 for rate in rates]
        fitted = tuple(Shrunk(threshold=(end, end), borrowed=0.0, low=0.0, high=1.0) for end in ends)
    found = dict(zip(once, fitted, strict=False))
    for walk in walks:
        walk.climb(context, found[walk.task, walk.way.rates[: k + 1]])


def _shape(fits: RungFits, context: Context, live: Flags) -> Shape:
    part = fits.table.on(context)
    rows = live & part.present[:, -1]
    return Shape(confidences=fits.served(context)[rows], forced=part.forced[rows, -1])


def describe_pooling(found: Sequence[Sequence[Shrunk]], *, tasks: int, n: int) -> dict[str, Any]:
    """Return the pooling as JSON: `rows` is the weight of the other tasks at the first rung, in samples."""
    first = [thresholds[0] for thresholds in found if thresholds]
    return {"tasks": tasks, "n": n, "rows": round(first[0].borrowed, 1) if first else 0.0}
