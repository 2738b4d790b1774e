"""Document: the content of an HTML page, independent of its source; `rendering` renders it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cascade.report.values.case import Case
from cascade.report.values.content import Line, Tone
from cascade.report.values.rows import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One of the headline figures."""

    name: str
    """Name of the figure."""
    value: str
    """The estimate."""
    detail: str
    """Its interval, n and reference value."""
    tone: Tone = "plain"
    """Its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart with its table and advice; each part is optional."""

    id: str
    """Its anchor, unique on the page."""
    title: str
    """Title."""
    text: str = ""
    """How to read it: marks, n, kind of interval."""
    chart: Mapping[str, Any] | None = None
    """Vega-Lite specification; None if absent or charts cannot be drawn."""
    second: Mapping[str, Any] | None = None
    """A second chart below it."""
    tables: tuple[Table, ...] = ()
    """The same figures as tables; collapsed if there is a chart."""
    open_first: bool = False
    """True if the first table is always shown."""
    advice: str = ""
    """What the figures say."""
    do: bool = True
    """Whether `advice` is something to do."""
    missing: str = ""
    """If there is nothing to show: the missing data, and how to get it."""
    cases: Mapping[str, tuple[Case, ...]] | None = None
    """Single requests, by kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Section of one task, or of all tasks."""

    id: str
    """Its anchor, unique on the page."""
    title: str
    """Title."""
    figures: tuple[KeyFigure, ...] = ()
    """Headline figures."""
    line: Line | None = None
    """The section in one line; None: it has none."""
    findings: tuple[str, ...] = ()
    """Findings with their remedies."""
    missing: str = ""
    """What is not shown here for want of data, and how to get it."""
    folded: bool = False
    """True if it is closed until somebody opens it."""
    panels: tuple[Panel, ...] = ()
    """In reading order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Content of a page."""

    title: str
    """Title."""
    subtitle: str
    """Source and period."""
    sections: tuple[Section, ...]
    """In reading order."""
    notes: tuple[str, ...] = ()
    """Notes on all figures, at the end."""
