"""Confidence query: the first rung's confidences, by policy and by the share of requests that it decided."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, Select, and_, or_, select

from cascade.log.tables import attempts, decisions
from cascade.report.queries.scope import Scope, streamed
from cascade.report.values.tally import ConfidenceTally, Promises, Tally

d, a = decisions.c, attempts.c


def first_confidences(promises: Promises) -> Select[tuple[str, str, float | None, int, str | None, float]] | None:
    """Select the confidences that the promises can be compared with; None where they can with none.

    Task, policy, propensity, time, group and confidence of each. Requests for another quality are left out, since
    theirs may be another combiner's.
    """
    kept = [(sha256, task, one.confidences.get("rung")) for (sha256, task), one in promises.items() if one.confidences]
    if not kept:
        return None
    whose = [and_(d.policy_sha256 == sha256, d.task == task, a.rung == rung) for sha256, task, rung in kept]
    return (
        select(d.task, d.policy_sha256, d.propensity, d.at_ms, d.group, a.confidence)
        .join(attempts, and_(a.decision_id == d.decision_id, a.position == 0))
        .where(or_(*whose), d.quality.is_(None), a.failure.is_(None), a.confidence.is_not(None))
        .where(or_(d.mode.is_(None), d.mode == "enforce"))
    )


def collect_confidences(connection: Connection, scope: Scope, known: Promises, found: defaultdict[str, Tally]) -> None:
    """Collect the first rung's confidences of every task and policy."""
    query = first_confidences(known)
    if query is None:
        return
    if scope.task is not None:
        query = query.where(d.task == scope.task)
    query = scope.limited(query).order_by(d.sequence)
    for task, sha256, share, at_ms, group, confidence in streamed(connection, query):
        tally = found[task].confidences.setdefault((sha256, 1.0 if share is None else share), ConfidenceTally())
        tally.at_ms.append(at_ms)
        tally.confidence.append(confidence)
        tally.group.append(group_number(group))


def group_number(group: str | None) -> int:
    """Return a number that tells groups apart in this process; 0 without one."""
    return 0 if group is None else hash(group) or 1
