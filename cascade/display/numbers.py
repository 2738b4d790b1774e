"""Number formats: shares, dollars, durations and counts for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTHING = "–"
"""Placeholder for a missing number."""


def percent(value: float | None) -> str:
    """Format a share: 24.1 %."""
    if value is None:
        return NOTHING
    return f"{signed(100 * value, '.1f')} %"


def signed(value: float, form: str) -> str:
    """Format a number with a minus sign, not a hyphen, and none before a zero."""
    text = f"{value:{form}}"
    return text.removeprefix("-") if float(text) == 0.0 else text.replace("-", "−")


def span(value: float | None, low: float | None, high: float | None) -> str:
    """Format a share with its interval: 24.1 % (22.0–26.3 %)."""
    if value is None or low is None or high is None:
        return percent(value)
    between = f"{signed(100 * low, '.1f')}–{signed(100 * high, '.1f')}" if low >= 0.0 else _apart(low, high)
    return f"{signed(100 * value, '.1f')} % ({between} %)"


def _apart(low: float, high: float) -> str:
    """Format the ends of an interval of which one is negative: a dash between them would read as a sign."""
    return f"{signed(100 * low, '.1f')} to {signed(100 * high, '.1f')}"


def share(found: Mapping[str, float | None] | None) -> str:
    """Format `{value, low, high}` as a share with its interval."""
    value, low, high = (None if found is None else found.get(key) for key in ("value", "low", "high"))
    return span(value, low, high)


def dollars(value: float | None) -> str:
    """Format US dollars: cents from a dollar on, three digits below, as a power of ten below a billionth."""
    if value is None:
        return NOTHING
    sign, size = ("−" if value < 0 else ""), abs(value)
    if size == 0:
        return "$0"
    if size < 1e-9:
        return f"{sign}${size:.2e}"
    if size >= 1:
        return f"{sign}${size:,.2f}"
    digits = max(2, 2 - int(f"{size:e}".partition("e")[2]))
    return f"{sign}${size:.{digits}f}"


def duration(value: float | None) -> str:
    """Format seconds: 2.4 ms, 0.24 s, 12 s."""
    if value is None:
        return NOTHING
    if value < 0.1:
        return f"{1000 * value:.1f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def waiting(hours: float) -> str:
    """Format hours that something takes to come: 5 min, 3.2 h, 2.5 days."""
    if hours < 1.0:
        return f"{max(1, round(60.0 * hours))} min"
    return f"{hours:.1f} h" if hours < 48.0 else f"{hours / 24.0:.1f} days"


def added_words(found: Mapping[str, Any]) -> str:
    """Return quantiles of added latency (`p50_s`, `p95_s`): p50 −0.40 s, p95 +1.20 s."""
    parts = ((name, found[f"{name}_s"]) for name in ("p50", "p95"))
    return ", ".join(f"{name} {'−' if value < 0.0 else '+'}{duration(abs(value))}" for name, value in parts)


def count(value: int) -> str:
    """Format a count: 12,345."""
    return f"{value:,}"


def failure_words(rung: str, kinds: Mapping[str, int], reached: int) -> str:
    """Format what fell over: small failed on 30 of 30 requests: connect.

    Args:
        rung: the rung.
        kinds: its failed calls by kind, the most frequent first; three are named.
        reached: the requests that reached it.
    """
    named = ", ".join(kind if len(kinds) == 1 else f"{kind} {count(n)}" for kind, n in list(kinds.items())[:3])
    return f"{rung} failed on {count(sum(kinds.values()))} of {count(reached)} requests: {named}"
