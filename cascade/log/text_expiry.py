"""expire_texts(): deletes the texts of a label queue's decisions once their time is over; the decisions stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from cascade.errors import LogUnavailable
from cascade.log.rows import now_ms as the_time_ms

if TYPE_CHECKING:
    from sqlalchemy import Connection

BATCH = 500
"""Decisions in one transaction; it bounds the wait of concurrent writers."""

EVERY_S, RETRY_S = 3_600.0, 60.0
"""Seconds between two looks of a process that writes to the log, and after one that failed."""


class Maintained(Protocol):
    """A database that can be worked on outside of any transaction."""

    def maintaining(self) -> AbstractContextManager[Connection]:
        """Yield such a connection."""


class TextExpiry:
    """Looks for texts whose time is over, on the writer's thread: when it begins, and every hour."""

    def __init__(self) -> None:
        self._again_at = 0.0

    def look(self, database: Maintained) -> None:
        """Delete them, if it is time to look; where the database cannot be changed now, the next look does."""
        if monotonic() < self._again_at:
            return
        self._again_at = monotonic() + EVERY_S
        try:
            with database.maintaining() as connection:
                expire_texts(connection, now_ms=the_time_ms())
        except LogUnavailable:
            self._again_at = monotonic() + RETRY_S


def expire_texts(connection: Connection, *, now_ms: int) -> int:
    """Delete texts whose time is over, and return of how many decisions.

    On SQLite their bytes are overwritten with zeroes; the write-ahead log holds them until its next checkpoint, which
    is tried at the end. On PostgreSQL they are in dead rows until its next vacuum.

    Args:
        connection: a connection outside of any transaction (`Log.maintaining`).
        now_ms: the time, in Unix milliseconds.
    """
    from sqlalchemy import select

    from cascade.log.tables import attempts, decisions, observed_attempts, watched

    if not expired(connection, now_ms=now_ms):
        return 0  # without a lock that other writers would wait for
    d, done, last = decisions.c, 0, BATCH
    over = select(d.decision_id).where(d.text_until_ms <= now_ms, d.request_text.is_not(None)).limit(BATCH)
    while last == BATCH:
        with erasing(connection):
            ids = list(connection.execute(over).scalars())
            for table, column in (
                (attempts, "answer_text"), (observed_attempts, "answer_text"), (watched, "reference_text"),
                (decisions, "request_text"),
            ):  # fmt: skip
                connection.execute(table.update().where(table.c.decision_id.in_(ids)).values({column: None}))
        last = len(ids)
        done += last
    if done and connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    return done


def expired(connection: Connection, *, now_ms: int) -> int:
    """Count the decisions whose texts' time is over; arguments as of `expire_texts`."""
    from sqlalchemy import func, select

    from cascade.log.tables import decisions

    d = decisions.c
    over = select(func.count()).where(d.text_until_ms <= now_ms, d.request_text.is_not(None))
    return int(connection.execute(over).scalar_one())


@contextmanager
def erasing(connection: Connection) -> Iterator[None]:
    """Open a transaction that overwrites what it deletes, where the database can; the connection is outside of any."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
