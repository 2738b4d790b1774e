"""Live: a log's report, refreshed by one thread, and a cache of its pages."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Self

from cascade.errors import CascadeError
from cascade.log import Log
from cascade.report.queries.rollup import Rollup
from cascade.report.values.content import Report
from cascade.serve.page import PERIODS, View, live_page

MOST_PAGES = 24
"""Maximum number of cached pages; the most recently used stay."""

PAUSE_S = 2.0
"""Seconds between two refreshes from the log."""

_said = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """A rendered page."""

    version: tuple[int, int]
    """Version of the figures, and the minute: periods move with the clock."""
    report: Report
    """The report."""
    html: str
    """The HTML."""


class Live:
    """Pages of one log; thread-safe. A context manager: the refresh thread runs inside it."""

    def __init__(self, log: Log, *, clock: Any = time.time) -> None:
        self._rollup = Rollup(log)
        self._clock = clock
        self._lock = threading.Lock()
        self._pages: OrderedDict[View, Made] = OrderedDict()
        self._making: dict[View, threading.Lock] = {}
        self._ended = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="cascade-dashboard", daemon=True)
        self.trouble: str | None = None
        """Error of the last refresh; None if it succeeded."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def tasks(self) -> list[str]:
        """The tasks to choose from."""
        with self._lock:
            return self._rollup.tasks

    def made(self, view: View) -> Made:
        """Return a page, stale-while-revalidate: a cached page at once, while a newer one is rendered."""
        self._ready.wait(timeout=30.0)
        kept = self._pages.get(view)
        making = self._making.setdefault(view, threading.Lock())
        if kept is not None and (kept.version == self._version(view) or not making.acquire(blocking=False)):
            return kept
        if kept is None:
            making.acquire()
            again = self._pages.get(view)
            if again is not None:
                making.release()
                return again
            try:
                return self._make(view)
            finally:
                making.release()
        threading.Thread(target=self._make_later, args=(view, making), daemon=True).start()
        return kept

    def _make_later(self, view: View, making: threading.Lock) -> None:
        try:
            self._make(view)
        except CascadeError as error:
            self.trouble = str(error)
        finally:
            making.release()

    def _make(self, view: View) -> Made:
        words, seconds, by_time = PERIODS[view.period]
        version = self._version(view)
        since_ms = None if seconds is None else int((self._now() - seconds) * 1000)
        with self._lock:
            report = self._rollup.report(since_ms=since_ms, task=view.task, by_time=by_time)
            counted_from, tasks = self._rollup.counted_from_ms, self._rollup.tasks
        waiting = counted_from is not None and (since_ms is None or counted_from > since_ms)
        html = live_page(report, view, words, tasks, counted_from_ms=counted_from if waiting else None)
        made = Made(version=version, report=report, html=html)
        self._pages[view] = made
        self._pages.move_to_end(view)
        while len(self._pages) > MOST_PAGES:
            self._making.pop(self._pages.popitem(last=False)[0], None)
        return made

    def _version(self, view: View) -> tuple[int, int]:
        moving = PERIODS[view.period][1] is not None
        return self._rollup.version, int(self._now() // 60) if moving else 0

    def _now(self) -> float:
        return float(self._clock())

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                with self._lock:
                    done = self._rollup.refresh(budget_s=0.5)
                self.trouble = None
            except CascadeError as error:
                done = True
                if self.trouble != str(error):
                    _said.warning("%s", error)
                self.trouble = str(error)
            self._ready.set()
            # A waiting thread gets the lock between two batches of older days.
            self._ended.wait(PAUSE_S if done else 0.01)
