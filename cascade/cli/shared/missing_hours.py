"""Missing hours: observations that were drawn and not made, by task, hour and reason, as the log counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cascade.cli.shared.terminal import warn
from cascade.errors import DataError

if TYPE_CHECKING:
    from cascade.log.log import Log

MOST_MISSING = 0.05
"""Share of observations that may have been dropped; with more, what is left is no fair sample of the traffic."""

_NAMED = 5


@dataclass(slots=True, kw_only=True)
class MissingHours:
    """The dropped observations of one task."""

    seen: int = 0
    """Observations that were made."""

    hours: Counter[int] = field(default_factory=Counter)
    """Dropped ones by hour, Unix milliseconds of its begin."""

    reasons: Counter[str] = field(default_factory=Counter)
    """Dropped ones by reason: queue, budget, closing, failed."""

    @property
    def dropped(self) -> int:
        """How many were dropped."""
        return sum(self.hours.values())

    @property
    def share(self) -> float:
        """The share that was dropped, in [0, 1]."""
        return self.dropped / (self.dropped + self.seen) if self.dropped else 0.0

    @property
    def too_many(self) -> bool:
        """Whether so many were dropped that the rest is no fair sample."""
        return self.share > MOST_MISSING

    def sentence(self) -> str:
        """Return how many were dropped, why, and in which hours most."""
        worst = self.hours.most_common(_NAMED)
        named = ", ".join(f"{datetime.fromtimestamp(hour / 1000, UTC):%Y-%m-%d %H:00} ({n:,})" for hour, n in worst)
        why = ", ".join(f"{reason} {n:,}" for reason, n in self.reasons.most_common())
        return (
            f"{self.dropped:,} observations were dropped ({100 * self.share:.1f} %; {why}), most in the hours "
            f"{named} UTC"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; hours as ISO 8601."""
        hours = {datetime.fromtimestamp(hour / 1000, UTC).isoformat(): n for hour, n in sorted(self.hours.items())}
        return {"observed": self.seen, "dropped": self.dropped, "hours": hours, "reasons": dict(self.reasons)}


def count_missing(log: Log, tasks: Sequence[str] | None) -> dict[str, MissingHours]:
    """Count what a log's observations lack, by task; tasks without any observation are left out.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    from sqlalchemy import func, select

    from cascade.log.tables import observations, unobserved

    found: dict[str, MissingHours] = {}
    columns = unobserved.c
    made = select(observations.c.task, func.count()).group_by(observations.c.task)
    lost = select(columns.task, columns.at_ms, columns.reason, func.sum(columns.n))
    with log.reading() as connection:
        for task, n in connection.execute(made):
            found.setdefault(task, MissingHours()).seen = int(n)
        for task, at_ms, reason, n in connection.execute(lost.group_by(columns.task, columns.at_ms, columns.reason)):
            one = found.setdefault(task, MissingHours())
            one.hours[int(at_ms)] += int(n)
            one.reasons[str(reason)] += int(n)
    return {task: one for task, one in sorted(found.items()) if tasks is None or task in tasks}


def require_hours(log: Log, tasks: Sequence[str] | None) -> None:
    """Check that few observations were dropped, and name the hours in which some were.

    Raises:
        DataError: too many were dropped.
        LogUnavailable: the log cannot be read.
    """
    for task, one in count_missing(log, tasks).items():
        if one.too_many:
            message = (
                f"{task}: {one.sentence()}; at most {100 * MOST_MISSING:.0f} % were expected, since what is left is "
                "no fair sample. Raise `observe: max_usd_per_day`, `queue` or `concurrency`, or lower `share`, and "
                "observe anew."
            )
            raise DataError(message)
        if one.dropped:
            warn(f"{task}: {one.sentence()}.")
