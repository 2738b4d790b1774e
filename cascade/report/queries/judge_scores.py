"""Judge scores: reads the label, if any, and one verifier's score of every returned answer from the log."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from sqlalchemy import Connection, case

from cascade.log.tables import decisions, verdicts
from cascade.report.queries.scope import Scope
from cascade.report.values.tally import ProxyTally, Tally

CHUNK = 20_000
"""Batch size in rows."""

CONFIDENCE = "confidence"
"""Proxy without a paid verifier: the policy's confidence in the answer."""

LEAST = 10
"""Minimum number of labels of a rung's answers for an estimate."""


def collect_proxies(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Collect the label, if any, and the score of one verifier for every returned answer.

    The verifier is chosen without looking at labels: the dearest, else the confidence.
    """
    given = scope.labelled().subquery()
    d, v = decisions.c, verdicts.c
    for task, tally in found.items():
        for rung in [name for name in tally.answered_by if name is not None]:
            if sum(one.n for (whose, by, _), one in tally.labels.items() if whose == by == rung) < LEAST:
                continue
            name = _dearest(tally, rung)
            score = d.confidence if name is None else case((v.veto, 0.0), else_=v.score)
            query = scope.select(decisions, score, given.c.correct)
            if name is not None:
                asked = (v.decision_id == d.decision_id) & (v.rung == d.rung) & (v.verifier == name)
                query = query.join(verdicts, asked, isouter=True)
            known = (given.c.decision_id == d.decision_id) & (given.c.rung == d.rung)
            query = query.join(given, known, isouter=True).where(d.task == task, d.rung == rung)
            own = tally.proxies.setdefault((rung, name or CONFIDENCE), ProxyTally())
            for value, correct in connection.execution_options(yield_per=CHUNK).execute(query):
                own.scores.append(np.nan if value is None else value)
                own.correct.append(np.nan if correct is None else correct)


def _dearest(tally: Tally, rung: str) -> str | None:
    """Return the verifier with the highest cost on a rung and most scores; None if none was paid."""
    paid = [
        (one.cost_usd, one.calls, name)
        for (whose, name), one in tally.verifiers.items()
        if whose == rung and (one.calls or one.cost_usd) and one.scored + one.vetoed > one.n / 2
    ]
    return max(paid)[2] if paid else None
