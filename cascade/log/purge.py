"""Purge: deletes rows of the decision log permanently, from the database's files too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cascade.errors import ConfigError, LogUnavailable
from cascade.log.text_expiry import erasing, expire_texts, expired

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from cascade.log.log import Log

BATCH = 500
"""Decisions deleted in one transaction; it bounds the wait of concurrent writers."""

PATIENCE_S = 30.0
"""Seconds that the last step waits for readers of the log's earlier state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """Counts of a purge, or of a dry run."""

    decisions: int
    """Decisions, each with its attempts, verdicts and labels."""

    calls: int
    """Recorded calls, of those decisions and of no decision (explorations, cancelled requests)."""

    texts: int = 0
    """Decisions that stay and whose texts are deleted."""

    receipts: int = 0
    """Receipts of these decisions, which stay, marked as purged, so that the chain can still be verified."""

    scrubbed: bool = False
    """True if the freed space was released too: nothing of the rows is left in the database's files."""


def purge(
    log: Log,
    *,
    before_ms: int | None = None,
    principal: str | None = None,
    dry_run: bool = False,
    patience_s: float = PATIENCE_S,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Purged:
    """Delete decisions permanently: those that ended before a time, or a principal's; with both, only those of both.

    A purge is idempotent; if interrupted, run it again.

    Args:
        log: the log.
        before_ms: a time of day in Unix milliseconds.
        principal: the principal of the requests.
        dry_run: only count.
        patience_s: seconds that the last step waits for readers.
        on_progress: called with the number of deleted decisions and their total.

    Raises:
        ConfigError: neither was given.
        LogUnavailable: the log cannot be written, or other processes still read deleted rows.
    """
    if before_ms is None and principal is None:
        message = "The purge has neither a date nor a principal; one of them was expected."
        raise ConfigError(message)
    from cascade.log.tables import calls, decisions

    known = None if principal is None else log.stored_name(principal)
    # Calls carry time and principal themselves, and began before their decision ended.
    chosen, apart = _chosen(decisions, before_ms, known), _chosen(calls, before_ms, known)
    if dry_run:
        with log.reading() as connection:
            return _found(connection, chosen, apart)
    log.flush()
    with log.maintaining() as connection:
        found = _found(connection, chosen, apart)
        _delete(connection, chosen, apart, lambda done: on_progress(done, max(found.decisions, done)))
        _scrub(connection, log.name, patience_s)
    return replace(found, scrubbed=True)


def purge_expired(log: Log, *, at_ms: int, dry_run: bool = False, patience_s: float = PATIENCE_S) -> Purged:
    """Delete texts that a label queue kept and whose time is over, permanently; their decisions stay.

    Args:
        log: the log.
        at_ms: the time, in Unix milliseconds.
        dry_run: only count.
        patience_s: seconds that the last step waits for readers.

    Raises:
        LogUnavailable: the log cannot be written, or other processes still read deleted texts.
    """
    if dry_run:
        with log.reading() as connection:
            return Purged(decisions=0, calls=0, texts=expired(connection, now_ms=at_ms))
    log.flush()
    with log.maintaining() as connection:
        n = expire_texts(connection, now_ms=at_ms)
        _scrub(connection, log.name, patience_s)
    return Purged(decisions=0, calls=0, texts=n, scrubbed=True)


def _found(connection: Connection, chosen: ColumnElement[bool], apart: ColumnElement[bool]) -> Purged:
    from sqlalchemy import func, select

    from cascade.log.tables import calls, decisions, receipts

    mine = receipts.c.decision_id.in_(select(decisions.c.decision_id).where(chosen))
    total, noted, marked = (
        int(connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one())
        for table, condition in ((decisions, chosen), (calls, apart), (receipts, mine))
    )
    return Purged(decisions=total, calls=noted, receipts=marked)


def _chosen(table: Any, before_ms: int | None, principal: str | None) -> ColumnElement[bool]:
    from sqlalchemy import and_, true

    conditions = [] if before_ms is None else [table.c.at_ms < before_ms]
    conditions += [] if principal is None else [table.c.principal == principal]
    return and_(true(), *conditions)


def _delete(
    connection: Connection, chosen: ColumnElement[bool], apart: ColumnElement[bool], on_progress: Callable[[int], None]
) -> None:
    from sqlalchemy import select

    from cascade.log.chain import link_purge, lock
    from cascade.log.tables import (
        attempts,
        calls,
        decisions,
        labels,
        observations,
        observed_attempts,
        observed_verdicts,
        verdicts,
        watched,
    )  # fmt: skip

    observed = (observed_attempts, observed_verdicts, observations, watched)
    done = 0
    while True:
        with erasing(connection):
            lock(connection)
            batch = select(decisions.c.decision_id).where(chosen).order_by(decisions.c.sequence).limit(BATCH)
            ids = list(connection.execute(batch).scalars())
            for table in (attempts, verdicts, labels, *observed, decisions):
                connection.execute(table.delete().where(table.c.decision_id.in_(ids)))
            # Receipts stay, and the purge is a link: without both, a purged log would look like a manipulated one.
            link_purge(connection, ids)
        done += len(ids)
        on_progress(done)
        if len(ids) < BATCH:
            break
    deleted = BATCH
    while deleted == BATCH:
        with erasing(connection):
            some = select(calls.c.call_id).where(apart).limit(BATCH)
            deleted = connection.execute(calls.delete().where(calls.c.call_id.in_(some))).rowcount


def _scrub(connection: Connection, name: str, patience_s: float) -> None:
    """Remove the deleted rows from the files: from free pages and from the write-ahead log."""
    if connection.dialect.name != "sqlite":
        from cascade.log.tables import metadata

        for table in metadata.sorted_tables:
            # Plain VACUUM leaves the bytes in the pages until they are used again; FULL writes new files.
            connection.exec_driver_sql(f'VACUUM (FULL, ANALYZE) "{table.name}"')
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={round(1000 * patience_s)}")
    connection.exec_driver_sql("VACUUM")
    busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
    if busy:
        message = (
            f"The rows are deleted from {name}, but another process still reads its earlier state, so that traces of "
            f"them are left in {name}-wal; end that process (a report, a dashboard) and run the same purge again."
        )
        raise LogUnavailable(message)
