"""Settlement of a log after a kill: the calls of a broken-off run, their outcomes, and the decisions that are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cascade.log.rows import OUTCOMES, Entry, timed_id

if TYPE_CHECKING:
    from cascade.log.log import Log

Means = dict[tuple[str, str | None, str], int]
"""Picodollars of a call in the mean, by rung, verifier and requested model."""

BATCH = 500
"""Rows of a transaction, and ids of a query."""


def begun_calls(log: Log, *, since_ms: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of calls without an outcome, `BATCH` at most at once; their outcomes may be written meanwhile.

    Args:
        log: the log.
        since_ms: only calls that were begun from here on, Unix milliseconds.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import calls

    c, last = calls.c, timed_id(since_ms, bytes(6))
    while True:
        query = select(calls).where(c.call_id > last, c.state == "begun").order_by(c.call_id).limit(BATCH)
        with log.reading() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
        if not found:
            return
        last = found[-1]["call_id"]
        yield found


def doubtful_calls(log: Log, *, since_ms: int, decisions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of calls without a known outcome, and of those that some decisions may have been charged for.

    Args:
        log: the log.
        since_ms: only calls that were begun from here on, Unix milliseconds.
        decisions: ids of decisions that were broken off.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import calls

    for rows in begun_calls(log, since_ms=since_ms):
        yield from rows
    c = calls.c
    for some in _batches(decisions):
        mine = (c.call_id >= timed_id(since_ms, bytes(6)), c.state != "begun", c.maybe_charged, c.decision_id.in_(some))
        with log.reading() as connection:
            found = [dict(row) for row in connection.execute(select(calls).where(*mine)).mappings()]
        yield from found


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids, as many at once as a query takes."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def write_outcomes(log: Log, rows: Sequence[dict[str, Any]]) -> None:
    """Write the outcomes of calls, as whole rows, and wait for their commit.

    Raises:
        LogUnavailable: they cannot be written.
    """
    for row in rows:
        for name in ("finish_raw", "model_reported"):
            row[name] = None if row[name] is None else log.stored_name(row[name])
    for start in range(0, len(rows), BATCH):
        log.accept(Entry(rows={OUTCOMES: list(rows[start : start + BATCH])}))
    log.flush()


def mean_charges(log: Log, *, since_ms: int) -> Means:
    """Return the mean picodollars of answered calls, by rung, verifier and requested model, since a time in Unix ms.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import func, select

    from cascade.log.tables import calls

    c = calls.c
    kind = (c.rung, c.verifier, c.model_requested)
    answered = (c.call_id >= timed_id(since_ms, bytes(6)), c.state == "answered")
    query = select(*kind, func.avg(c.charged_pico)).where(*answered).group_by(*kind)
    with log.reading() as connection:
        return {(rung, verifier, model): round(mean) for rung, verifier, model, mean in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class PaidCall:
    """A call that the log knows as answered."""

    decision_id: str | None
    """Of its request; None: an exploration's."""

    pico: int
    """Picodollars that it cost."""


def answered_calls(log: Log, call_ids: Sequence[str]) -> list[PaidCall]:
    """Return those of some calls that the log knows as answered.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import calls

    c = calls.c
    found: list[PaidCall] = []
    with log.reading() as connection:
        for some in _batches(call_ids):
            mine = (c.call_id.in_(some), c.state == "answered")
            query = select(c.decision_id, c.charged_pico).where(*mine)
            found += [PaidCall(decision, pico or 0) for decision, pico in connection.execute(query)]
    return found


def outcomes_of(log: Log, decisions: Sequence[str]) -> dict[str, str]:
    """Return the outcomes of the decisions that the log holds, by id; `purged` for those that were purged on purpose.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import select

    from cascade.log.tables import decisions as table
    from cascade.log.tables import receipts

    found: dict[str, str] = {}
    with log.reading() as connection:
        for some in _batches(decisions):
            purged = select(receipts.c.decision_id).where(
                receipts.c.decision_id.in_(some), receipts.c.purged_ms.is_not(None)
            )
            found.update((identity, "purged") for (identity,) in connection.execute(purged))
            there = select(table.c.decision_id, table.c.outcome).where(table.c.decision_id.in_(some))
            found.update((identity, outcome) for identity, outcome in connection.execute(there))
    return found
