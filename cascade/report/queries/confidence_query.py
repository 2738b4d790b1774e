"""Confidence query: the first rung's confidences and lengths, by policy and the share of requests that it decided."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, and_, or_, select

from cascade.log.tables import attempts, decisions
from cascade.policy.features import LENGTH
from cascade.report.queries.scope import Scope, streamed
from cascade.report.values.tally import ConfidenceTally, Promises, Tally

d, a = decisions.c, attempts.c

MOST_NAMED = 500
"""Most policies that the query names; of more, all are read."""

Rows: TypeAlias = Select[Any]


def first_confidences(
    connection: Connection, promises: Promises, limited: Callable[[Rows], Rows]
) -> Iterator[tuple[str, str, float, int, int, float, float]]:
    """Yield what the promises can be compared with: task, policy, share, time, group, confidence and length.

    Requests for another quality are left out, since theirs may be another combiner's.

    Args:
        connection: the log.
        promises: of the policies in the log; those that keep no confidences are left out.
        limited: limits and orders the query.
    """
    rungs = {key: one.confidences.get("rung") for key, one in promises.items() if one.confidences}
    if not rungs:
        return
    query = (
        select(
            d.task, d.policy_sha256, d.propensity, d.at_ms, d.group, a.confidence, a.rung, a.answer_chars, a.features
        )
        .join(attempts, and_(a.decision_id == d.decision_id, a.position == 0))
        .where(d.policy_sha256.is_not(None), d.quality.is_(None), a.failure.is_(None), a.confidence.is_not(None))
        .where(or_(d.mode.is_(None), d.mode == "enforce"))
    )
    policies = {sha256 for sha256, _ in rungs}
    if len(policies) <= MOST_NAMED:
        query = query.where(d.policy_sha256.in_(policies))
    for task, sha256, share, at_ms, group, confidence, rung, chars, further in streamed(connection, limited(query)):
        if rungs.get((sha256, task)) == rung:
            length = _length(chars, further)
            yield task, sha256, 1.0 if share is None else share, at_ms, group_number(group), confidence, length


def collect_confidences(connection: Connection, scope: Scope, known: Promises, found: defaultdict[str, Tally]) -> None:
    """Collect the first rung's confidences of every task and policy."""

    def limited(query: Rows) -> Rows:
        query = query if scope.task is None else query.where(d.task == scope.task)
        return scope.limited(query).order_by(d.sequence)

    for task, sha256, share, at_ms, group, confidence, length in first_confidences(connection, known, limited):
        tally = found[task].confidences.setdefault((sha256, share), ConfidenceTally())
        tally.at_ms.append(at_ms)
        tally.confidence.append(confidence)
        tally.length.append(length)
        tally.group.append(group)


def _length(chars: int, further: str | None) -> float:
    """Return the feature: of the text, unless the attempt's features tell another (arguments of tools count too)."""
    told = json.loads(further).get(LENGTH) if further is not None and f'"{LENGTH}"' in further else None
    return math.log1p(chars) if told is None else float(told)


def group_number(group: str | None) -> int:
    """Return a number that tells groups apart in this process; 0 without one."""
    return 0 if group is None else hash(group) or 1
