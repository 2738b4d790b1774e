"""What was spent since a moment, by principal, as the decision log tells."""

from __future__ import annotations

from cascade.log.log import Log


def spent_usd(log: Log, since_ms: int) -> dict[str | None, float]:
    """Return US dollars by principal (None: requests that named none) of decisions since a time of day in Unix ms.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import func, select

    from cascade.log.tables import decisions

    columns = decisions.c
    query = (
        select(columns.principal, func.sum(columns.cost_usd))
        .where(columns.at_ms >= since_ms)
        .group_by(columns.principal)
    )
    with log.reading() as connection:
        return {principal: float(usd or 0.0) for principal, usd in connection.execute(query)}
