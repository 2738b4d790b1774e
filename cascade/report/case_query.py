"""Cases: the requests of a log that teach most: nearest to the threshold, dearest, wrong though accepted."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from cascade.exchange import text_of
from cascade.log.tables import attempts, decisions
from cascade.report.case import COSTLY, MOST_CASES, NEAR, WRONG, Case
from cascade.report.scope import Scope
from cascade.report.tally import Best, Tally

MOST_TASKS = 20
"""Tasks whose cases are looked for, the largest."""

TEXT_LIMIT = 2_000
"""Characters of a text that are shown."""

_first = attempts.alias("first")


def pick_cases(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Pick the cases of the largest tasks."""
    for task in sorted(found, key=lambda name: -found[name].n)[:MOST_TASKS]:
        d, a = decisions.c, _first.c
        mine = scope.limited(_cases().where(d.task == task))
        away = func.abs(a.confidence - a.t)
        near = mine.where(a.t.is_not(None), a.confidence.is_not(None), a.reason.in_(("confidence", "tie")))
        _keep(connection, found[task], NEAR, near, away, away)
        if found[task].cost_usd > 0:
            _keep(connection, found[task], COSTLY, mine, -d.cost_usd, -d.cost_usd)
        if found[task].labels:
            given = scope.labelled().subquery()
            wrong = mine.add_columns(given.c.correct).join(
                given, (given.c.decision_id == d.decision_id) & (given.c.rung == d.rung)
            )
            wrong = wrong.where(given.c.correct < 0.5, d.outcome == "accepted", d.attempts == 1)
            _keep(
                connection,
                found[task],
                WRONG,
                wrong,
                -func.coalesce(d.confidence, 0.0),
                -func.coalesce(d.confidence, 0.0),
            )


def _cases() -> Select[Any]:
    d, first = decisions.c, _first.c
    source = decisions.outerjoin(_first, (first.decision_id == d.decision_id) & (first.position == 0))
    return select(
        d.decision_id, d.at_ms, d.outcome, d.rung, first.confidence, first.t, d.cost_usd, d.request_text,
    ).select_from(source)  # fmt: skip


def _keep(
    connection: Connection,
    tally: Tally,
    kind: str,
    query: Select[Any],
    key: ColumnElement[Any],
    order: ColumnElement[Any],
) -> None:
    best = Best()
    for number, row in enumerate(
        connection.execute(
            query.add_columns(key.label("key")).order_by(order, decisions.c.decision_id).limit(MOST_CASES)
        )
    ):
        identity, at_ms, outcome, rung, confidence, t, cost_usd, request = row[:8]
        answer = _returned(connection, identity, rung)
        case = Case(
            decision_id=identity, at=datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat(timespec="seconds"),
            outcome=outcome, rung=rung, confidence=confidence, threshold=t, cost_usd=cost_usd,
            correct=row[8] if kind == WRONG else None, request=_prompt(request), answer=_cut(answer),
        )  # fmt: skip
        best.cases.append((float(row[-1]) if row[-1] is not None else float(number), case))
    if best.cases:
        tally.cases[kind] = best


def _returned(connection: Connection, identity: str, rung: str | None) -> str | None:
    a = attempts.c
    query = select(a.answer_text).where(a.decision_id == identity, a.rung == rung, a.failure.is_(None)).limit(1)
    return connection.execute(query).scalar()


def _prompt(stored: str | None) -> str | None:
    """Return the last message of a stored request; a redacted one need not be JSON any more."""
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
