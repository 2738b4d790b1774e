"""Figures for people, worded as in reports: shares as percent with their intervals, dollars, a block for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cascade.cli.terminal import printable, stdout


def percent(value: float | None) -> str:
    """Return a share as percent with one decimal."""
    from cascade.report.wording import percent as worded  # the report's words need numpy, and --help must not

    return worded(value)


def dollars(value: float | None) -> str:
    """Return US dollars: cents from a dollar on, three digits below."""
    from cascade.report.wording import dollars as worded

    return worded(value)


def share(found: Mapping[str, float | None] | None) -> str:
    """Return `{value, low, high}` as percent with its interval."""
    value, low, high = (None if found is None else found.get(key) for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return percent(value)
    return f"{percent(value)} ({100 * low:.1f}–{percent(high)})"


def show_blocks(title: str, blocks: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Print a block of named figures for each task, on stdout."""
    from rich.table import Table

    console = stdout()
    for name, rows in blocks.items():
        console.print(f"{title} {printable(name)}", style="bold", markup=False, highlight=False)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for heading, text in rows:
            grid.add_row(f"  {heading}", printable(text))
        console.print(grid, markup=False, highlight=False)
