"""Drift totals: alarms of the first rung's confidences, counted from new rows of a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from cascade.report.values.drift import confidence_monitor, firsts
from cascade.stats.confidence_monitor import ConfidenceMonitor

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_GROUPS = 1_000_000
"""Most groups that are remembered; beyond it they are forgotten, and each may count once more."""


@dataclass(slots=True, kw_only=True)
class _Stream:
    """One policy's confidences at one share of requests."""

    monitor: ConfidenceMonitor
    seen: set[int] = field(default_factory=set)


class DriftTotals:
    """Detectors of one log; not thread-safe."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str, float], _Stream] = {}
        self._latest: dict[str, tuple[str, str, float]] = {}

    def count(self, connection: Connection, above: int, upto: int) -> None:
        """Count the decisions whose number is in (above, upto]."""
        from cascade.log.tables import decisions
        from cascade.report.queries.confidence_query import first_confidences
        from cascade.report.queries.query import promises

        known, number = promises(connection), decisions.c.sequence
        rows = first_confidences(
            connection,
            known,
            lambda query: query.where(number > above, number <= upto).order_by(decisions.c.task, number),
        )
        for key, own in groupby(rows, key=lambda row: row[:3]):
            task, sha256, _ = key
            if key not in self._streams:
                monitor = confidence_monitor(known[sha256, task])
                if monitor is None:
                    continue
                self._streams[key] = _Stream(monitor=monitor)
            stream = self._streams[key]
            if len(stream.seen) > MOST_GROUPS:
                stream.seen.clear()
            listed = [(group, confidence) for *_, group, confidence in own]
            kept = firsts([group for group, _ in listed], stream.seen)
            stream.monitor.watch([one for (_, one), first in zip(listed, kept, strict=True) if first])
            self._latest[task] = key

    def alarms(self) -> dict[str, bool]:
        """Return whether the confidences of each task's latest policy have an alarm."""
        return {task: self._streams[key].monitor.alarmed for task, key in self._latest.items()}
