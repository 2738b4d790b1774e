"""Partial pooling of one run: tasks with few samples wait until the others' confidences are collected."""

from __future__ import annotations

from dataclasses import dataclass, field

from calibration.fit.partial_pooling import ENOUGH, Context, Shape, pool_thresholds, shapes_of
from calibration.fit.task_fit import Started, finish_task
from calibration.targets.target import EscalationRate, list_aims
from cascade.policy.policy import TaskPolicy


@dataclass(slots=True)
class PooledFits:
    """Tasks that are pooled for one target: the large ones' confidences, and the small ones that wait for them."""

    shapes: list[dict[Context, Shape]] = field(default_factory=list)
    """Confidences of each task that keeps its own thresholds."""

    waiting: dict[str, Started] = field(default_factory=dict)
    """Tasks with few samples, by name."""

    def took(self, name: str, started: Started) -> bool:
        """Add a task; return whether it has to wait, since it has few samples for its rate."""
        if EscalationRate not in list_aims(started.target):
            return False
        if int(started.fits.table.present[:, 0].sum()) < ENOUGH:
            self.waiting[name] = started
            return True
        part = started.aimed.parts[0]
        self.shapes += shapes_of(started.fits, part.rungs, part.rates)
        return False

    def finished(self) -> dict[str, TaskPolicy]:
        """Return the policies of the waiting tasks."""
        found = pool_thresholds(self.shapes, {name: one.ways for name, one in self.waiting.items()})
        others = len(self.shapes) + len(self.waiting) - 1
        return {name: finish_task(one, shrunk=found[name], pooled_with=others) for name, one in self.waiting.items()}
