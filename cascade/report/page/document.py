"""Document: what an HTML page shows, wherever its figures come from; `rendering` makes it a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cascade.report.values.case import Case
from cascade.report.values.rows import Table

Tone = Literal["plain", "good", "bad"]
"""Whether a figure is as it should be; always said in words, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One of the few figures that are read first."""

    name: str
    """What it is of."""
    value: str
    """The estimate."""
    detail: str
    """Its interval, n, and what it is held against."""
    tone: Tone = "plain"
    """Whether that is as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart with its figures as a table, and what to do about it; each part may be missing."""

    id: str
    """Its anchor, unique on the page."""
    title: str
    """What it shows."""
    text: str = ""
    """How to read it: what the marks are, n, what kind of interval."""
    chart: Mapping[str, Any] | None = None
    """A Vega-Lite specification; None: there is nothing to draw, or nothing to draw with."""
    second: Mapping[str, Any] | None = None
    """Another one below it."""
    tables: tuple[Table, ...] = ()
    """The same figures in rows; folded away where there is a chart."""
    open_first: bool = False
    """True where the first table is a statement of its own, which is always shown."""
    advice: str = ""
    """What to do about it."""
    missing: str = ""
    """What is missing for it and how to get it, where nothing can be shown."""
    cases: Mapping[str, tuple[Case, ...]] | None = None
    """Requests to show one by one, by what makes them worth it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One task, or what is said over all of them."""

    id: str
    """Its anchor, unique on the page."""
    title: str
    """Whose figures."""
    figures: tuple[KeyFigure, ...] = ()
    """The line that is read first."""
    findings: tuple[str, ...] = ()
    """What is unusual and what to do."""
    panels: tuple[Panel, ...] = ()
    """In the order in which they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A page."""

    title: str
    """What it is."""
    subtitle: str
    """Of what, from when to when."""
    sections: tuple[Section, ...]
    """In the order in which they are read."""
    notes: tuple[str, ...] = ()
    """What holds for all figures; stands at the end."""
