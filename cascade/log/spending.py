"""Spending since a time, by principal, from the decision log; and calls without a known outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cascade.guards.accounts import PICO
from cascade.log.calls import is_gone
from cascade.log.rows import now_ms

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cascade.log.log import Log


UNSENT = ("unsent", "unmade")
"""States of calls of which nothing was sent; the second is an earlier release's word."""


OBSERVE = "observe"
"""Purpose of calls that observe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """Calls whose cost is not what somebody said: only their intent is known, or what was reported cannot be true."""

    ambiguous: int
    """Calls interrupted with their process, or with a lost outcome: they may have been billed."""

    worst_usd: float
    """Their worst-case cost in US dollars."""

    in_flight: int
    """Calls that may still be in flight."""

    implausible: int
    """Answered calls whose reported usage or cost cannot be true, so that ours was booked."""


def spent_usd(log: Log, since_ms: int) -> dict[str | None, float]:
    """Return the spending in US dollars by principal (None: requests without one) since a time in Unix ms.

    As budgets count: a try that may have been charged counts at its worst case, and so does one without a known
    outcome, whose process was killed or still runs; explorations count too, observations do not (`observed_usd`).

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import func, select

    from cascade.log.tables import calls, decisions

    tries, own = calls.c, decisions.c
    charged = func.sum(func.coalesce(tries.charged_pico, tries.worst_pico))
    by_call = (
        select(tries.principal, charged)
        .where(tries.at_ms >= since_ms, tries.state.not_in(UNSENT), tries.purpose != OBSERVE)
        .group_by(tries.principal)
    )
    # Decisions without recorded calls, from an earlier version or an overloaded log.
    known = select(tries.decision_id).where(tries.at_ms >= since_ms, tries.decision_id.is_not(None))
    by_decision = (
        select(own.principal, func.sum(own.cost_usd + own.maybe_charged_usd))
        .where(own.at_ms >= since_ms, own.decision_id.not_in(known))
        .group_by(own.principal)
    )
    spent: dict[str | None, float] = {}
    with log.reading() as connection:
        for principal, pico in connection.execute(by_call):
            spent[principal] = float(pico or 0) / PICO
        for principal, usd in connection.execute(by_decision):
            spent[principal] = spent.get(principal, 0.0) + float(usd or 0.0)
    return spent


def observed_usd(log: Log, since_ms: int) -> float:
    """Return what observing has cost since a time in Unix ms, in US dollars; else as `spent_usd`.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import func, select

    from cascade.log.tables import calls

    tries = calls.c
    charged = func.sum(func.coalesce(tries.charged_pico, tries.worst_pico))
    query = select(charged).where(tries.at_ms >= since_ms, tries.state.not_in(UNSENT), tries.purpose == OBSERVE)
    with log.reading() as connection:
        return float(connection.execute(query).scalar() or 0) / PICO


def unsettled(
    connection: Connection, *, since_ms: int | None = None, until_ms: int | None = None, task: str | None = None
) -> Unsettled:
    """Count the calls of which only the intent is known, and those whose reported usage cannot be true.

    Args:
        connection: the log.
        since_ms: only calls that were begun from here on, Unix milliseconds.
        until_ms: only calls that were begun before.
        task: only this task's.
    """
    from sqlalchemy import case, func, select

    from cascade.log.tables import calls

    c = calls.c
    late = c.until_ms < now_ms()
    bounds = (
        None if since_ms is None else c.at_ms >= since_ms,
        None if until_ms is None else c.at_ms < until_ms,
        None if task is None else c.task == task,
    )
    scope = [bound for bound in bounds if bound is not None]
    query = select(
        c.writer, func.count(), func.sum(c.worst_pico),
        func.sum(case((late, 1), else_=0)), func.sum(case((late, c.worst_pico), else_=0)),
    ).where(c.state == "begun", *scope)  # fmt: skip
    ambiguous, worst, in_flight = 0, 0, 0
    for writer, n, pico, late_n, late_pico in connection.execute(query.group_by(c.writer)):
        gone = is_gone(writer)
        ambiguous += n if gone else late_n
        worst += int(pico if gone else late_pico)
        in_flight += 0 if gone else n - late_n
    doubted = select(func.count()).where(c.usage_source == "implausible", *scope)
    implausible = connection.execute(doubted).scalar_one()
    return Unsettled(ambiguous=ambiguous, worst_usd=worst / PICO, in_flight=in_flight, implausible=implausible)
