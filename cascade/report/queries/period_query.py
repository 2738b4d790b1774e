"""Period query: cost, saving and escalations of every day or hour, aggregated by the database."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, case, func

from cascade.log.tables import decisions
from cascade.report.queries.scope import Scope, counted
from cascade.report.values.tally import Against, Period, Promise, Promises, Tally

FRUITLESS = ("failed", "deadline", "budget", "cancelled")
"""Outcomes that count as no saving."""


def count_periods(
    connection: Connection, scope: Scope, known: Promises, found: defaultdict[str, Tally], step_ms: int
) -> None:
    """Count the days or hours of every task, policy by policy."""
    c = decisions.c
    step = (c.at_ms // step_ms).label("step")
    priced, top = c.saved_usd.is_not(None), c.cost_usd + c.saved_usd
    values = (
        func.count(), counted(c.first_answered), counted(c.escalated), func.sum(c.cost_usd), func.sum(c.verifiers_usd),
        func.coalesce(func.sum(case((c.outcome.in_(FRUITLESS) & ~priced, c.cost_usd))), 0.0),
        func.sum(c.maybe_charged_usd),
        func.sum(func.coalesce(c.maybe_charged_estimate_usd, c.maybe_charged_usd)),
        func.count(c.saved_usd), func.sum(case((priced, c.cost_usd))), func.sum(top),
        func.sum(case((priced, c.cost_usd * c.cost_usd))), func.sum(top * top), func.sum(c.cost_usd * top),
        counted(priced & (c.saved_how == "fitted on samples")),
    )  # fmt: skip
    query = scope.select(decisions, c.task, step, c.policy_sha256, *values).group_by(c.task, step, c.policy_sha256)
    for task, number, sha256, *row in connection.execute(query):
        n, first, escalated, cost, verifiers, fruitless, maybe, expected, *sums, fitted = row
        error_usd = known.get((sha256, task), Promise()).error_usd
        names = ("n", "cost", "top", "cost_cost", "top_top", "cost_top")
        against = Against(**{name: value or 0 for name, value in zip(names, sums, strict=True)})
        against.noise = fitted * error_usd**2
        found[task].steps[number, sha256] = Period(
            n=n, first_answered=first, escalated=escalated, cost_usd=cost, verifiers_usd=verifiers,
            fruitless_usd=fruitless, maybe_charged_usd=maybe or 0.0,
            maybe_charged_estimate_usd=expected or 0.0, against=against,
        )  # fmt: skip
