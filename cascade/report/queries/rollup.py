"""Rollup: incremental aggregates of a log by day, and by hour for the last two days.

Only days or hours with new decisions or labels are counted again, the newest first. Tallies are additive: a period of
whole days, or of the last hours, is a sum.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cascade.log import Log
from cascade.report.queries.source import STEP_MS, filled, iso
from cascade.report.values.content import ByTime, Report
from cascade.report.values.tally import Period, Promises, Tally

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

HOUR_MS, DAY_MS = STEP_MS["hour"], STEP_MS["day"]

HOURLY_DAYS = 2
"""Number of latest days with hourly tallies."""

OVERLAP = 2_000
"""Decisions before the newest to read again: PostgreSQL may commit a lower id after a higher one."""

Span = tuple[int, int]
"""Half-open interval in Unix milliseconds."""


class Rollup:
    """Tallies of one log; not thread-safe."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._parts: dict[tuple[str, Span], Tally] = {}
        self._wanted: dict[tuple[str, Span], None] = {}
        self._known: Promises = {}
        self._mark = 0
        self._overlap = 0
        self._decisions = 0
        self._labels = (0, 0)
        self._newest_day = 0
        self.version = 0
        """Version: increases whenever a figure may have changed."""

    @property
    def tasks(self) -> list[str]:
        """The tasks in the log."""
        return sorted({task for task, _ in (*self._parts, *self._wanted)})

    @property
    def counted_from_ms(self) -> int | None:
        """Start of the complete counts; None if everything is counted."""
        ends = [span[1] for _, span in self._wanted]
        return max(ends) if ends else None

    def refresh(self, budget_s: float = 1.0) -> bool:
        """Count new rows, then older days, within a time budget; return whether all is counted.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        until = time.monotonic() + budget_s
        with self._log.reading() as connection:
            self._notice(connection)
            for task, span in sorted(self._wanted, key=lambda key: -key[1][1]):
                self._count(connection, task, span)
                if time.monotonic() >= until:
                    break
        return not self._wanted

    def report(
        self, *, since_ms: int | None = None, task: str | None = None, by_time: ByTime = "day", level: float = 0.9
    ) -> Report:
        """Build a report from the counted tallies.

        Args:
            since_ms: start, rounded down to the hour, or to the day if older.
            task: only this task.
            by_time: step width of the series; hours only within the last two days.
            level: confidence level of every interval.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        from cascade.report.queries import query
        from cascade.report.queries.scope import Scope

        found: dict[str, Tally] = {}
        for (name, span), tally in sorted(self._parts.items(), key=lambda item: item[0][1]):
            if (task is None or name == task) and (since_ms is None or span[1] > since_ms):
                mine = found.setdefault(name, Tally())
                mine.add(tally)
        if by_time == "day":
            for tally in found.values():
                tally.steps = _by_day(tally)
        with self._log.reading() as connection:
            lost = max(query.lost(connection, Scope(since_ms=since_ms, task=task)), self._log.lost)
        since = None if since_ms is None else iso(since_ms)
        about = Report(source=self._log.name, since=since, level=level, by_time=by_time, lost=lost)
        return filled(about, dict(sorted(found.items())), self._known)

    def _notice(self, connection: Connection) -> None:
        """Find the days and hours to count: all at first, then the changed ones."""
        from sqlalchemy import func, select

        from cascade.log.tables import decisions, labels
        from cascade.report.queries import query

        d = decisions.c
        known = query.promises(connection)
        n, mark = connection.execute(select(func.count(), func.coalesce(func.max(d.sequence), 0))).one()
        hours = _hours(connection, d.sequence > self._mark)
        came = sum(hours.values())
        late = self._window(connection) - self._overlap
        if late < 0 or n != self._decisions + came + late:
            # Decisions were deleted (a purge); the log does not show which.
            self.forget()
            hours, late = _hours(connection, d.sequence > self._mark), 0
        if late:
            hours += _hours(connection, d.sequence.between(self._mark - OVERLAP, self._mark))
        given = connection.execute(select(func.count(), func.coalesce(func.max(labels.c.at_ms), 0))).one()
        if self._mark and tuple(given) != self._labels:
            # One minute of overlap: clocks of several machines differ.
            hours += _hours(connection, labels.c.at_ms >= self._labels[1] - 60_000, labelled=True)
        if hours or known != self._known:
            self.version += 1
        self._want(hours)
        self._known, self._decisions, self._mark, self._labels = known, int(n), int(mark), (given[0], given[1])
        self._overlap = self._window(connection)

    def _window(self, connection: Connection) -> int:
        """Count the decisions in the overlap before the newest known id."""
        from sqlalchemy import func, select

        from cascade.log.tables import decisions

        number = decisions.c.sequence
        window = select(func.count()).where(number > self._mark - OVERLAP, number <= self._mark)
        return int(connection.execute(window).scalar_one())

    def forget(self) -> None:
        """Reset all tallies, so that everything is counted again."""
        self._parts.clear()
        self._wanted.clear()
        self._mark = self._overlap = self._decisions = 0
        self._labels = (0, 0)

    def _want(self, hours: Counter[tuple[str, int]]) -> None:
        newest = max((hour * HOUR_MS // DAY_MS for _, hour in hours), default=self._newest_day)
        if newest > self._newest_day:
            self._newest_day = newest
            self._fold()
        for task, hour in hours:
            self._wanted[task, self._span(hour * HOUR_MS)] = None

    def _span(self, at_ms: int) -> Span:
        width = HOUR_MS if at_ms // DAY_MS > self._newest_day - HOURLY_DAYS else DAY_MS
        return at_ms // width * width, (at_ms // width + 1) * width

    def _fold(self) -> None:
        """Merge the hours of older days into days."""
        for task, span in [key for key in self._parts if key[1][1] - key[1][0] == HOUR_MS]:
            whole = self._span(span[0])
            if whole != span:
                tally = self._parts.pop((task, span))
                tally.steps = _by_day(tally)
                self._parts.setdefault((task, whole), Tally()).add(tally)
        for task, span in list(self._wanted):
            del self._wanted[task, span]
            self._wanted[task, self._span(span[0])] = None

    def _count(self, connection: Connection, task: str, span: Span) -> None:
        from cascade.report.queries import query
        from cascade.report.queries.scope import Scope

        scope = Scope(since_ms=span[0], until_ms=span[1], task=task)
        counted = query.tallies(connection, scope, self._known, step_ms=span[1] - span[0])
        self._parts[task, span] = counted.get(task, Tally())
        del self._wanted[task, span]
        self.version += 1


def _hours(connection: Connection, wanted: ColumnElement[bool], *, labelled: bool = False) -> Counter[tuple[str, int]]:
    """Count decisions by task and hour."""
    from sqlalchemy import func, select

    from cascade.log.tables import decisions, labels

    d = decisions.c
    hour = (d.at_ms // HOUR_MS).label("hour")
    query = select(d.task, hour, func.count()).where(wanted).group_by(d.task, hour)
    if labelled:
        query = query.join(labels, labels.c.decision_id == d.decision_id)
    return Counter({(task, int(number)): count for task, number, count in connection.execute(query)})


def _by_day(tally: Tally) -> dict[tuple[int, str | None], Period]:
    """Return the steps of a tally by day; hour numbers are larger than any day number."""
    found: dict[tuple[int, str | None], Period] = {}
    for (number, sha256), period in _steps(tally):
        found.setdefault((number, sha256), Period()).add(period)
    return found


def _steps(tally: Tally) -> Iterator[tuple[tuple[int, str | None], Period]]:
    for (number, sha256), period in tally.steps.items():
        yield ((number * HOUR_MS // DAY_MS if number > FIRST_HOUR else number), sha256), period


FIRST_HOUR = 100_000
"""Hours since 1970 exceed it from 1981 on, days only from 2243 on."""
