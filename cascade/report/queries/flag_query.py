"""Flag query: counts the flags of decisions, what was not verified among them."""

from __future__ import annotations

import json
from collections import defaultdict

from sqlalchemy import Connection, func

from cascade.log.tables import decisions
from cascade.report.queries.scope import Scope, streamed
from cascade.report.values.tally import Tally


def count_flags(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Count the decisions of every task that carry each flag; one that has a flag twice counts once."""
    c = decisions.c
    query = scope.select(decisions, c.task, c.flags, func.count()).where(c.flags != "[]")
    for task, text, n in streamed(connection, query.group_by(c.task, c.flags)):
        flags = json.loads(text)
        for flag in set(flags) if isinstance(flags, list) else ():  # a list that was too long for its column is none
            found[task].flags[str(flag)] += n
