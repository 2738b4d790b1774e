"""LabelQueue: a drawn share of decisions whose texts the log keeps for some days, so that they can be labelled."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.errors import ConfigError
from cascade.hashing import unit

DAY_MS = 24 * 60 * 60 * 1000
"""Milliseconds of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelQueue:
    """Which decisions keep their texts with `store_text: label-queue`, and for how long.

    Raises:
        ConfigError: the share is not in (0, 1], or the days are not above 0.
    """

    share: float = 0.05
    """Share of decisions, in (0, 1], drawn by a hash of the request; what is watched is among them."""

    days: float = 30.0
    """Days after which the texts are deleted, labelled or not; the decisions stay."""

    def __post_init__(self) -> None:
        """Check both."""
        if not 0.0 < self.share <= 1.0:
            message = f"A label queue's share is {self.share!r}; above 0 and at most 1 was expected."
            raise ConfigError(message)
        if not 0.0 < self.days < float("inf"):
            message = f"A label queue keeps texts for {self.days!r} days; a number above 0 was expected."
            raise ConfigError(message)

    def require_watched(self, share: float) -> None:
        """Check that what is watched keeps its texts, since it is labelled from the queue.

        Args:
            share: the share of decisions that is watched.

        Raises:
            ConfigError: a smaller share is kept.
        """
        if self.share < share:
            message = (
                f"The label queue keeps the texts of {self.share:g} of all decisions, and {share:g} are watched; at "
                "least as many were expected, since what is watched is labelled from the queue."
            )
            raise ConfigError(message)

    def until_ms(self, request_id: str, at_ms: int, draw: float | None) -> int | None:
        """Return until when a decision's texts are kept, in Unix milliseconds; None: it is not drawn.

        Args:
            request_id: the request, for a draw of its own.
            at_ms: when the decision ended, in Unix milliseconds.
            draw: the draw by which the request would be watched, in [0, 1), so that what is watched is kept; None: a
                draw of the queue's own.
        """
        u = unit(salt="label-queue", purpose="keep", task="", rung="", request_id=request_id) if draw is None else draw
        return at_ms + round(self.days * DAY_MS) if u < self.share else None
