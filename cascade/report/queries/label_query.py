"""Label query: reads labels with confidences, for reliability, sweep and frontier."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, func, or_, select

from cascade.log.tables import attempts, decisions, labels
from cascade.report.queries.scope import Scope, streamed
from cascade.report.values.tally import Joint, Judged, Tally, Threshold

DAY_MS = 86_400_000


def count_joint_labels(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Collect the joint labels of rungs on the same request, with their confidences."""
    given = scope.labelled().subquery()
    d, a = decisions.c, attempts.c
    forced = or_(a.reason.like("veto%"), a.reason.like("required%"))
    query = (
        select(d.task, given.c.decision_id, d.rung, given.c.rung, given.c.correct, a.confidence, a.position, forced)
        .select_from(
            given.join(decisions, d.decision_id == given.c.decision_id).outerjoin(
                attempts,
                (a.decision_id == given.c.decision_id) & (a.rung == given.c.rung) & a.failure.is_(None),
            )
        )
        .where(given.c.rung.is_not(None))
        .order_by(given.c.decision_id, given.c.rung)
    )
    for (task, _, by), rows in groupby(streamed(connection, query), key=lambda row: (row[0], row[1], row[2])):
        _take(found[task], by, list(rows))
    _count_labels(connection, scope, found)


def find_thresholds(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Find the latest threshold of every task's first rung."""
    a, d = attempts.c, decisions.c
    for task, tally in found.items():
        query = (
            select(d.at_ms, a.t)
            .select_from(decisions.join(attempts, a.decision_id == d.decision_id))
            .where(d.task == task, a.position == 0, a.t.is_not(None))
            .order_by(d.at_ms.desc())
            .limit(1)
        )
        row = connection.execute(scope.limited(query)).first()
        if row is not None:
            tally.threshold = Threshold(at_ms=row[0], t=row[1])


def _take(tally: Tally, by: str | None, rows: list[Any]) -> None:
    """Add the labels of one request."""
    first = None
    for _, _, _, rung, correct, confidence, position, forced in rows:
        if position == 0:
            first = -1.0 if forced else confidence
        if confidence is not None and not forced:
            judged = tally.judged.setdefault((rung, by), Judged())
            judged.confidence.append(confidence)
            judged.correct.append(correct)
    if len(rows) > 1 and first is not None:
        joint = tally.joint.setdefault((by, tuple(row[3] for row in rows)), Joint())
        joint.confidence.append(first)
        joint.correct.extend(row[4] for row in rows)


def _count_labels(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    d, given = decisions.c, labels.c
    day = (given.at_ms // DAY_MS).label("day")
    query = scope.select(decisions, d.task, day, func.count()).join(labels, given.decision_id == d.decision_id)
    for task, number, n in connection.execute(query.group_by(d.task, day)):
        found[task].label_days[number] += n
