"""Markdown output of a report, for pull requests, wikis and mail."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.report.tables.table import key_figures, segment_table, task_tables
from cascade.report.values.content import Report, TaskReport
from cascade.report.values.format_numbers import count, markdown, percent
from cascade.report.values.rows import Table


def written(report: Report) -> str:
    """Render a report as GitHub-flavoured Markdown; logged text is escaped."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# Cascade report"
    yield ""
    period = f"{report.since or 'the beginning'} to {report.until or 'the end'}"
    yield markdown(f"{report.source}: {count(report.total.n)} decisions from {period}. ") + (
        f"Intervals have confidence {percent(report.level)}."
    )
    yield ""
    yield f"**{markdown(report.line.text)}**"
    yield ""
    if report.findings:
        yield "## To do"
        yield ""
        yield from (f"- {markdown(sentence)}" for sentence in report.findings)
        yield ""
    for name, task in report.tasks.items():
        yield f"## {markdown(name)}"
        yield ""
        yield from _figures(task)
        for table in task_tables(task, report.by_time):
            yield from _drawn(table)
    if len(report.tasks) > 1:
        yield "## All tasks"
        yield ""
        yield from _figures(report.total)
    segments = segment_table(report)
    if segments is not None:
        yield from _drawn(segments)
    if report.notes:
        yield "## Footnotes"
        yield ""
        yield from (f"- {markdown(sentence)}" for sentence in report.notes)


def _figures(task: TaskReport) -> Iterator[str]:
    for name, words in key_figures(task):
        yield f"- **{name}**: {markdown(words)}"
    yield ""


def _drawn(table: Table) -> Iterator[str]:
    yield f"### {markdown(table.title)}"
    yield ""
    yield _row(table.columns)
    yield _rule(table)
    yield from (_row(row) for row in table.rows)
    yield ""
    if table.note:
        yield markdown(table.note)
        yield ""


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(markdown(cell) for cell in cells) + " |"


def _rule(table: Table) -> str:
    marks = (":--" if index == 0 or name in table.words else "--:" for index, name in enumerate(table.columns))
    return "| " + " | ".join(marks) + " |"
