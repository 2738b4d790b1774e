"""Progress on stderr: a bar with done/total, rate, cost and time left on a terminal; periodic lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from cascade.cli.shared.terminal import dollars, percent, say, speaks_in_events, stderr

MANY = 100_000
"""Number of items from which free work is reported to a log file: it takes minutes."""


class Report(Protocol):
    """Callback that shows how far an operation is."""

    def __call__(self, done: int, spent_usd: float, escalated: float | None = None, /) -> None:
        """Show the number of items done, the US dollars spent so far, and the share that was escalated, if known."""


@contextmanager
def progress(label: str, total: int | None, *, costs: bool = True) -> Iterator[Report]:
    """Show the progress of a long operation; the first report sets where it starts.

    Args:
        label: name of the operation.
        total: number of items; None if unknown.
        costs: whether it spends money; then rate, cost and escalation are shown too.
    """
    if not sys.stderr.isatty() or speaks_in_events():
        # Free work mostly takes seconds: in a log file it would be noise.
        shown = costs or (total is not None and total >= MANY)
        yield _lines(label, total, costs=costs) if shown else lambda _done, _spent, _escalated=None: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    with Progress(
        *columns, *([TextColumn("{task.fields[figures]}")] if costs else []), TimeRemainingColumn(), console=stderr()
    ) as bar:
        task, pace = bar.add_task(label, total=None, figures=""), Pace()

        def report(done: int, spent_usd: float, escalated: float | None = None, /) -> None:
            # The bar starts where an earlier run ended, so the time left is estimated from this run alone.
            if pace.rate(done) is None:
                bar.reset(task, total=total, completed=done)
            bar.update(task, completed=done, figures=_figures(spent_usd, None, pace.rate(done), escalated))

        yield report


class Pace:
    """Rate of an operation since its first report."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start: tuple[int, float] | None = None

    def rate(self, done: int) -> float | None:
        """Return the items a second so far; None at the first report."""
        now = self._clock()
        if self._start is None:
            self._start = done, now
        items, seconds = done - self._start[0], now - self._start[1]
        return items / seconds if items > 0 and seconds > 0 else None


def _figures(spent_usd: float, left_s: float | None, rate: float | None, escalated: float | None) -> str:
    figures = [dollars(spent_usd)]
    if left_s is not None:
        figures.append(f"{_duration(left_s)} left")
    if rate is not None:
        figures.append(f"{rate:.3g} rows/s" if rate < 1000 else f"{rate:,.0f} rows/s")
    if escalated is not None:
        figures.append(f"{percent(escalated)} escalated")
    return f"{', '.join(figures)} so far"


def _lines(label: str, total: int | None, *, costs: bool) -> Report:
    last, pace = -1, Pace()

    def report(done: int, spent_usd: float, escalated: float | None = None, /) -> None:
        nonlocal last
        rate = pace.rate(done)
        step = _step(done) if total is None else 10 if total == 0 else done * 10 // total
        if step <= last:
            return
        last = step
        left_s = None if rate is None or total is None or done >= total else (total - done) / rate
        count = f"{done}" if total is None else f"{done}/{total}"
        say(f"{label}: {count}, {_figures(spent_usd, left_s, rate, escalated)}" if costs else f"{label}: {count}")

    return report


def _step(done: int) -> int:
    """Return a number that grows with each doubling, so that lines get rarer where the end is not known."""
    return done.bit_length()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def summed(report: Report) -> Callable[[str, int, int], None]:
    """Return a callback that sums the progress of all tasks into one bar."""
    done_by_task: dict[str, int] = {}
    done = 0

    def moved(task: str, own: int, _total: int) -> None:
        nonlocal done
        done += own - done_by_task.get(task, 0)
        done_by_task[task] = own
        report(done, 0.0)

    return moved
