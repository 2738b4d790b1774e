"""Terminal output of a report."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table as RichTable
from rich.text import Text

from cascade.report.tables.table import key_figures, segment_table, task_tables
from cascade.report.values.content import Report, TaskReport
from cascade.report.values.format_numbers import count, percent, terminal
from cascade.report.values.rows import Table


def rendered(report: Report) -> Group:
    """Render a report for rich; logged text is sanitised for the terminal."""
    return Group(*_blocks(report))


def _blocks(report: Report) -> Iterator[RenderableType]:
    period = f"{report.since or 'the beginning'} to {report.until or 'the end'}"
    yield Text(terminal(f"{report.source}: {count(report.total.n)} decisions from {period}"), style="bold")
    yield Text(f"Intervals have confidence {percent(report.level)}.", style="dim")
    for sentence in report.findings:
        yield Padding(Text(terminal(sentence), style="yellow"), (0, 0, 0, 2))
    for name, task in report.tasks.items():
        yield Text()
        yield Rule(Text(terminal(name), style="bold"), align="left")
        yield from _task(task, report.by_time)
    if len(report.tasks) > 1:
        yield Text()
        yield Rule(Text("all tasks", style="bold"), align="left")
        yield _figures(report.total)
    table = segment_table(report)
    if table is not None:
        yield Text()
        yield _drawn(table)


def _task(task: TaskReport, by_time: str) -> Iterator[RenderableType]:
    yield _figures(task)
    for table in task_tables(task, by_time):
        yield Text()
        yield _drawn(table)


def _figures(task: TaskReport) -> RichTable:
    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, words in key_figures(task):
        grid.add_row(Text(name), Text(terminal(words)))
    return grid


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(
        title=Text(terminal(table.title), style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
        caption=Text(terminal(table.note), style="dim") if table.note else None, caption_justify="left",
    )  # fmt: skip
    for index, name in enumerate(table.columns):
        text = index == 0 or name in table.words
        drawn.add_column(Text(terminal(name)), justify="left" if text else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(terminal(cell)) for cell in row))
    return drawn
