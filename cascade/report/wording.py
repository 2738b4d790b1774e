"""Wording: numbers as people read them, and foreign text made harmless for terminals and markdown."""

from __future__ import annotations

import re

from cascade.foreign_text import one_line
from cascade.report.figure import Figure

NOTHING = "–"
"""Where there is no figure."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$#])")


def percent(value: float | None) -> str:
    """Say a share: 24.1 %."""
    if value is None:
        return NOTHING
    return f"{100 * value:.1f} %"


def interval(figure: Figure) -> str:
    """Say a share with its interval: 24.1 % (22.0–26.3 %)."""
    if figure.value is None or figure.low is None or figure.high is None:
        return NOTHING
    return f"{100 * figure.value:.1f} % ({100 * figure.low:.1f}–{100 * figure.high:.1f} %)"


def estimate(figure: Figure) -> str:
    """Say a share with its interval and n: 24.1 % (22.0–26.3 %, n = 1,613)."""
    if figure.value is None:
        return NOTHING
    return f"{interval(figure)[:-1]}, n = {figure.n:,})"


def dollars(value: float | None) -> str:
    """Say US dollars: cents from a dollar on, three digits below."""
    if value is None:
        return NOTHING
    sign, size = ("−" if value < 0 else ""), abs(value)
    if size == 0:
        return "$0"
    if size >= 1:
        return f"{sign}${size:,.2f}"
    digits = max(2, 2 - _exponent(size))
    return f"{sign}${size:.{digits}f}"


def duration(value: float | None) -> str:
    """Say seconds: 2.4 ms, 0.24 s, 12 s."""
    if value is None:
        return NOTHING
    if value < 0.1:
        return f"{1000 * value:.1f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def count(value: int) -> str:
    """Say a count: 12,345."""
    return f"{value:,}"


def terminal(text: str) -> str:
    r"""Return foreign text with all that could steer a terminal shown instead: \x1b, line ends, direction marks."""
    return one_line(text)


def markdown(text: str) -> str:
    """Return foreign text so that markdown shows it as it is, on one line: no markup, no HTML."""
    return _SPECIAL.sub(r"\\\1", terminal(text))


def _exponent(size: float) -> int:
    return int(f"{size:e}".partition("e")[2])
