"""Bounds: what a user asks calibrate to certify, each with a confidence; aims, met in expectation, are targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

from cascade.errors import ConfigError

CONFIDENCE = 0.9
"""How sure a certificate is, where the user names nothing else."""


@dataclass(frozen=True, slots=True)
class MaxError:
    """Certified: of the answers accepted below the top, at most a share `alpha` is wrong."""

    alpha: float
    """P(wrong | accepted below the top), in (0, 1); for fractional correctness the mean shortfall from 1."""

    confidence: float = CONFIDENCE
    """Probability over the draw of the samples that the bound holds, in (0, 1)."""

    def __post_init__(self) -> None:
        """Refuse values outside (0, 1)."""
        _require_share("greatest error among accepted answers (max_error)", self.alpha)
        _require_share("confidence", self.confidence)

    @property
    def value(self) -> float:
        """The bound, in (0, 1)."""
        return float(self.alpha)

    @property
    def delta(self) -> float:
        """The probability that is left for the bound to fail, 1 − confidence."""
        return _complement(self.confidence)

    def to_json(self) -> dict[str, Any]:
        """Return the bound as it stands in a policy."""
        return {"kind": "max_error", "value": self.value, "confidence": float(self.confidence)}


@dataclass(frozen=True, slots=True)
class MaxLoss:
    """Certified: over all requests, at most `eps` less right than always asking the reference."""

    eps: float
    """P(wrong) − P(reference wrong), in (0, 1); for fractional correctness the difference of the means."""

    confidence: float = CONFIDENCE
    """Probability over the draw of the samples that the bound holds, in (0, 1)."""

    def __post_init__(self) -> None:
        """Refuse values outside (0, 1)."""
        _require_share("greatest loss against the reference (max_loss)", self.eps)
        _require_share("confidence", self.confidence)

    @property
    def value(self) -> float:
        """The bound, in (0, 1)."""
        return float(self.eps)

    @property
    def delta(self) -> float:
        """The probability that is left for the bound to fail, 1 − confidence."""
        return _complement(self.confidence)

    def to_json(self) -> dict[str, Any]:
        """Return the bound as it stands in a policy."""
        return {"kind": "max_loss", "value": self.value, "confidence": float(self.confidence)}


Bound: TypeAlias = MaxError | MaxLoss


def _complement(confidence: float) -> float:
    # 1 − 0.9 is 0.09999999999999998: rounded, so that delta is what the user meant.
    return round(1.0 - confidence, 12)


def _require_share(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value < 1:
        message = f"The {name} is {value!r}; a number between 0 and 1, such as 0.05, was expected."
        raise ConfigError(message)
