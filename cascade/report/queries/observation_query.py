"""Observation query: what the cascade would have done where the top answered, and what was dropped."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, and_, case, func, or_, select

from cascade.log.tables import decisions, observations, observed_attempts, unobserved
from cascade.report.queries.scope import Scope, streamed
from cascade.report.values.tally import ModeTally, Tally

OUTSIDE = ("failed", "deadline", "budget", "cancelled")
"""Outcomes that are outside of a comparison of answers: there is none."""


def count_observations(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Count modes, observations and drops of every task."""
    _modes(connection, scope, found)
    if connection.execute(select(observations.c.sequence).limit(1)).first() is not None:
        _observations(connection, scope, found)
    query = select(unobserved.c.task, unobserved.c.reason, func.sum(unobserved.c.n))
    if scope.task is not None:
        query = query.where(unobserved.c.task == scope.task)
    if scope.since_ms is not None:
        query = query.where(unobserved.c.at_ms >= scope.since_ms)
    if scope.until_ms is not None:
        query = query.where(unobserved.c.at_ms < scope.until_ms)
    for task, reason, n in connection.execute(query.group_by(unobserved.c.task, unobserved.c.reason)):
        found[task].observed.dropped[reason] += int(n)


def _modes(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    c = decisions.c
    mode = func.coalesce(c.mode, "enforce")
    sums = (func.count(), func.sum(c.cost_usd), func.sum(c.cost_usd * c.cost_usd))
    for task, name, n, usd, squares in connection.execute(
        scope.select(decisions, c.task, mode, *sums).group_by(c.task, mode)
    ):
        found[task].modes[name] = ModeTally(n=n, cost_usd=usd, cost_squares=squares)
    if not any("observe" in tally.modes for tally in found.values()):
        return
    for task, name, latency_s in streamed(connection, scope.select(decisions, c.task, mode, c.latency_s)):
        found[task].modes[name].latencies.append(latency_s)


def _observations(connection: Connection, scope: Scope, found: defaultdict[str, Tally]) -> None:
    """Sum what would have been, each observation weighted by 1 / its propensity."""
    o, d = observations.c, decisions.c
    would, top = observed_attempts.alias("would"), observed_attempts.alias("top")
    weight = 1.0 / func.coalesce(o.propensity, 1.0)
    equal = and_(
        would.c.position.is_not(None),
        or_(would.c.position == top.c.position, and_(would.c.same_as.is_not(None), would.c.same_as == top.c.same_as)),
    )
    same, escalated = case((equal, 1.0), else_=0.0), case((o.escalated, 1.0), else_=0.0)
    cost, always = weight * o.cost_usd, weight * d.cost_usd
    values = {
        "n": func.count(), "weight": func.sum(weight), "weight_squares": func.sum(weight * weight),
        "escalated": func.sum(weight * escalated), "escalated_squares": func.sum(weight * weight * escalated),
        "same": func.sum(weight * same), "same_squares": func.sum(weight * weight * same),
        "cost": func.sum(cost), "top": func.sum(always), "cost_cost": func.sum(cost * cost),
        "top_top": func.sum(always * always), "cost_top": func.sum(cost * always), "paid_usd": func.sum(o.paid_usd),
    }  # fmt: skip
    joined = (
        scope.select(decisions, o.task, *values.values())
        .join(observations, o.decision_id == d.decision_id)
        .outerjoin(would, and_(would.c.decision_id == o.decision_id, would.c.rung == o.rung))
        .outerjoin(top, and_(top.c.decision_id == o.decision_id, top.c.rung == d.rung))
        .where(o.outcome.not_in(OUTSIDE))
        .group_by(o.task)
    )
    for task, *row in connection.execute(joined):
        for name, value in zip(values, row, strict=True):
            setattr(found[task].observed, name, value or 0)
    query = scope.select(decisions, o.task, o.latency_s).join(observations, o.decision_id == d.decision_id)
    for task, latency_s in streamed(connection, query.where(o.outcome.not_in(OUTSIDE))):
        found[task].observed.latencies.append(latency_s)
