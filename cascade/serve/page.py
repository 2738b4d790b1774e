"""The live page: a report's page with a form above it, its script and style from this server and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cascade.extras import require_extra
from cascade.report.page.drawing import can_draw
from cascade.report.page.log_page import log_document
from cascade.report.page.rendering import chart_script, to_live_html
from cascade.report.queries.source import iso
from cascade.report.values.content import ByTime, Report

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Content security policy: own script, no code made from text, no other origin, no frame."""


PERIODS: dict[str, tuple[str, int | None, ByTime]] = {
    "24h": ("last 24 hours", 24 * 3600, "hour"),
    "7d": ("last 7 days", 7 * 86400, "day"),
    "30d": ("last 30 days", 30 * 86400, "day"),
    "90d": ("last 90 days", 90 * 86400, "day"),
    "all": ("everything", None, "day"),
}
"""Periods that can be chosen: in words, how many seconds, and how wide the steps are."""

DEFAULT_PERIOD = "7d"


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at."""

    period: str = DEFAULT_PERIOD
    """One of `PERIODS`."""
    task: str | None = None
    """This task only."""


def live_page(report: Report, view: View, words: str, tasks: list[str], *, counted_from_ms: int | None) -> str:
    """Return the page.

    Args:
        report: what it says.
        view: what was chosen.
        words: the period in words.
        tasks: what can be chosen.
        counted_from_ms: from when on everything is counted, where older decisions are still being counted.
    """
    document = log_document(report, drawn=can_draw(), title="Cascade dashboard")
    above: str = _form().render(
        view=view, words=words, tasks=tasks, periods={key: said for key, (said, _, _) in PERIODS.items()},
        waiting=None if counted_from_ms is None else iso(counted_from_ms)[:16].replace("T", " "),
    )  # fmt: skip
    return to_live_html(document, above=above, script="app.js")


@cache
def script() -> str:
    """Return the page's script: charts where they can be drawn, and what keeps the page up to date."""
    own = files("cascade.serve").joinpath("live.js").read_text("utf-8")
    return f"{chart_script().text}\n{own}" if can_draw() else own


@cache
def _form() -> Any:
    require_extra("serve", "jinja2", use="The dashboard")
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(files("cascade.serve").joinpath("form.html").read_text("utf-8"))
