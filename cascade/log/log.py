"""Log: the decision log as the engine, the user and the report see it."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from cascade.errors import DataError, LogUnavailable
from cascade.exchange import Request
from cascade.log.address import Address
from cascade.log.calls import LoggedCalls, Purpose
from cascade.log.queued_entry import Promise
from cascade.log.redaction import Redactor
from cascade.log.rows import Entry, RowBuilder, StoreText, now_ms
from cascade.log.writer import Writer
from cascade.policy.policy import Policy
from cascade.result import Result

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cascade.log.postgres import Postgres
    from cascade.log.sqlite import Database

CAPACITY = 30_000
"""Entries that wait at most while the database cannot be written, of some 10,000 requests; then the oldest are lost."""

FLUSH_S = 30.0
"""Seconds that a flush may take before it is an error."""


class Log:
    """A decision log; open one with `open_log`. Safe to use from any thread and event loop, and after a fork."""

    def __init__(
        self,
        address: Address,
        *,
        store_text: StoreText,
        capacity: int,
        secrets: Iterable[str],
        read_only: bool,
        receipts: bool,
        spool: Path | None,
    ) -> None:
        self.path = address.path
        """The SQLite file; None: it is on PostgreSQL."""
        self._row_builder = RowBuilder(store_text=store_text, redactor=Redactor(secrets))

        def store(entries: Sequence[Entry], lost: int, why: str) -> Sequence[tuple[Entry, str]]:
            return database.store(entries, lost, why)

        self._writer = writer = Writer(store, capacity=capacity, tend=lambda: database.tend())  # noqa: PLW0108 - made next
        # SQLAlchemy takes longer to import than the rest of the kernel together, and most commands need no log.
        database: Database | Postgres
        if address.path is not None:
            from cascade.log.sqlite import Database

            database = Database(
                address.path, read_only=read_only, receipts=receipts, vanished=writer.refuse, warn=writer.warn
            )
        else:
            from cascade.log.postgres import Postgres

            database = Postgres(
                address, spool=spool or address.spool, read_only=read_only, receipts=receipts,
                refused=writer.refuse, warn=writer.warn,
            )  # fmt: skip
        self._database = database
        self._finish = weakref.finalize(self, _finish, writer, database)
        if not read_only and database.spooled:
            writer.start()
        _OPEN.add(self)

    @property
    def name(self) -> str:
        """What people call it: the path, or the address without its password."""
        return self._database.name

    @property
    def read_only(self) -> bool:
        """True where nothing can be written to it."""
        return self._database.read_only

    @property
    def durable(self) -> bool:
        """Whether what is committed survives a power loss too; what a process's end takes with it is the same."""
        return self._database.durable

    @durable.setter
    def durable(self, durable: bool) -> None:
        self._database.durable = durable

    @property
    def lost(self) -> int:
        """Decisions that this process could not log."""
        return self._writer.lost

    @property
    def lost_calls(self) -> int:
        """Intents and outcomes of calls that this process could not log."""
        return self._writer.lost_calls

    @property
    def spooled(self) -> int:
        """Entries that wait in the local spool for PostgreSQL to come back, those of earlier processes included."""
        return self._database.spooled

    @property
    def backlog(self) -> int:
        """Decisions, calls and labels that are accepted and not yet committed."""
        return self._writer.backlog

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong while writing, each once, in order."""
        return self._writer.warnings

    def write(self, result: Result[Any], request: Request, *, at_s: float | None = None) -> None:
        """Accept one request's end for the log; returns at once and never raises.

        Args:
            result: what the request came to.
            request: the request: on whose behalf it was made, and its text where that is stored.
            at_s: when it ended, in Unix seconds; None: now.
        """
        try:
            at_ms = now_ms() if at_s is None else round(at_s * 1000)
            self._put(self._row_builder.decision(result, request, at_ms=at_ms))
        except Exception as error:  # noqa: BLE001 - a log must not fail the request that it records; the loss is counted
            self._writer.refuse(1, f"a result could not be made into rows ({type(error).__name__}: {error})")

    def label(self, identity: str, correct: float, *, rung: str | None = None, source: str = "human") -> None:
        """Say how right an answer was; waits until that is committed.

        Args:
            identity: a decision id, or a request id: then its last decision is meant.
            correct: how right, in [0, 1].
            rung: whose answer; None: the one that was returned. May be a rung that was not asked then.
            source: who says so: human, gold, judge:… A later label of the same source replaces its earlier one;
                labels of several sources are averaged in reports.

        Raises:
            DataError: `correct` is no number in [0, 1], or the log knows no such id.
            LogUnavailable: the log cannot be written.
        """
        self.labels([(identity, correct)], rung=rung, source=source)

    def labels(self, labels: Iterable[tuple[str, float]], *, rung: str | None = None, source: str = "human") -> None:
        """Label many decisions at once: pairs of id and correctness, else as `label`; all are taken or none."""
        given = [(self._row_builder.key(identity), _correct(value)) for identity, value in labels]
        self.flush()
        at_ms = now_ms()
        with self._database.reading() as connection:
            rows = [
                self._row_builder.label(_decision_of(connection, key), value, rung=rung, source=source, at_ms=at_ms)
                for key, value in given
            ]
        self._put(Entry(rows={"labels": rows}))
        self.flush()

    def calls(
        self, request: Request, *, purpose: Purpose, decision_id: str | None = None, wait: bool = False
    ) -> LoggedCalls:
        """Return what writes down the calls of one request; see `LoggedCalls`."""
        return LoggedCalls(self, request, purpose=purpose, decision_id=decision_id, wait=wait)

    def accept(self, entry: Entry, promise: Promise | None = None) -> None:
        """Accept rows; returns at once and never raises.

        Args:
            entry: the rows.
            promise: kept once they are committed, broken with LogUnavailable where they cannot be.
        """
        self._writer.put(entry, promise)

    def remember_policy(self, policy: Policy) -> None:
        """Accept what a policy promised, so that reports can hold it against what came; returns at once."""
        self._put(self._row_builder.policy(policy, at_ms=now_ms()))

    def flush(self, timeout_s: float = FLUSH_S) -> None:
        """Wait until everything accepted so far is committed.

        Raises:
            LogUnavailable: it cannot be written (what waits is kept and tried again), or `timeout_s` passed.
        """
        self._writer.flush(timeout_s)

    def close(self) -> None:
        """Commit what waits and close the file; what cannot be committed is counted as lost, with a warning."""
        self._finish()

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a SQLAlchemy connection on one unchanging state of the log, everything accepted so far included.

        Raises:
            LogUnavailable: the file cannot be read, or what was accepted cannot be written.
        """
        self.flush()
        return self._database.reading()

    def maintaining(self) -> AbstractContextManager[Connection]:
        """Give a SQLAlchemy connection outside of any transaction, for work on the log as a whole (a purge).

        Raises:
            LogUnavailable: the log cannot be changed, or was opened for reading only.
        """
        if self.read_only:
            raise LogUnavailable(self._only_for_reading())
        return self._database.maintaining()

    def stored_name(self, name: str) -> str:
        """Return a name (a task, a principal, an id) as it stands in the log."""
        return self._row_builder.key(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, entry: Entry) -> None:
        if self.read_only:
            raise LogUnavailable(self._only_for_reading())
        self._writer.put(entry)

    def _only_for_reading(self) -> str:
        return f"The decision log {self.name} was opened for reading only; open it with open_log(path)."

    def _forked(self) -> None:
        """Begin anew in a forked child: threads do not come along, and the parent writes what was waiting."""
        self._writer.restart()
        self._database.abandon()


def _correct(value: float) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0.0 <= value <= 1.0:
        message = f"A label says correct={value!r}; a number in [0, 1] was expected."
        raise DataError(message)
    return float(value)


def _decision_of(connection: Connection, identity: str) -> str:
    from sqlalchemy import select

    from cascade.log.tables import decisions

    columns = decisions.c
    query = select(columns.decision_id).order_by(columns.sequence.desc()).limit(1)
    for column in (columns.decision_id, columns.request_id):
        found: str | None = connection.execute(query.where(column == identity)).scalar()
        if found is not None:
            return found
    message = f"The log holds no decision or request {identity!r}; label one that it holds."
    raise DataError(message)


def _finish(writer: Writer, database: Database | Postgres) -> None:
    writer.close()
    database.close()


_OPEN: weakref.WeakSet[Log] = weakref.WeakSet()


def _after_fork() -> None:
    for log in list(_OPEN):
        log._forked()  # noqa: SLF001 - same module


os.register_at_fork(after_in_child=_after_fork)
