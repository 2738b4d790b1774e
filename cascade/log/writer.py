"""Writer: one thread that commits entries in batches, so that neither callers nor the event loop wait for a disk."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from cascade.errors import LogUnavailable
from cascade.log.rows import Entry
from cascade.loggers import logger_of

logger = logger_of("cascade.log")

BATCH = 500
"""Entries that one transaction holds at most."""

LINGER_S = 0.02
"""Seconds that the thread waits for more entries before it commits the first."""

SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
"""Between two tries to write to a database that refuses."""

PATIENCE_S = 0.1
"""Seconds that one caller waits at most for room in a full queue, before the oldest entry is lost."""

WARNINGS = 100
"""How many different warnings are kept."""

Store = Callable[[Sequence[Entry], int, str], Sequence[tuple[Entry, str]]]
"""Commit entries, and that `n` decisions were lost for a reason; return entries that were refused, and why.

Raises LogUnavailable where nothing was committed.
"""


class Writer:
    """A bounded queue and the thread behind it; while the database refuses, the newest entries are kept."""

    def __init__(self, store: Store, *, capacity: int) -> None:
        self._store = store
        self._capacity = capacity
        self.restart()

    def restart(self) -> None:
        """Begin anew, with nothing waiting: also what a forked child does, since the parent keeps what was waiting."""
        self._wake = threading.Condition()
        self._numbers = itertools.count(1)
        self._last = 0
        self._waiting: deque[tuple[int, Entry]] = deque()
        self._flying: list[tuple[int, Entry]] = []
        self._flushers = 0
        self._closing = False
        self._stuck = False
        self._failures = 0
        self._failure = ""
        self._unreported = 0
        self._why_lost = ""
        self._thread: threading.Thread | None = None
        self.lost = 0
        self.warnings: tuple[str, ...] = ()

    @property
    def backlog(self) -> int:
        """Entries that are accepted and not yet committed."""
        return len(self._waiting) + len(self._flying)

    def put(self, entry: Entry) -> None:
        """Accept an entry; waits for nothing, save shortly for room where entries come faster than any disk."""
        with self._wake:
            if self._closing:
                self._lose(entry, "the log was closed")
                return
            if self._is_full() and not self._stuck:
                # Once is enough: until the next commit, nobody else waits.
                self._stuck = not self._wake.wait_for(lambda: not self._is_full(), timeout=PATIENCE_S)
            if self._is_full():
                self._lose(self._waiting.popleft()[1], f"more than {self._capacity:,} entries were waiting")
            self._last = next(self._numbers)
            self._waiting.append((self._last, entry))
            if self._thread is None:
                # A daemon: a program that forgets to close its log must still be able to end (see Log's finalizer).
                self._thread = threading.Thread(target=self._run, name="cascade-log", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def refuse(self, decisions: int, reason: str) -> None:
        """Count decisions that never became an entry."""
        with self._wake:
            self._lose(Entry(rows={}, decisions=decisions), reason)

    def flush(self, timeout_s: float) -> None:
        """Wait until everything that was accepted before the call is committed.

        Raises:
            LogUnavailable: the database refuses, or `timeout_s` passed first; the entries stay and are tried again.
        """
        deadline = monotonic() + timeout_s
        with self._wake:
            upto, failures = self._last, self._failures
            self._flushers += 1
            self._wake.notify_all()
            try:
                while self._oldest() <= upto:
                    if self._failures > failures:
                        raise LogUnavailable(self._failure)
                    if not self._wake.wait(deadline - monotonic()) and monotonic() >= deadline:
                        message = f"The decision log took more than {timeout_s:g} s to write {self.backlog:,} entries."
                        raise LogUnavailable(message)
            finally:
                self._flushers -= 1

    def close(self) -> None:
        """Commit what is waiting, count what cannot be, and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def warn(self, message: str) -> None:
        """Log and keep a warning, each only once."""
        if message not in self.warnings and len(self.warnings) < WARNINGS:
            self.warnings = (*self.warnings, message)
            logger.warning("%s", message)

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._capacity

    def _is_called(self) -> bool:
        return self._closing or self._flushers > 0

    def _is_worth_it(self) -> bool:
        return self._is_called() or self._is_full() or len(self._waiting) >= BATCH

    def _oldest(self) -> int:
        """Return the number of the oldest entry that is not settled; beyond all numbers where there is none."""
        pending = self._flying or self._waiting
        return pending[0][0] if pending else self._last + 1

    def _lose(self, entry: Entry, reason: str) -> None:
        self.lost += entry.decisions
        self._unreported += entry.decisions
        self._why_lost = reason
        self.warn(f"Decisions are missing from the log: {reason}.")

    def _run(self) -> None:
        wait = 0.0
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                self._wake.wait_for(self._is_called if wait else self._is_worth_it, timeout=wait or LINGER_S)
                self._flying = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._wake.notify_all()  # there is room again
                losses, why = self._unreported, self._why_lost
            failure = ""
            refused: Sequence[tuple[Entry, str]] = ()
            try:
                refused = self._store([entry for _, entry in self._flying], losses, why)
            except LogUnavailable as error:
                failure = str(error)
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a driver raises
                failure = f"The decision log cannot be written: {type(error).__name__}: {error}."
            with self._wake:
                flying, self._flying = self._flying, []
                if not failure:
                    wait, self._stuck = 0.0, False
                    self._unreported -= losses
                    for entry, reason in refused:
                        self._lose(entry, reason)
                elif self._closing:
                    for _, entry in [*flying, *self._waiting]:
                        self._lose(entry, f"the log could not be written before it was closed ({failure})")
                    self._waiting.clear()
                else:
                    wait = min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, 2 * wait))
                    self._failures += 1
                    self._stuck = True
                    self._failure = failure
                    self.warn(f"{failure} It is tried again; nothing is lost yet.")
                    self._waiting.extendleft(reversed(flying))
                    while len(self._waiting) > self._capacity:
                        self._lose(self._waiting.popleft()[1], failure)
                self._wake.notify_all()
