"""What a gate asks of a policy: one limit on one figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from cascade.errors import ConfigError

Kind = Literal["min_accuracy", "max_loss", "max_error", "max_cost", "escalation_tolerance", "max_drop"]

MEANINGS: dict[Kind, str] = {
    "min_accuracy": "accuracy of the served answers",
    "max_loss": "accuracy lost against always asking the reference",
    "max_error": "error among the answers accepted below the top",
    "max_cost": "mean cost of a request in US dollars, verifiers included",
    "escalation_tolerance": "escalation rate of the first rung, held to the policy's own target",
    "max_drop": "accuracy lost against the baseline policy on the same samples",
}
"""What each kind is a limit on."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One limit on one figure."""

    kind: Kind
    """Which figure."""

    limit: float
    """Its limit: shares in [0, 1], US dollars for max_cost. A tolerance is on both sides of the target."""

    dimension: str | None = None
    """The dimension of the labels that is looked at; None: `correct` as it stands."""

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing."""
        if self.dimension is not None and self.kind in {"max_cost", "escalation_tolerance"}:
            message = f"The criterion {self.kind} names the dimension {self.dimension!r}, and needs no labels."
            raise ConfigError(message)
        dollars = self.kind == "max_cost"
        usable = not isinstance(self.limit, bool) and isinstance(self.limit, int | float) and math.isfinite(self.limit)
        if self.kind not in MEANINGS:
            message = f"The criterion is {self.kind!r}; one of {', '.join(MEANINGS)} was expected."
            raise ConfigError(message)
        if not usable or self.limit < 0.0 or (not dollars and self.limit > 1.0):
            expected = "US dollars, 0 or more," if dollars else "a number in [0, 1], such as 0.02 for 2 points,"
            message = f"The limit of {self.kind} is {self.limit!r}; {expected} was expected."
            raise ConfigError(message)
