"""WatchedStream: the rows of a log that watch one task's certificate, with labels, for the process that serves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, select

from cascade.log.tables import labels, watched

if TYPE_CHECKING:
    from cascade.log.log import Log


@dataclass(slots=True)
class WatchedStream:
    """One entry a row, in order of time; NaN where it is not known."""

    at_ms: list[float] = field(default_factory=list)
    """When it was served, Unix milliseconds."""
    same: list[float] = field(default_factory=list)
    """1 where the reference gave the same answer, else 0."""
    by_reference: list[float] = field(default_factory=list)
    """1 where the reference's own answer was served, else 0."""
    served: list[float] = field(default_factory=list)
    """The label of the served answer, the mean over sources."""
    reference: list[float] = field(default_factory=list)
    """That of the reference's answer."""


def watched_stream(log: Log, policy_sha256: str, task: str) -> WatchedStream:
    """Read the stream of one task under one policy.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    w, of_stream = watched.c, and_(watched.c.policy_sha256 == policy_sha256, watched.c.task == log.stored_name(task))
    rung = case((labels.c.rung == "", w.rung), else_=labels.c.rung).label("rung")
    given = (
        select(labels.c.decision_id, rung, func.avg(labels.c.correct).label("correct"))
        .join(watched, w.decision_id == labels.c.decision_id)
        .where(of_stream)
        .group_by(labels.c.decision_id, rung)
        .subquery()
    )
    ours, theirs = given.alias("ours"), given.alias("theirs")
    query = (
        select(w.at_ms, w.same, w.rung, w.reference, ours.c.correct, theirs.c.correct)
        .outerjoin(ours, and_(ours.c.decision_id == w.decision_id, ours.c.rung == w.rung))
        .outerjoin(theirs, and_(theirs.c.decision_id == w.decision_id, theirs.c.rung == w.reference))
        .where(of_stream)
        .order_by(w.at_ms, w.decision_id)
    )
    found = WatchedStream()
    with log.reading() as connection:
        for at_ms, same, by, top, served, said in connection.execute(query):
            found.at_ms.append(float(at_ms))
            found.by_reference.append(float(by == top))
            for column, value in ((found.same, same), (found.served, served), (found.reference, said)):
                column.append(math.nan if value is None else float(value))
    return found
