"""Case query: picks informative requests: nearest to the threshold, dearest, wrong but accepted."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, null, select

from cascade.exchange import text_of
from cascade.log.tables import attempts, decisions
from cascade.report.queries.scope import Scope
from cascade.report.values.case import COSTLY, MOST_CASES, NEAR, WRONG, Case
from cascade.report.values.tally import Best, Tally

MOST_TASKS = 20
"""Number of tasks with cases, the largest."""

TEXT_LIMIT = 2_000
"""Maximum characters of a shown text."""

_first = attempts.alias("first")


def pick_cases(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Pick the cases of the largest tasks."""
    d, first = decisions.c, _first.c
    for task in sorted(found, key=lambda name: -found[name].n)[:MOST_TASKS]:
        # Choose the few first, from a minimum of columns, then read them.
        away = func.abs(first.confidence - first.t)
        near = select(first.decision_id, away.label("key"), null()).where(
            first.position == 0, first.t.is_not(None), first.confidence.is_not(None),
            first.reason.in_(("confidence", "tie")),
        )  # fmt: skip
        if scope.since_ms is not None or scope.until_ms is not None:
            # Filter by the decision's task, whose index includes times: only the period's rows are read.
            timed = near.select_from(decisions.join(_first, d.decision_id == first.decision_id)).where(d.task == task)
            near = scope.limited(timed)
        else:
            near = near.where(first.task == task)
        _keep(connection, found[task], NEAR, near)
        if found[task].cost_usd > 0:
            costly = select(d.decision_id, (-d.cost_usd).label("key"), null()).where(d.task == task)
            _keep(connection, found[task], COSTLY, scope.limited(costly))
        if found[task].labels:
            given = scope.labelled().subquery()
            sure = -func.coalesce(d.confidence, 0.0)
            wrong = select(d.decision_id, sure.label("key"), given.c.correct).select_from(
                given.join(decisions, (given.c.decision_id == d.decision_id) & (given.c.rung == d.rung))
            )
            wrong = wrong.where(d.task == task, given.c.correct < 0.5, d.outcome == "accepted", d.attempts == 1)
            _keep(connection, found[task], WRONG, wrong)


def _keep(connection: Connection, tally: Tally, kind: str, query: Select[Any]) -> None:
    chosen = connection.execute(query.order_by("key", query.selected_columns[0]).limit(MOST_CASES)).all()
    best = Best(cases=[(float(key), _case(connection, identity, correct)) for identity, key, correct in chosen])
    if best.cases:
        tally.cases[kind] = best


def _case(connection: Connection, identity: str, correct: float | None) -> Case:
    d, first = decisions.c, _first.c
    source = decisions.outerjoin(_first, (first.decision_id == d.decision_id) & (first.position == 0))
    columns = (d.at_ms, d.outcome, d.rung, first.confidence, first.t, d.cost_usd, d.request_text)
    query = select(*columns).select_from(source).where(d.decision_id == identity)
    at_ms, outcome, rung, confidence, t, cost_usd, request = connection.execute(query).one()
    return Case(
        decision_id=identity, at=datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat(timespec="seconds"),
        outcome=outcome, rung=rung, confidence=confidence, threshold=t, cost_usd=cost_usd, correct=correct,
        request=_prompt(request), answer=_cut(_returned(connection, identity, rung)),
    )  # fmt: skip


def _returned(connection: Connection, identity: str, rung: str | None) -> str | None:
    a = attempts.c
    query = select(a.answer_text).where(a.decision_id == identity, a.rung == rung, a.failure.is_(None)).limit(1)
    return connection.execute(query).scalar()


def _prompt(stored: str | None) -> str | None:
    """Return the last message of a stored request; a redacted one may not be valid JSON."""
    if stored is None:
        return None
    try:
        messages = json.loads(stored)
        text = text_of(messages[-1].get("content"))
    except (ValueError, AttributeError, IndexError, TypeError, KeyError):
        text = stored
    return _cut(text or stored)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + " …"
