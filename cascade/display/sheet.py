"""Sheet: the display of a value as figures and small tables, the same in a notebook and in a terminal.

Result, Policy, Report and Replay have one; it imports neither rich nor a notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from cascade.display.sanitize import one_line, printable
from cascade.redaction import shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_CHARACTERS = 2_000
"""Maximum characters of one cell; a notebook stores its output."""

# Colours come from the page, for light and dark themes; styles are inline, since pages that show notebooks strip
# style sheets.
_LINE = "border-bottom:1px solid rgba(128,128,128,.35);"
_CELL = f'style="{_LINE}padding:.15em .8em .15em 0;text-align:left;vertical-align:top;background:none"'
_FAINT = 'style="opacity:.75;margin:.3em 0"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A small table."""

    columns: tuple[str, ...]
    """Headings."""

    rows: tuple[tuple[str, ...], ...]
    """Cells as text, as many as columns in each."""

    title: str = ""
    """Title above the table."""

    note: str = ""
    """Note below the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A heading, named figures, tables; texts may be untrusted."""

    title: str
    """The heading."""

    facts: tuple[tuple[str, str], ...] = ()
    """Named figures, in order."""

    parts: tuple[Grid | Sheet, ...] = ()
    """Tables or nested sheets after them."""

    notes: tuple[str, ...] = ()
    """Notes at the end."""

    def html(self) -> str:
        """Render as an HTML fragment, escaped: no scripts, no addresses, no style sheet."""
        parts = [f"<div><strong>{_escaped(self.title)}</strong>"]
        if self.facts:
            rows = "".join(
                f'<tr style="background:none"><td {_CELL}>{_escaped(name)}</td><td {_CELL}>{_escaped(text)}</td></tr>'
                for name, text in self.facts
            )
            parts.append(f"<table><tbody>{rows}</tbody></table>")
        parts += [part.html() if isinstance(part, Sheet) else _table(part) for part in self.parts]
        parts += [f"<p {_FAINT}>{_escaped(note)}</p>" for note in self.notes]
        return "".join([*parts, "</div>"])

    def rendered(self) -> RenderableType:
        """Render for rich; all text is sanitised for the terminal."""
        from rich.console import Group
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        lines: list[RenderableType] = [Text(one_line(_cut(self.title)), style="bold")]
        if self.facts:
            grid = Table.grid(padding=(0, 2))
            grid.add_column(style="dim", no_wrap=True)
            grid.add_column(overflow="fold")
            for name, text in self.facts:
                grid.add_row(Text(one_line(name)), Text(printable(_cut(text))))
            lines.append(Padding(grid, (0, 0, 0, 2)))
        lines += [part.rendered() if isinstance(part, Sheet) else _drawn(part) for part in self.parts]
        lines += [Text(one_line(_cut(note)), style="dim") for note in self.notes]
        return Group(*lines)


def _drawn(grid: Grid) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(one_line(_cut(grid.title))) if grid.title else None,
                  title_justify="left", caption=Text(one_line(_cut(grid.note))) if grid.note else None,
                  caption_justify="left")  # fmt: skip
    for column in grid.columns:
        drawn.add_column(Text(one_line(column)), overflow="fold")
    for row in grid.rows:
        drawn.add_row(*(Text(one_line(_cut(cell))) for cell in row))
    return drawn


def _table(grid: Grid) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        inside = "".join(f"<{tag} {_CELL}>{_escaped(cell)}</{tag}>" for cell in cells)
        return f'<tr style="background:none">{inside}</tr>'

    title = f"<p><em>{_escaped(grid.title)}</em></p>" if grid.title else ""
    note = f"<p {_FAINT}>{_escaped(grid.note)}</p>" if grid.note else ""
    rows = "".join(line("td", row) for row in grid.rows)
    return f"{title}<table><thead>{line('th', grid.columns)}</thead><tbody>{rows}</tbody></table>{note}"


def _escaped(text: Any) -> str:
    return escape(printable(_cut(str(text)))).replace("\n", "<br>")


def _cut(text: str) -> str:
    """Redact secrets and truncate a text."""
    return shortened(text, MOST_CHARACTERS)
