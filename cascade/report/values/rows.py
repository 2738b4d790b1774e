"""Table: headings and cells of plain text, for terminal, Markdown and page alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cascade.report.values.format_numbers import NOTHING

_IDLE = frozenset({"0", "0.0 %", "$0", NOTHING, ""})
"""Cell texts that mean nothing happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table; cells may hold untrusted text, which the renderer escapes."""

    title: str
    """Title."""

    columns: tuple[str, ...]
    """Headings; the first column is text, and so are those named in `words`."""

    rows: tuple[tuple[str, ...], ...]
    """Cells."""

    words: frozenset[str] = frozenset()
    """Columns that are aligned as text."""

    note: str = ""
    """Note below it."""

    idle: frozenset[str] = frozenset()
    """Columns that are hidden if every cell is idle, to save width."""

    def shown(self) -> Table:
        """Return the table without its idle columns."""
        keep = [
            index
            for index, name in enumerate(self.columns)
            if name not in self.idle or any(row[index] not in _IDLE for row in self.rows)
        ]
        columns = tuple(self.columns[index] for index in keep)
        return replace(self, columns=columns, rows=tuple(tuple(row[index] for index in keep) for row in self.rows))
