"""Notebook output of a report: findings, figures and tables."""

from __future__ import annotations

from cascade.display.sheet import Grid, Sheet
from cascade.report.tables.table import key_figures, segment_table, task_tables
from cascade.report.values.content import Report
from cascade.report.values.format_numbers import count, percent
from cascade.report.values.rows import Table


def report_sheet(report: Report) -> Sheet:
    """Return a report's sheet."""
    parts: list[Grid | Sheet] = [
        Sheet(
            title=name,
            facts=tuple(key_figures(task)),
            parts=tuple(_grid(table) for table in task_tables(task, report.by_time)),
        )
        for name, task in report.tasks.items()
    ]
    if len(report.tasks) > 1:
        parts.append(Sheet(title="all tasks", facts=tuple(key_figures(report.total))))
    segments = segment_table(report)
    parts += [] if segments is None else [_grid(segments)]
    period = f"{report.since or 'the beginning'} to {report.until or 'the end'}"
    return Sheet(
        title=f"{report.source}: {count(report.total.n)} decisions from {period}",
        parts=tuple(parts),
        notes=(
            report.line.text,
            *report.findings,
            *report.notes,
            f"Intervals have confidence {percent(report.level)}.",
        ),
    )


def _grid(table: Table) -> Grid:
    return Grid(title=table.title, columns=table.columns, rows=table.rows, note=table.note)
