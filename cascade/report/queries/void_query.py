"""Void query: how far observing has come where a policy is void and the reference serves in its place."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection

from cascade.engine.void_policy import VOID
from cascade.log.void_rows import void_rows
from cascade.report.values.tally import Promises, Tally


def count_void(connection: Connection, known: Promises, found: defaultdict[str, Tally]) -> None:
    """Read it for every task of which a safest policy served in the period; it is about the whole log."""
    for task, tally in found.items():
        for sha256 in tally.policies:
            promise = known.get((sha256, task))
            if sha256 is not None and promise is not None and VOID in promise.measured:
                about = promise.measured[VOID]
                tally.void += (void_rows(connection, task, sha256, about["policy_sha256"]),)
