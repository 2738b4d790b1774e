"""Part query: groups decisions by every tag, by principal and by quality, in one pass each."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, case, func

from cascade.log.tables import decisions, labels
from cascade.report.queries.scope import Scope, counted, streamed
from cascade.report.values.tally import Part, Tally

COLUMNS = ("principal", "quality")
"""Grouping columns besides tags."""

MOST_PARTS = 2_000
"""Maximum number of distinct values per task; a tag with more (an id) is useless for grouping."""

OTHERS = "(others)"
"""Key of all further values."""


def count_parts(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Count the parts of every task."""
    c = decisions.c
    keys = (c.task, c.tags, *(c[name] for name in COLUMNS))
    paid = c.saved_usd.is_not(None)
    query = scope.select(
        decisions, *keys, func.count(), counted(c.first_answered), counted(c.escalated), func.sum(c.cost_usd),
        func.coalesce(func.sum(case((paid, c.cost_usd))), 0.0), func.coalesce(func.sum(c.cost_usd + c.saved_usd), 0.0),
    )  # fmt: skip
    names = ("n", "first_answered", "escalated", "cost_usd", "told_cost_usd", "top_usd")
    for task, tags, principal, quality, *values in streamed(connection, query.group_by(*keys)):
        _add(found[task], tags, (principal, quality), Part(**dict(zip(names, values, strict=True))))
    if connection.execute(labels.select().limit(1)).first() is None:
        return
    given = scope.labelled().subquery()
    correct = given.c.correct
    labelled = (
        Scope()
        .select(decisions, *keys, func.count(), func.sum(correct), func.sum(correct * correct))
        .join(given, (given.c.decision_id == c.decision_id) & (given.c.rung == c.rung))
        .group_by(*keys)
    )
    for task, tags, principal, quality, n, total, squares in streamed(connection, labelled):
        _add(found[task], tags, (principal, quality), Part(labelled=n, correct=total, squares=squares))


def _add(tally: Tally, tags: str, columns: tuple[str | None, ...], part: Part) -> None:
    for key, value in _values(tags, columns):
        place = (key, value) if (key, value) in tally.parts or len(tally.parts) < MOST_PARTS else (key, OTHERS)
        tally.parts.setdefault(place, Part()).add(part)


def _values(tags: str, columns: tuple[str | None, ...]) -> Iterator[tuple[str, str]]:
    for key, value in zip(COLUMNS, columns, strict=True):
        if value is not None:
            yield key, value
    if tags != "{}":
        for key, tag in json.loads(tags).items():
            # A tag with a column's name gets the prefix of `--by tag:principal`.
            yield (f"tag:{key}" if key in COLUMNS else key), str(tag)
