"""Bounds: targets that calibrate certifies, each with a confidence level; aims are met in expectation (`target`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

from cascade.errors import ConfigError
from cascade.exchange import is_name

CONFIDENCE = 0.9
"""Default confidence level of a certificate."""


@dataclass(frozen=True, slots=True)
class MaxError:
    """Certified: of the answers accepted below the top, at most a share `alpha` is wrong."""

    alpha: float
    """Bound on P(wrong | accepted below the top), in (0, 1); for fractional correctness the mean shortfall from 1."""

    confidence: float = CONFIDENCE
    """Probability over the draw of the samples that the bound holds, in (0, 1)."""

    dimension: str | None = None
    """The dimension of the labels that it is about (`correct`, `complete`, `tone`); None: `correct` as it stands."""

    def __post_init__(self) -> None:
        """Refuse values outside (0, 1)."""
        _require_share("greatest error among accepted answers (max_error)", self.alpha)
        _require_share("confidence", self.confidence)
        _require_name(self.dimension)

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
        return _bound_json("max_error", self)


@dataclass(frozen=True, slots=True)
class MaxLoss:
    """Certified: over all requests, at most `eps` less right than always asking the reference."""

    eps: float
    """Bound on P(wrong) − P(reference wrong), in (0, 1); for fractional correctness the difference of the means."""

    confidence: float = CONFIDENCE
    """Probability over the draw of the samples that the bound holds, in (0, 1)."""

    dimension: str | None = None
    """The dimension of the labels that it is about (`correct`, `complete`, `tone`); None: `correct` as it stands."""

    def __post_init__(self) -> None:
        """Refuse values outside (0, 1)."""
        _require_share("greatest loss against the reference (max_loss)", self.eps)
        _require_share("confidence", self.confidence)
        _require_name(self.dimension)

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
        return _bound_json("max_loss", self)


@dataclass(frozen=True, slots=True)
class MaxDisagreement:
    """Certified without a label: at most a share `eps` of a task's answers is not the same as the reference's.

    An answer counts as the same where its typed value equals the reference's, as the reader of answers (or another
    sameness) reads both; in doubt it does not. An answer by the reference is the same; an answer from below that was
    vetoed (`exhausted`), and none at all (`abstained`), are not. Requests that fail, or that a budget or a deadline
    ends, are outside. No answer has to be labelled, and none has to be right.
    """

    eps: float
    """Bound on P(not the same as the reference's answer), in (0, 1)."""

    confidence: float = CONFIDENCE
    """Probability over the draw of the samples that the bound holds, in (0, 1)."""

    def __post_init__(self) -> None:
        """Refuse values outside (0, 1)."""
        _require_share("greatest disagreement with the reference (max_disagreement)", self.eps)
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
        return {"kind": "max_disagreement", "value": self.value, "confidence": float(self.confidence)}


Bound: TypeAlias = MaxError | MaxLoss
"""A bound on labels."""


@dataclass(frozen=True, slots=True, init=False)
class Jointly:
    """Several bounds, on one or more dimensions of the labels: all of them are certified together, or none.

    A policy is certified where every bound passes its own test at the full 1 − confidence. A policy that breaks some
    bound has to pass that bound's test, so that it is certified with probability at most 1 − confidence however many
    bounds there are (intersection–union test, Berger 1982; Angelopoulos et al. 2021, arXiv 2110.01052).
    """

    bounds: tuple[Bound, ...]
    """One or more, of one confidence."""

    def __init__(self, *bounds: Bound) -> None:
        """Take the bounds.

        Raises:
            ConfigError: none, two of one kind on one dimension, or of different confidences.
        """
        keys = [(type(bound), bound.dimension) for bound in bounds]
        if not bounds or len(set(keys)) < len(keys) or len({bound.confidence for bound in bounds}) > 1:
            found = ", ".join(describe_bound(bound) for bound in bounds) or "none"
            message = (
                f"Bounds to be certified together are {found}; one or more of one confidence were expected, each kind "
                "once for each dimension."
            )
            raise ConfigError(message)
        object.__setattr__(self, "bounds", tuple(bounds))

    @property
    def confidence(self) -> float:
        """Probability over the draw of the samples that all bounds hold."""
        return self.bounds[0].confidence

    @property
    def delta(self) -> float:
        """The probability that some bound fails."""
        return self.bounds[0].delta

    @property
    def dimensions(self) -> tuple[str | None, ...]:
        """The dimensions that are bounded, in order."""
        return tuple(dict.fromkeys(bound.dimension for bound in self.bounds))

    def to_json(self) -> dict[str, Any]:
        """Return the bounds as they stand in a policy."""
        parts = [bound.to_json() for bound in self.bounds]
        return {"kind": "together", "value": parts, "confidence": float(self.confidence)}


def describe_bound(bound: Bound | MaxDisagreement) -> str:
    """Return a description of a bound."""
    if isinstance(bound, MaxDisagreement):
        return f"a disagreement of at most {bound.value:g}"
    what = "an error" if isinstance(bound, MaxError) else "a loss"
    where = "" if bound.dimension is None else f" in {bound.dimension}"
    return f"{what} of at most {bound.value:g}{where}"


def _bound_json(kind: str, bound: Bound) -> dict[str, Any]:
    named = {} if bound.dimension is None else {"dimension": bound.dimension}
    return {"kind": kind, "value": bound.value, "confidence": float(bound.confidence), **named}


def _complement(confidence: float) -> float:
    # 1 − 0.9 is 0.09999999999999998: rounded to the delta that the user meant.
    return round(1.0 - confidence, 12)


def _require_share(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value < 1:
        message = f"The {name} is {value!r}; a number between 0 and 1, such as 0.05, was expected."
        raise ConfigError(message)


def _require_name(dimension: object) -> None:
    if dimension is not None and (not isinstance(dimension, str) or not is_name(dimension)):
        message = f"The dimension is {dimension!r}; a name of letters, digits, '.', '_' and '-' was expected."
        raise ConfigError(message)
