"""Watch query: the stream that watches certificates, with the labels of the served answer and of the reference's."""

from __future__ import annotations

import math
from collections import defaultdict

from sqlalchemy import Connection, and_, select

from cascade.log.tables import decisions, watched
from cascade.report.queries.confidence_query import group_number
from cascade.report.queries.scope import Scope, streamed
from cascade.report.values.tally import Tally, WatchTally
from cascade.stats.watched_certificate import Watch, watch_of


def count_watched(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Collect the stream of every task and policy."""
    if connection.execute(select(watched.c.decision_id).limit(1)).first() is None:
        return
    w, d = watched.c, decisions.c
    labelled = scope.labelled().subquery()
    served, reference = labelled.alias("served"), labelled.alias("said")
    query = (
        scope.select(decisions, w.task, w.policy_sha256, w.at_ms, w.rung, w.reference, w.same, decisions.c.group,
                     served.c.correct, reference.c.correct)
        .join(watched, w.decision_id == d.decision_id)
        .outerjoin(served, and_(served.c.decision_id == w.decision_id, served.c.rung == w.rung))
        .outerjoin(reference, and_(reference.c.decision_id == w.decision_id, reference.c.rung == w.reference))
        .order_by(w.at_ms, w.decision_id)
    )  # fmt: skip
    for task, sha256, at_ms, rung, top, same, group, ours, theirs in streamed(connection, query):
        stream = found[task].watched.setdefault(sha256, WatchTally())
        stream.at_ms.append(float(at_ms))
        stream.same.append(math.nan if same is None else float(same))
        stream.group.append(group_number(group))
        stream.by_reference.append(float(rung == top))
        stream.served.append(math.nan if ours is None else float(ours))
        stream.reference.append(math.nan if theirs is None else float(theirs))


def watches(connection: Connection) -> dict[str, Watch]:
    """Return what watching shows about the certificate of each task's latest watched policy."""
    from cascade.report.queries.query import promises

    found: defaultdict[str, Tally] = defaultdict(Tally)
    count_watched(connection, Scope(), found)
    known = promises(connection) if found else {}
    latest = {task: max(tally.watched.items(), key=lambda item: max(item[1].at_ms)) for task, tally in found.items()}
    seen = {
        task: watch_of(stream, known[sha256, task].certificate, known[sha256, task].tasks)
        for task, (sha256, stream) in latest.items()
        if (sha256, task) in known
    }
    return {task: watch for task, watch in seen.items() if watch is not None}
