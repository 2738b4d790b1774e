"""The tasks of one run while they are fitted to a rate: those with samples enough lend, the others wait for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from calibration.fit.partial_pooling import ENOUGH, Context, Shape, pool_thresholds, shapes_of
from calibration.fit.task_fit import Started, finish_task
from calibration.targets.target import EscalationRate, list_aims
from cascade.policy.policy import TaskPolicy


@dataclass(slots=True)
class PooledFits:
    """Who lends, and who waits, for one target."""

    shapes: list[dict[Context, Shape]] = field(default_factory=list)
    """Of each task whose thresholds are its own."""

    waiting: dict[str, Started] = field(default_factory=dict)
    """Tasks with few samples, by name."""

    def took(self, name: str, started: Started) -> bool:
        """Take a task's confidences; return whether it has to wait, since it has few samples for its rate."""
        if EscalationRate not in list_aims(started.target):
            return False
        if int(started.fits.table.present[:, 0].sum()) < ENOUGH:
            self.waiting[name] = started
            return True
        part = started.aimed.parts[0]
        self.shapes += shapes_of(started.fits, part.rungs, part.rates)
        return False

    def finished(self) -> dict[str, TaskPolicy]:
        """Return the policies of those that waited."""
        found = pool_thresholds(self.shapes, {name: one.ways for name, one in self.waiting.items()})
        others = len(self.shapes) + len(self.waiting) - 1
        return {name: finish_task(one, lent=found[name], lenders=others) for name, one in self.waiting.items()}
