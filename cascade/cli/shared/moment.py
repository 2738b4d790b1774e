"""Moments as people give them to a command: a date, a time, or so long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cascade.errors import ConfigError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment_of(text: str | None, option: str) -> datetime | None:
    """Read a point in time: ISO 8601, or so long ago (`90m`, `12h`, `7d`, `4w`)."""
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isdecimal() and len(number) < 6:
        return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(number)})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option} is {text!r}; a date or time such as 2026-01-31T12:00 (UTC), or 7d, 12h, 90m was expected."
        raise ConfigError(message) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
