"""Figures for people, worded as in reports: shares as percent with their intervals, dollars, a block for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cascade.cli.shared.terminal import printable, stdout
from cascade.display.numbers import dollars, percent, span


def share(found: Mapping[str, float | None] | None) -> str:
    """Return `{value, low, high}` as percent with its interval."""
    value, low, high = (None if found is None else found.get(key) for key in ("value", "low", "high"))
    return span(value, low, high)


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


__all__ = ["dollars", "percent", "share", "show_blocks"]
