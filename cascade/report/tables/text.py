"""Terminal output of a report: one screen, or all of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table as RichTable
from rich.text import Text

from cascade.report.tables.table import key_figures, segment_table, task_tables
from cascade.report.tables.task_table import task_table
from cascade.report.values.content import Report, TaskReport
from cascade.report.values.finding import MOST_SHOWN
from cascade.report.values.format_numbers import count, percent, terminal
from cascade.report.values.rows import Table

STYLES = {"good": "bold green", "bad": "bold red", "plain": "bold"}
"""Style of a line or figure by its tone."""


class OneScreen:
    """A report on one screen: its line, a row a task (of one task its key figures), what there is to do."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render for the width of the terminal; logged text is sanitised."""
        report = self._report
        yield _heading(report)
        yield Text(terminal(report.line.text), style=STYLES[report.line.tone])
        if len(report.tasks) == 1:
            yield Text()
            yield from (_figures(task) for task in report.tasks.values())
        elif report.tasks:
            yield _drawn(task_table(report, options.max_width))
        segments = segment_table(report)
        if segments is not None:
            yield _drawn(segments)
        if report.findings:
            yield Text()
            yield _to_do(report)
        yield Text()
        for words in _closing(report):
            yield Text(terminal(words), style="dim")


def rendered(report: Report, *, full: bool = False) -> RenderableType:
    """Render for rich: one screen, or every table; logged text is sanitised for the terminal."""
    return Group(*_blocks(report)) if full else OneScreen(report)


def _blocks(report: Report) -> Iterator[RenderableType]:
    yield _heading(report)
    yield Text(terminal(report.line.text), style=STYLES[report.line.tone])
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
    yield Text()
    for sentence in (*report.notes, f"Intervals have confidence {percent(report.level)}."):
        yield Text(terminal(sentence), style="dim")


def _heading(report: Report) -> Text:
    period = f"{report.since or 'the beginning'} to {report.until or 'the end'}"
    return Text(terminal(f"{report.source}: {count(report.total.n)} decisions from {period}"), style="dim")


def _to_do(report: Report) -> RichTable:
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(justify="right", style="yellow", no_wrap=True)
    grid.add_column(overflow="fold")
    for number, sentence in enumerate(islice(report.findings, MOST_SHOWN), start=1):
        grid.add_row(f"{number}.", Text(terminal(sentence)))
    return grid


def _closing(report: Report) -> Iterator[str]:
    more = len(report.findings) - MOST_SHOWN
    if more > 0:
        yield f"{count(more)} more thing{' to do is' if more == 1 else 's to do are'} in --full."
    if not report.total.n:
        yield from report.notes
        return
    footnotes = f"{count(len(report.notes))} footnote{'' if len(report.notes) == 1 else 's'}, " if report.notes else ""
    task = "" if len(report.tasks) == 1 else "--task NAME: one task. "
    yield f"--full: {footnotes}all tables. {task}--html FILE: with charts. Intervals: {percent(report.level)}."


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
