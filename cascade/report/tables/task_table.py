"""Task table: every task as one row, and the key figures of a single one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cascade.report.values.content import Report, TaskReport
from cascade.report.values.format_numbers import NOTHING, count, dollars, interval, percent
from cascade.report.values.line import certified
from cascade.report.values.rows import Table

MOST_TASKS = 12
"""Tasks shown at once, those with most requests; JSON has all."""

Column = tuple[str, Callable[[TaskReport], str]]


def _saved(task: TaskReport) -> str:
    return percent(task.saved.share.value)


def _right(task: TaskReport) -> str:
    accuracy = task.accuracy_weighted if task.accuracy_weighted.value is not None else task.accuracy
    return interval(accuracy)


def _target(task: TaskReport) -> str:
    use = task.policies[0] if task.policies else None
    if use is None or use.promised is None:
        return NOTHING
    if use.on_target is None:
        return percent(use.promised)
    return f"{percent(use.promised)} {'missed' if use.missed else 'kept'}"


def _per_1000(task: TaskReport) -> str:
    return dollars(None if task.cost_usd_per_request is None else 1000.0 * task.cost_usd_per_request)


_COLUMNS: Sequence[Column] = (
    ("requests", lambda task: count(task.n)),
    ("escalated", lambda task: percent(task.escalation_rate.value)),
    ("target", _target),
    ("saved", _saved),
    ("per 1,000", _per_1000),
    ("right", _right),
    ("reference", lambda task: percent(task.accuracy_top)),
    ("promise", lambda task: certified(task) or NOTHING),
    ("to do", lambda task: count(len(task.findings))),
)

_FIRST_TO_GO = ("per 1,000", "reference", "promise", "target", "right", "escalated", "saved", "requests")
"""Columns that are left out where there is no room, the least important first."""


def task_table(report: Report, width: int = 1_000) -> Table:
    """Return one row a task, with the columns that a width has room for.

    Args:
        report: the report.
        width: the terminal's, in characters.
    """
    most = sorted(report.tasks, key=lambda name: -report.tasks[name].n)
    shown: Mapping[str, TaskReport] = {name: report.tasks[name] for name in most[:MOST_TASKS]}
    more = len(report.tasks) - len(shown)
    note = f"{count(more)} tasks with fewer requests are not shown." if more else ""
    words, idle = frozenset({"promise"}), frozenset({"target", "saved", "right", "reference", "promise"})
    left_out: set[str] = set()
    for name in ("", *_FIRST_TO_GO):
        left_out.add(name)
        columns = [column for column in _COLUMNS if column[0] not in left_out]
        rows = tuple((task_name, *(value(task) for _, value in columns)) for task_name, task in shown.items())
        names = ("task", *(column for column, _ in columns))
        table = Table(title="Tasks", columns=names, rows=rows, words=words, note=note, idle=idle).shown()
        if _width(table) <= width:
            break
    return table


def _width(table: Table) -> int:
    """Return the characters that a table takes, with what stands between its columns."""
    cells = zip(table.columns, *table.rows, strict=True)
    return sum(max(map(len, column)) + 3 for column in cells)
