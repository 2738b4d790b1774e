"""Number formats of reports, and untrusted text escaped for terminals and Markdown."""

from __future__ import annotations

import re

from cascade.display.numbers import NOTHING, count, dollars, duration, percent, span
from cascade.display.sanitize import one_line
from cascade.report.values.figure import Figure

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$#])")


def interval(figure: Figure) -> str:
    """Format a share with its interval: 24.1 % (22.0–26.3 %)."""
    if figure.value is None or figure.low is None or figure.high is None:
        return NOTHING
    return span(figure.value, figure.low, figure.high)


def estimate(figure: Figure) -> str:
    """Format a share with its interval and n: 24.1 % (22.0–26.3 %, n = 1,613)."""
    if figure.value is None:
        return NOTHING
    return f"{interval(figure)[:-1]}, n = {figure.n:,})"


def terminal(text: str) -> str:
    r"""Escape untrusted text for a terminal: \x1b, line ends, direction marks."""
    return one_line(text)


def markdown(text: str) -> str:
    """Escape untrusted text for Markdown, on one line: no markup, no HTML."""
    return _SPECIAL.sub(r"\\\1", terminal(text))


__all__ = [
    "NOTHING",
    "count",
    "dollars",
    "duration",
    "estimate",
    "interval",
    "markdown",
    "percent",
    "terminal",
]
