"""Segments: cost, rate and quality by the value of a tag, or by principal, session, group, quality, model or rung."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func

from cascade.log.tables import decisions, labels
from cascade.report.queries.scope import Scope, counted, streamed
from cascade.report.values.figure import share
from cascade.report.values.parts import Segment
from cascade.report.values.tally import Part

COLUMNS = ("principal", "session", "group", "quality", "model", "rung", "outcome", "task")
"""Grouping columns other than tags."""

TAG = "tag:"
"""Prefix of a tag that has a column's name."""

MOST_SEGMENTS = 1_000
"""Maximum number of segments, the dearest."""

_MOST_VALUES = 100_000
"""Maximum number of distinct values; further ones are counted together."""

OTHERS = "(others)"
"""Key of all further values."""


def segments(connection: Connection, scope: Scope, by: str, level: float) -> tuple[tuple[Segment, ...], int]:
    """Group the decisions in scope by `by`; return the dearest segments, and the number left out.

    Args:
        connection: the log.
        scope: which decisions.
        by: one of `COLUMNS`, else a tag; `tag:name` is always a tag.
        level: confidence level of the intervals.
    """
    parts: dict[str | None, Part] = {}
    for value, part in _counted(connection, scope, by):
        key = value if value in parts or len(parts) < _MOST_VALUES else OTHERS
        parts.setdefault(key, Part()).add(part)
    dearest = sorted(parts.items(), key=lambda item: (-item[1].cost_usd, -item[1].n, str(item[0])))
    found = tuple(
        Segment(
            value=value,
            n=part.n,
            escalation_rate=share(part.escalated, part.first_answered, level),
            cost_usd=part.cost_usd,
            cost_usd_per_request=part.cost_usd / part.n,
            cost_vs_top=part.told_cost_usd / part.top_usd if part.top_usd > 0 else None,
            accuracy=share(part.correct, part.labelled, level, squares=part.squares),
        )
        for value, part in dearest[:MOST_SEGMENTS]
    )
    return found, len(dearest) - len(found)


def _counted(connection: Connection, scope: Scope, by: str) -> Iterator[tuple[str | None, Part]]:
    c = decisions.c
    column: ColumnElement[Any] = c[by] if by in COLUMNS else c.tags
    paid = c.saved_usd.is_not(None)
    query = scope.select(
        decisions, column, func.count(), counted(c.first_answered), counted(c.escalated), func.sum(c.cost_usd),
        func.coalesce(func.sum(case((paid, c.cost_usd))), 0.0), func.coalesce(func.sum(c.cost_usd + c.saved_usd), 0.0),
    )  # fmt: skip
    names = ("n", "first_answered", "escalated", "cost_usd", "told_cost_usd", "top_usd")
    for value, *values in streamed(connection, query.group_by(column)):
        yield _value(value, by), Part(**dict(zip(names, values, strict=True)))
    if connection.execute(labels.select().limit(1)).first() is None:
        return
    given = scope.labelled().subquery()
    correct = given.c.correct
    labelled = (
        Scope()
        .select(decisions, column, func.count(), func.sum(correct), func.sum(correct * correct))
        .join(given, (given.c.decision_id == c.decision_id) & (given.c.rung == c.rung))
        .group_by(column)
    )
    for value, n, total, squares in streamed(connection, labelled):
        yield _value(value, by), Part(labelled=n, correct=total, squares=squares)


def _value(stored: str | None, by: str) -> str | None:
    if by in COLUMNS or stored is None:
        return stored
    found = json.loads(stored).get(by.removeprefix(TAG))
    return None if found is None else str(found)
