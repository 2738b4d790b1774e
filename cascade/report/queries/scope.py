"""Scope: the filter of a report on decisions, as SQL shared by all its queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Integer, Select, Table, case, cast, func, select

from cascade.log.tables import decisions, labels

CHUNK = 20_000
"""Batch size in rows where rows are read one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A period and a task; both optional."""

    since_ms: int | None = None
    """Start, inclusive, in Unix milliseconds."""

    until_ms: int | None = None
    """End, exclusive, in Unix milliseconds."""

    task: str | None = None
    """Only this task."""

    def select(self, table: Table, *columns: Any) -> Select[Any]:
        """Select the rows of decisions, attempts or verdicts in scope.

        Attempts and verdicts have a task but no time: they are joined with decisions only if the
        period is limited, so that a report over everything reads each table once, in its own order.
        """
        timed = self.since_ms is not None or self.until_ms is not None
        source: FromClause = table
        if table is not decisions and timed:
            source = decisions.join(table, decisions.c.decision_id == table.c.decision_id)
        query = select(*columns).select_from(source)
        if self.task is not None:
            query = query.where((decisions if timed else table).c.task == self.task)
        return self.limited(query)

    def limited(self, query: Select[Any]) -> Select[Any]:
        """Limit a query that reads decisions to the period."""
        if self.since_ms is not None:
            query = query.where(decisions.c.at_ms >= self.since_ms)
        if self.until_ms is not None:
            query = query.where(decisions.c.at_ms < self.until_ms)
        return query

    def labelled(self) -> Select[Any]:
        """Select each labelled answer in scope: decision_id, rung, correct (the mean over sources)."""
        rung = case((labels.c.rung == "", decisions.c.rung), else_=labels.c.rung).label("rung")
        query = self.select(decisions, labels.c.decision_id, rung, func.avg(labels.c.correct).label("correct"))
        return query.join(labels, labels.c.decision_id == decisions.c.decision_id).group_by(labels.c.decision_id, rung)


def counted(condition: Any) -> ColumnElement[int]:
    """Count the rows in which a boolean column is true."""
    return func.coalesce(func.sum(cast(condition, Integer)), 0)


def streamed(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """Stream rows without loading all of them."""
    yield from connection.execution_options(yield_per=CHUNK).execute(query)
