"""Live page: a report's page with a filter form; script and style come only from this server."""

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
"""Content security policy: own script, no eval, no other origin, no frame."""


PERIODS: dict[str, tuple[str, int | None, ByTime]] = {
    "24h": ("last 24 hours", 24 * 3600, "hour"),
    "7d": ("last 7 days", 7 * 86400, "day"),
    "30d": ("last 30 days", 30 * 86400, "day"),
    "90d": ("last 90 days", 90 * 86400, "day"),
    "all": ("everything", None, "day"),
}
"""Periods to choose from: label, length in seconds, width of the steps."""

DEFAULT_PERIOD = "7d"


@dataclass(frozen=True, slots=True)
class View:
    """Filter of a page."""

    period: str = DEFAULT_PERIOD
    """One of `PERIODS`."""
    task: str | None = None
    """This task only."""


def live_page(report: Report, view: View, words: str, tasks: list[str], *, counted_from_ms: int | None) -> str:
    """Return the page.

    Args:
        report: the report to show.
        view: the current filter.
        words: label of the period.
        tasks: the tasks to choose from.
        counted_from_ms: start of the complete counts; None if all decisions are counted.
    """
    document = log_document(report, drawn=can_draw(), title="Cascade dashboard")
    above: str = _form().render(
        view=view, words=words, tasks=tasks, periods={key: said for key, (said, _, _) in PERIODS.items()},
        waiting=None if counted_from_ms is None else iso(counted_from_ms)[:16].replace("T", " "),
    )  # fmt: skip
    return to_live_html(document, above=above, script="app.js")


@cache
def script() -> str:
    """Return the page's script: charts, if they can be drawn, and the refresh loop."""
    own = files("cascade.serve").joinpath("live.js").read_text("utf-8")
    return f"{chart_script().text}\n{own}" if can_draw() else own


@cache
def _form() -> Any:
    require_extra("serve", "jinja2", use="The dashboard")
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(files("cascade.serve").joinpath("form.html").read_text("utf-8"))
