"""Label: how right a logged answer is, and who or what says so."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cascade.errors import DataError

HUMAN = "human"
"""Source of labels by people; `human:NAME` where the annotator is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How right a logged answer is."""

    decision: str
    """A decision id, or a request id for its last decision."""

    correct: float
    """Correctness, in [0, 1]."""

    rung: str | None = None
    """The rung of the answer; None: the answer that was returned. May be a rung that was not asked then."""

    source: str = HUMAN
    """Who says so: human, human:NAME, user, gold, judge:MODEL, … A later label of the same source replaces its earlier
    one; those of several sources are averaged."""

    propensity: float | None = None
    """The probability, in (0, 1], with which the decision was drawn to be labelled; None: it was not drawn."""

    def __post_init__(self) -> None:
        """Validate the figures.

        Raises:
            DataError: `correct` is not a number in [0, 1], or `propensity` none in (0, 1].
        """
        value = self.correct
        if not isinstance(value, int | float) or not math.isfinite(value) or not 0.0 <= value <= 1.0:
            message = f"A label has correct={value!r}; a number in [0, 1] was expected."
            raise DataError(message)
        if self.propensity is not None and not 0.0 < self.propensity <= 1.0:
            message = f"A label has propensity={self.propensity!r}; a number in (0, 1] was expected."
            raise DataError(message)
