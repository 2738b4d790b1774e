"""What was spent since a moment, by principal, as the decision log tells."""

from __future__ import annotations

from cascade.guards.account import PICO
from cascade.log.log import Log


def spent_usd(log: Log, since_ms: int) -> dict[str | None, float]:
    """Return US dollars by principal (None: requests that named none) since a time of day in Unix ms.

    As budgets count: a try that may have been charged at its worst case, and so one whose outcome is not known, since
    its process was killed or is still at it; explorations too.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import func, select

    from cascade.log.tables import calls, decisions

    tries, own = calls.c, decisions.c
    charged = func.sum(func.coalesce(tries.charged_pico, tries.worst_pico))
    by_call = (
        select(tries.principal, charged)
        .where(tries.at_ms >= since_ms, tries.state != "unmade")
        .group_by(tries.principal)
    )
    # Decisions whose calls were not written down, by an earlier version or while the log could not keep up.
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
