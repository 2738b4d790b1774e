"""Progress on stderr: a bar with done/total, cost and time left on a terminal; periodic lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cascade.cli.shared.terminal import dollars, say, speaks_in_events, stderr

Report = Callable[[int, float], None]
"""Callback with the number of items done and the US dollars spent so far."""

MANY = 100_000
"""Number of items from which free work is reported to a log file: it takes minutes."""


@contextmanager
def progress(label: str, total: int | None, *, costs: bool = True) -> Iterator[Report]:
    """Show the progress of a long operation; the first report sets where it starts.

    Args:
        label: name of the operation.
        total: number of items; None if unknown.
        costs: whether it spends money.
    """
    if not sys.stderr.isatty() or speaks_in_events():
        # Free work mostly takes seconds: in a log file it would be noise.
        shown = total is not None and (costs or total >= MANY)
        yield _lines(label, total or 0, costs=costs) if shown else lambda _done, _spent: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    with Progress(
        *columns, *([TextColumn("{task.fields[cost]}")] if costs else []), TimeRemainingColumn(), console=stderr()
    ) as bar:
        task = bar.add_task(label, total=None, cost=dollars(0))

        def report(done: int, spent_usd: float) -> None:
            # The bar starts where an earlier run ended, so the time left is estimated from this run alone.
            if bar.tasks[0].total is None:
                bar.reset(task, total=total, completed=done)
            bar.update(task, completed=done, cost=dollars(spent_usd))

        yield report


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


def _lines(label: str, total: int, *, costs: bool) -> Report:
    last = -1

    def report(done: int, spent_usd: float) -> None:
        nonlocal last
        tenth = 10 if total == 0 else done * 10 // total
        if tenth > last:
            last = tenth
            say(f"{label}: {done}/{total}" + (f", {dollars(spent_usd)} so far" if costs else ""))

    return report
