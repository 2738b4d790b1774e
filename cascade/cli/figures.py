"""Figures in tables for people: shares as percent, with their intervals; a dash where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping

from cascade.cli.terminal import dollars

DASH = "—"


def percent(value: float | None) -> str:
    """Return a share as percent with one decimal."""
    return DASH if value is None else f"{100 * value:.1f} %"


def share(found: Mapping[str, float | None] | None) -> str:
    """Return `{value, low, high}` as percent with its interval."""
    if found is None or found.get("value") is None:
        return DASH
    low, high = found.get("low"), found.get("high")
    return percent(found["value"]) + ("" if low is None else f" ({percent(low)} to {percent(high)})")


def dollars_or_dash(value: float | None) -> str:
    """Return US dollars."""
    return DASH if value is None else dollars(value)
