"""Writer: one thread that commits queued entries in batches, so that callers and event loop never wait for a disk."""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from cascade.errors import LogUnavailable
from cascade.log.queued_entry import Promise, QueuedEntry
from cascade.log.rows import OUTCOMES, Entry
from cascade.loggers import logger_of

logger = logger_of("cascade.log")

BATCH = 500
"""Most entries of a transaction."""

LINGER_S = 0.02
"""Seconds that the thread waits for more entries before it commits the first."""

SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
"""Retry interval, in seconds, while the database cannot be written."""

TEND_S = 5.0
"""Seconds between two checks of an idle database."""

PATIENCE_S = 0.1
"""Longest wait, in seconds, of a caller for room in a full queue, before the oldest entry is lost."""

CLOSE_S, _CLOSING_WAIT_S = 1.0, 0.05
"""Seconds for which closing tries again to commit what waits, and between two of these tries."""

EXIT_S = 5.0
"""Seconds that a worker process waits at exit for its rows to be committed."""

WARNINGS = 100
"""Most distinct warnings kept."""

Store = Callable[[Sequence[Entry], int, str], Sequence[tuple[Entry, str]]]
"""Commits entries, and a loss of `n` decisions with its reason; returns rejected entries with reasons.

Raises LogUnavailable where nothing was committed.
"""


class Writer:
    """A bounded queue with its writer thread; while the database cannot be written, the newest entries are kept."""

    def __init__(self, store: Store, *, capacity: int, tend: Callable[[], None] | None = None) -> None:
        """Begin with an empty queue.

        Args:
            store: commits entries.
            capacity: queue capacity, in entries.
            tend: checks the database now and then; it may raise as `store` does.
        """
        self._store = store
        self._tend = tend
        self._capacity = capacity
        self.restart()

    def restart(self) -> None:
        """Reset to an empty queue; also in a forked child, since the parent writes its own queue."""
        self._wake = threading.Condition()
        self._numbers = itertools.count(1)
        self._last = 0
        self._waiting: deque[QueuedEntry] = deque()
        self._flying: list[QueuedEntry] = []
        self._flushers = 0
        self._promised = 0
        self._closing = False
        self._give_up_at = 0.0
        self._stuck = False
        self._begun = 0
        self._failed = 0
        self._failure = ""
        self._unreported = 0
        self._why_lost = ""
        self._thread: threading.Thread | None = None
        self.lost = 0
        self.lost_calls = 0
        self.warnings: tuple[str, ...] = ()

    @property
    def backlog(self) -> int:
        """Entries queued and not yet committed."""
        return len(self._waiting) + len(self._flying)

    @property
    def stuck(self) -> bool:
        """True while the database cannot be written: the last try failed, and the queue is kept."""
        return self._stuck

    def put(self, entry: Entry, promise: Promise | None = None) -> None:
        """Queue an entry; blocks only briefly, for room in a full queue.

        Args:
            entry: the entry to write.
            promise: resolved by its commit; fails with LogUnavailable if it cannot be committed, without a retry.
        """
        if promise is not None:
            promise.set_running_or_notify_cancel()  # from here on it cannot be cancelled
        with self._wake:
            if self._closing:
                self._lose(QueuedEntry(number=0, entry=entry, promise=promise), "the log was closed")
                return
            if self._is_full() and not self._stuck:
                # Only one caller waits until the next commit.
                self._stuck = not self._wake.wait_for(lambda: not self._is_full(), timeout=PATIENCE_S)
            if self._is_full():
                self._lose(self._waiting.popleft(), f"more than {self._capacity:,} entries were waiting")
            self._last = next(self._numbers)
            self._waiting.append(QueuedEntry(number=self._last, entry=entry, promise=promise))
            self._promised += promise is not None
            self._start()
            if len(self._waiting) == 1 or self._is_worth_it():
                # Waking the thread for every entry would take the interpreter lock from the caller each time.
                self._wake.notify_all()

    def start(self) -> None:
        """Start the thread, if there is something to check before the first entry."""
        with self._wake:
            self._start()

    def refuse(self, decisions: int, reason: str) -> None:
        """Count lost decisions that never became an entry."""
        with self._wake:
            self._lose(QueuedEntry(number=0, entry=Entry(rows={}, decisions=decisions), promise=None), reason)

    def flush(self, timeout_s: float) -> None:
        """Wait until all entries queued before the call are committed.

        Raises:
            LogUnavailable: the database fails, or `timeout_s` passed first; the entries stay and are tried again.
        """
        deadline = monotonic() + timeout_s
        with self._wake:
            upto, begun = self._last, self._begun  # a try begun before does not show the present state
            self._flushers += 1
            self._wake.notify_all()
            try:
                while self._oldest() <= upto:
                    if self._failed > begun:
                        raise LogUnavailable(self._failure)
                    if not self._wake.wait(deadline - monotonic()) and monotonic() >= deadline:
                        message = f"The decision log took more than {timeout_s:g} s to write {self.backlog:,} entries."
                        raise LogUnavailable(message)
            finally:
                self._flushers -= 1

    def close(self) -> None:
        """Flush the queue, count entries that cannot be committed as lost, and end the thread."""
        with self._wake:
            self._closing = True
            self._give_up_at = monotonic() + CLOSE_S
            self._wake.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def warn(self, message: str) -> None:
        """Log and keep a warning, each once."""
        if message not in self.warnings and len(self.warnings) < WARNINGS:
            self.warnings = (*self.warnings, message)
            logger.warning("%s", message)

    def _start(self) -> None:
        if self._thread is None:
            # A daemon: a program that does not close its log must still be able to exit (see Log's finalizer).
            self._thread = threading.Thread(target=self._run, name="cascade-log", daemon=True)
            self._thread.start()
            self._flush_before_a_worker_ends()

    def _flush_before_a_worker_ends(self) -> None:
        """Flush before a multiprocessing worker ends, since it may end without Python's exit handlers."""
        processes = sys.modules.get("multiprocessing.process")
        if processes is None or processes.parent_process() is None:
            return
        from multiprocessing.util import Finalize

        this = weakref.WeakMethod(self._flush_quietly)
        Finalize(None, lambda: (flush := this()) is not None and flush(), exitpriority=0)

    def _flush_quietly(self) -> None:
        with contextlib.suppress(LogUnavailable):
            self.flush(EXIT_S)

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._capacity

    def _is_called(self) -> bool:
        return self._closing or self._flushers > 0 or self._promised > 0

    def _is_worth_it(self) -> bool:
        return self._is_called() or self._is_full() or len(self._waiting) >= BATCH

    def _oldest(self) -> int:
        """Return the number of the oldest uncommitted entry; infinity if none."""
        pending = self._flying or self._waiting
        return pending[0].number if pending else self._last + 1

    def _lose(self, lost: QueuedEntry, reason: str) -> None:
        entry = lost.entry
        self.lost += entry.decisions
        self._unreported += entry.decisions
        if lost.promise is not None and lost.number:
            self._promised -= 1
        lost.settle(reason)
        if entry.decisions:
            self._why_lost = reason
            self.warn(f"Decisions are missing from the log: {reason}.")
        elif "calls" in entry.rows or OUTCOMES in entry.rows:
            self.lost_calls += 1
            self.warn(f"Calls are missing from the log: {reason}.")

    def _run(self) -> None:
        wait = 0.0
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closing, timeout=TEND_S)
                idle = not self._waiting
                if idle and self._closing:
                    return
            if idle:
                self._look_after()
                continue
            with self._wake:
                self._wake.wait_for(self._is_called if wait else self._is_worth_it, timeout=wait or LINGER_S)
                self._flying = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._begun += 1
                self._wake.notify_all()  # there is room again
                losses, why = self._unreported, self._why_lost
            failure = ""
            refused: Sequence[tuple[Entry, str]] = ()
            try:
                refused = self._store([one.entry for one in self._flying], losses, why)
            except LogUnavailable as error:
                failure = str(error)
            except Exception as error:  # noqa: BLE001 - the thread must survive any exception of a driver
                failure = f"The decision log cannot be written: {type(error).__name__}: {error}."
            with self._wake:
                flying, self._flying = self._flying, []
                if not failure:
                    wait, self._stuck = 0.0, False
                    self._unreported -= losses
                    self._settle(flying, {id(entry): reason for entry, reason in refused})
                elif self._closing and monotonic() < self._give_up_at:
                    # Another process may hold the lock for a moment; what waits is not lost to that.
                    self._waiting.extendleft(reversed(flying))
                    wait = SHORTEST_WAIT_S
                    self._wake.wait(_CLOSING_WAIT_S)
                elif self._closing:
                    for one in [*flying, *self._waiting]:
                        self._lose(one, f"the log could not be written before it was closed ({failure})")
                    self._waiting.clear()
                else:
                    wait = min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, 2 * wait))
                    self._failed = self._begun
                    self._stuck = True
                    self._failure = failure
                    self.warn(f"{failure} It is tried again; nothing is lost yet.")
                    # Callers that wait for a promise get the error; the other entries are kept.
                    self._break_promises(flying, failure)
                    self._waiting.extendleft(one for one in reversed(flying) if one.promise is None)
                    while len(self._waiting) > self._capacity:
                        self._lose(self._waiting.popleft(), failure)
                self._wake.notify_all()

    def _settle(self, flying: Sequence[QueuedEntry], refused: Mapping[int, str]) -> None:
        for one in flying:
            if id(one.entry) in refused:
                self._lose(one, refused[id(one.entry)])
            elif one.promise is not None:
                self._promised -= 1
                one.settle()

    def _break_promises(self, flying: Sequence[QueuedEntry], failure: str) -> None:
        for one in flying:
            if one.promise is not None:
                self._promised -= 1
                one.settle(failure)

    def _look_after(self) -> None:
        try:
            if self._tend is not None:
                self._tend()
        except LogUnavailable as error:
            self.warn(f"{error} It is tried again.")
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a driver raises
            self.warn(f"The decision log cannot be checked: {type(error).__name__}: {error}.")
