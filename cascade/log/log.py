"""Log: the decision log, the interface of engine, user and report."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from cascade.errors import DataError, LogUnavailable
from cascade.exchange import Request
from cascade.guards.background import Dropped
from cascade.log.address import Address
from cascade.log.calls import LoggedCalls, Purpose
from cascade.log.label import Label
from cascade.log.label_queue import LabelQueue
from cascade.log.queued_entry import Promise
from cascade.log.redaction import Redactor
from cascade.log.rows import Entry, RowBuilder, StoreText, now_ms
from cascade.log.text_expiry import TextExpiry
from cascade.log.writer import Writer
from cascade.observation import Observation
from cascade.policy.policy import Policy
from cascade.result import Result
from cascade.watched_answer import WatchedAnswer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cascade.log.postgres import Postgres
    from cascade.log.sqlite import Database

OnOutage = Literal["spool", "refuse"]

CAPACITY = 30_000
"""Queue capacity while the database cannot be written, of some 10,000 requests; then the oldest entries are lost."""

FLUSH_S = 30.0
"""Timeout of a flush, in seconds."""


class Log:
    """A decision log; open one with `open_log`. Thread-safe, usable from any event loop, and fork-safe."""

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
        on_outage: OnOutage,
        label_queue: LabelQueue | None = None,
    ) -> None:
        self.path = address.path
        """The SQLite file; None: it is on PostgreSQL."""
        self.required = on_outage == "refuse"
        """Whether no call may be made before its row is committed."""
        self.label_queue = (label_queue or LabelQueue()) if store_text == "label-queue" else None
        """Which decisions keep their texts, and for how long; None: `store_text` holds for all alike."""
        self._row_builder = RowBuilder(store_text=store_text, redactor=Redactor(secrets), label_queue=self.label_queue)

        def store(entries: Sequence[Entry], lost: int, why: str) -> Sequence[tuple[Entry, str]]:
            refused = database.store(entries, lost, why)
            expiry.look(database)
            return refused

        def tend() -> None:
            database.tend()
            expiry.look(database)

        expiry = TextExpiry()
        self._writer = writer = Writer(store, capacity=capacity, tend=tend)
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
                address, spool=spool or address.spool, read_only=read_only, receipts=receipts, spools=not self.required,
                refused=writer.refuse, warn=writer.warn,
            )  # fmt: skip
        self._database = database
        self._finish = weakref.finalize(self, _finish, writer, database)
        if not read_only and database.spooled:
            writer.start()
        _OPEN.add(self)

    @property
    def name(self) -> str:
        """Display name: the path, or the address without its password."""
        return self._database.name

    @property
    def read_only(self) -> bool:
        """True if opened for reading only."""
        return self._database.read_only

    @property
    def writable(self) -> bool:
        """True while entries are committed: not opened for reading only, and the last try succeeded."""
        return not self.read_only and not self._writer.stuck

    @property
    def durable(self) -> bool:
        """Whether commits survive a power loss (they always survive the end of the process)."""
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
        """Entries in the local spool that wait for PostgreSQL, those of earlier processes included."""
        return self._database.spooled

    @property
    def backlog(self) -> int:
        """Decisions, calls and labels that are queued and not yet committed."""
        return self._writer.backlog

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of the writer, each once, in order."""
        return self._writer.warnings

    def write(
        self,
        result: Result[Any],
        request: Request,
        *,
        at_s: float | None = None,
        promise: Promise | None = None,
        draw: float | None = None,
    ) -> None:
        """Queue one request's result for the log; does not block and never raises.

        Args:
            result: the result.
            request: the request, for its principal and, where stored, its text.
            at_s: its end, in Unix seconds; None: now.
            promise: resolved once it is committed; fails with LogUnavailable if it cannot be.
            draw: the draw by which a label queue keeps the texts, in [0, 1); None: one of its own.
        """
        try:
            at_ms = now_ms() if at_s is None else round(at_s * 1000)
            self._require_writable()
            entry = self._row_builder.decision(result, request, at_ms=at_ms, draw=draw)
        except Exception as error:  # noqa: BLE001 - a log must not fail the request that it records; losses are counted
            reason = f"a result could not be made into rows ({type(error).__name__}: {error})"
            self._writer.refuse(1, reason)
            if promise is not None:
                promise.set_exception(LogUnavailable(f"The decision log {self.name} cannot be written: {reason}."))
            return
        self._writer.put(entry, promise)

    def write_observation(self, observation: Observation, request: Request, *, draw: float | None = None) -> None:
        """Queue what the cascade would have done with a request that the top answered; as `write`, it never raises."""
        try:
            self._require_writable()
            entry = self._row_builder.observation(observation, request, at_ms=now_ms(), draw=draw)
        except Exception as error:  # noqa: BLE001 - as in `write`
            self._writer.refuse(0, f"an observation could not be made into rows ({type(error).__name__}: {error})")
            return
        self._writer.put(entry, None)

    def write_watched(self, answer: WatchedAnswer) -> None:
        """Queue an answer that is watched; as `write`, it never raises."""
        try:
            self._require_writable()
            entry = self._row_builder.watched(answer, at_ms=now_ms())
        except Exception as error:  # noqa: BLE001 - as in `write`
            self._writer.refuse(0, f"a watched answer could not be made into a row ({type(error).__name__}: {error})")
            return
        self._writer.put(entry, None)

    def write_unobserved(self, dropped: Dropped) -> None:
        """Queue how many observations were dropped, by hour, task and reason; it never raises."""
        if self.read_only:
            return
        rows = [
            {"count_id": os.urandom(16).hex(), "at_ms": hour, "task": task, "reason": reason, "n": n}
            for (hour, task, reason), n in dropped.items()
        ]
        self._writer.put(Entry(rows={"unobserved": rows}), None)

    def label(self, identity: str, correct: float, *, rung: str | None = None, source: str = "human") -> None:
        """Label an answer's correctness; waits for the commit.

        Args:
            identity: a decision id, or a request id for its last decision.
            correct: correctness, in [0, 1].
            rung: the rung of the answer; None: the returned answer. May be a rung that was not asked then.
            source: source of the label: human, gold, judge:… A later label of the same source replaces its earlier one;
                labels of several sources are averaged in reports.

        Raises:
            DataError: `correct` is not a number in [0, 1], or the log has no such id.
            LogUnavailable: the log cannot be written.
        """
        self.labels([(identity, correct)], rung=rung, source=source)

    def labels(self, labels: Iterable[tuple[str, float]], *, rung: str | None = None, source: str = "human") -> None:
        """Label many decisions in one transaction: pairs of id and correctness, else as `label`."""
        self.add_labels([Label(decision=key, correct=value, rung=rung, source=source) for key, value in labels])

    def add_labels(self, labels: Iterable[Label], *, skip_unknown: bool = False) -> int:
        """Label many decisions in one transaction, each as it says; waits for the commit, and returns how many.

        Args:
            labels: the labels.
            skip_unknown: whether labels of decisions that the log does not hold are left out.

        Raises:
            DataError: the log has no such decision, unless these are left out.
            LogUnavailable: the log cannot be written.
        """
        given = list(labels)
        self.flush()
        at_ms = now_ms()
        rows = []
        with self._database.reading() as connection:
            for label in given:
                decision = _decision_of(connection, self._row_builder.key(label.decision))
                if decision is not None:
                    rows.append(self._row_builder.label(replace(label, decision=decision), at_ms=at_ms))
                elif not skip_unknown:
                    message = f"The log holds no decision or request {label.decision!r}; label one that it holds."
                    raise DataError(message)
        if rows:
            self._put(Entry(rows={"labels": rows}))
            self.flush()
        return len(rows)

    def calls(
        self, request: Request, *, purpose: Purpose, decision_id: str | None = None, wait: bool = False
    ) -> LoggedCalls:
        """Return the call recorder of one request; see `LoggedCalls`."""
        return LoggedCalls(
            self, request, purpose=purpose, decision_id=decision_id, wait=wait or self.required, required=self.required
        )

    def accept(self, entry: Entry, promise: Promise | None = None) -> None:
        """Queue rows; does not block and never raises.

        Args:
            entry: the rows.
            promise: resolved once they are committed; fails with LogUnavailable if they cannot be.
        """
        self._writer.put(entry, promise)

    def remember_policy(self, policy: Policy) -> None:
        """Queue a policy's targets and figures, so that reports can compare them with the outcome; does not block."""
        self._put(self._row_builder.policy(policy, at_ms=now_ms()))

    def flush(self, timeout_s: float = FLUSH_S) -> None:
        """Wait until all queued entries are committed.

        Raises:
            LogUnavailable: it cannot be written (the queue is kept and tried again), or `timeout_s` passed.
        """
        self._writer.flush(timeout_s)

    def close(self) -> None:
        """Flush and close the log; entries that cannot be committed are counted as lost, with a warning."""
        self._finish()

    def reading(self) -> AbstractContextManager[Connection]:
        """Yield a SQLAlchemy connection on a snapshot of the log, all queued entries included.

        Raises:
            LogUnavailable: the log cannot be read, or queued entries cannot be written.
        """
        self.flush()
        return self._database.reading()

    def maintaining(self) -> AbstractContextManager[Connection]:
        """Yield a SQLAlchemy connection outside of any transaction, for work on the log as a whole (a purge).

        Raises:
            LogUnavailable: the log cannot be changed, or was opened for reading only.
        """
        self._require_writable()
        return self._database.maintaining()

    def stored_word(self, text: str) -> str:
        """Return a provider's word (a finish reason, a model's name) as it stands in the log."""
        return self._row_builder.word(text)

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
        self._require_writable()
        self._writer.put(entry)

    def _require_writable(self) -> None:
        if self.read_only:
            message = f"The decision log {self.name} was opened for reading only; open it with open_log(path)."
            raise LogUnavailable(message)

    def _forked(self) -> None:
        """Reset after a fork: threads are not forked, and the parent writes its own queue."""
        self._writer.restart()
        self._database.abandon()


def _decision_of(connection: Connection, identity: str) -> str | None:
    from sqlalchemy import select

    from cascade.log.tables import decisions

    columns = decisions.c
    query = select(columns.decision_id).order_by(columns.sequence.desc()).limit(1)
    for column in (columns.decision_id, columns.request_id):
        found: str | None = connection.execute(query.where(column == identity)).scalar()
        if found is not None:
            return found
    return None


def _finish(writer: Writer, database: Database | Postgres) -> None:
    writer.close()
    database.close()


_OPEN: weakref.WeakSet[Log] = weakref.WeakSet()


def _after_fork() -> None:
    for log in list(_OPEN):
        log._forked()  # noqa: SLF001 - same module


os.register_at_fork(after_in_child=_after_fork)
