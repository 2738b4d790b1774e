"""OperatingPoint, Threshold and Decision: rungs and thresholds of a task, and the rule that accepts or escalates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, InstanceOf, PlainSerializer

from cascade.errors import ConfigError
from cascade.policy.combiner import Combiner
from cascade.policy.strict import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Escalate if c < t, or if c == t and u < g; (1, 1) escalates all, (0, 0) none."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    t: float
    """The confidence to reach, in [0, 1]."""

    g: float = 0.0
    """The share of the ties at `t` that escalates, in [0, 1]."""

    def __post_init__(self) -> None:
        """Refuse thresholds outside [0, 1]."""
        for name, value in (("t", self.t), ("g", self.g)):
            if not (isinstance(value, int | float) and math.isfinite(value) and 0.0 <= value <= 1.0):
                message = f"threshold.{name} is {value!r}; a number in [0, 1] was expected."
                raise ConfigError(message)

    def escalates(self, confidence: float, u: float) -> bool:
        """Return whether an answer of this confidence goes on to the next rung; u is the hashed choice in [0, 1)."""
        return confidence < self.t or (confidence == self.t and u < self.g)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on one attempt, with its reason; it can be checked later from the log alone."""

    action: Literal["accept", "escalate", "fail_over", "stop"]
    """accept: answer with it. escalate: go on for quality. fail_over: go on because the provider failed. stop: end."""

    reason: str
    """Why: confidence, tie, veto, required, pass_marks, unverifiable, top, a failure's kind, …"""

    confidence: float | None = None
    """The combined probability that the answer is right, or of what the policy's `confidence_means` names; None if the
    task is not calibrated."""

    threshold: Threshold | None = None
    """The threshold applied; None at the top and for uncalibrated tasks."""

    u: float | None = None
    """The hashed choice that would break a tie."""


def _combiner(value: object) -> object:
    return value if isinstance(value, Combiner) else Combiner.from_json(value)


StoredCombiner = Annotated[
    InstanceOf[Combiner], BeforeValidator(_combiner), PlainSerializer(lambda combiner: combiner.to_json())
]
"""A combiner as it stands in a policy file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """An operating point of a task: rungs, thresholds and combiners."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    rungs: tuple[str, ...]
    """Names of the rungs that are used, cheapest first."""

    thresholds: tuple[Threshold, ...]
    """One for each rung but the last."""

    combiners: Mapping[str, StoredCombiner] = field(default_factory=dict)
    """By rung name; every rung but the last has one."""

    weight: float = 1.0
    """The share of requests of this point, in (0, 1]; the weights of a task sum to 1."""

    def __post_init__(self) -> None:
        """Validate rungs, thresholds, combiners and weight."""
        if not self.rungs or len(set(self.rungs)) != len(self.rungs):
            message = f"A policy point's rungs are {list(self.rungs)}; one or more different names were expected."
            raise ConfigError(message)
        if len(self.thresholds) != len(self.rungs) - 1:
            message = (
                f"A policy point has {len(self.thresholds)} thresholds for {len(self.rungs)} rungs; "
                "one fewer than rungs was expected."
            )
            raise ConfigError(message)
        missing = [name for name in self.rungs[:-1] if name not in self.combiners]
        if missing:
            message = f"A policy point has no combiner for rung {missing[0]!r}; every rung but the last needs one."
            raise ConfigError(message)
        if not 0.0 < self.weight <= 1.0:
            message = f"A policy point's weight is {self.weight!r}; a number in (0, 1] was expected."
            raise ConfigError(message)
