"""Drift totals: alarms of the first rung's confidences and answers' lengths, counted from new rows of a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from cascade.report.values.drift import firsts, rank_monitors
from cascade.stats.rank_monitor import RankMonitor

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_GROUPS = 1_000_000
"""Most groups that are remembered; beyond it they are forgotten, and each may count once more."""


@dataclass(slots=True, kw_only=True)
class _Stream:
    """One policy's confidences and lengths at one share of requests."""

    confidences: RankMonitor
    lengths: RankMonitor | None
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
                confidences, lengths = rank_monitors(known[sha256, task])
                if confidences is None:
                    continue
                self._streams[key] = _Stream(confidences=confidences, lengths=lengths)
            stream = self._streams[key]
            if len(stream.seen) > MOST_GROUPS:
                stream.seen.clear()
            listed = [row[-3:] for row in own]
            kept = list(firsts([group for group, *_ in listed], stream.seen))
            stream.confidences.watch([one for (_, one, _), first in zip(listed, kept, strict=True) if first])
            if stream.lengths is not None:
                stream.lengths.watch([one for (*_, one), first in zip(listed, kept, strict=True) if first])
            self._latest[task] = key

    def alarms(self) -> dict[str, bool]:
        """Return whether the confidences or lengths of each task's latest policy have an alarm."""
        found = {task: self._streams[key] for task, key in self._latest.items()}
        return {
            task: one.confidences.alarmed or (one.lengths is not None and one.lengths.alarmed)
            for task, one in found.items()
        }
