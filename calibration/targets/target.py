"""Aims: targets of calibrate that are met in expectation, without a certificate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cascade.errors import ConfigError


@dataclass(frozen=True, slots=True, init=False)
class EscalationRate:
    """An aim, met in expectation: the escalation rate, the share of requests that go to a higher rung for quality.

    One rate fixes the first rung's; the later rungs' are chosen for quality. Several fix each rung's in turn
    (of those that reach it).
    """

    rates: tuple[float, ...]
    """Each in [0, 1]; one, or one for each rung but the top."""

    def __init__(self, rate: float | Sequence[float]) -> None:
        """Take one rate or several.

        Raises:
            ConfigError: a rate is not a number in [0, 1].
        """
        rates = (rate,) if isinstance(rate, int | float) else tuple(rate)
        for value in rates:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
                message = f"The target escalation rate is {value!r}; a number in [0, 1] was expected."
                raise ConfigError(message)
        if not rates:
            message = "The target has no escalation rate; one or more numbers in [0, 1] were expected."
            raise ConfigError(message)
        object.__setattr__(self, "rates", tuple(map(float, rates)))

    def for_rungs(self, count: int) -> tuple[float | None, ...]:
        """Return the rate of each of `count` rungs below the top; None for a rate to be chosen.

        Raises:
            ConfigError: several rates, and not as many as rungs.
        """
        if count == 0:
            return ()
        if len(self.rates) == 1:
            return (self.rates[0], *[None] * (count - 1))
        if len(self.rates) != count:
            message = f"{len(self.rates)} escalation rates for {count} rungs below the top; 1 or {count} were expected."
            raise ConfigError(message)
        return self.rates

    def to_json(self) -> dict[str, Any]:
        """Return the target as it stands in a policy."""
        value: float | list[float] = self.rates[0] if len(self.rates) == 1 else list(self.rates)
        return {"kind": "escalation_rate", "value": value}


@dataclass(frozen=True, slots=True, init=False)
class MeanCost:
    """An aim, met in expectation: the best quality at a mean cost of a request, verifiers included."""

    usd: float
    """US dollars a request; above 0."""

    def __init__(self, usd: float) -> None:
        """Take the mean cost of a request.

        Raises:
            ConfigError: it is not a number above 0.
        """
        object.__setattr__(self, "usd", _number("mean cost of a request in US dollars", usd, math.inf))
        if not self.usd > 0.0:
            message = f"The target cost is {usd!r}; US dollars a request were expected, above 0 (0.0005)."
            raise ConfigError(message)

    def to_json(self) -> dict[str, Any]:
        """Return the target as it stands in a policy."""
        return {"kind": "mean_cost", "value": self.usd}


@dataclass(frozen=True, slots=True, init=False)
class ExpectedLoss:
    """An aim, met in expectation: the least cost at an accuracy loss against always using the top."""

    eps: float
    """In [0, 1]; 0.01 is one point of accuracy."""

    def __init__(self, eps: float) -> None:
        """Take the loss.

        Raises:
            ConfigError: it is not a number in [0, 1].
        """
        object.__setattr__(self, "eps", _number("expected loss", eps, 1.0))

    def to_json(self) -> dict[str, Any]:
        """Return the target as it stands in a policy."""
        return {"kind": "expected_loss", "value": self.eps}


@dataclass(frozen=True, slots=True, init=False)
class ExpectedError:
    """An aim, met in expectation: the least cost at an error among answers accepted below the top."""

    alpha: float
    """In [0, 1]."""

    def __init__(self, alpha: float) -> None:
        """Take the error.

        Raises:
            ConfigError: it is not a number in [0, 1].
        """
        object.__setattr__(self, "alpha", _number("expected error", alpha, 1.0))

    def to_json(self) -> dict[str, Any]:
        """Return the target as it stands in a policy."""
        return {"kind": "expected_error", "value": self.alpha}


@dataclass(frozen=True, slots=True)
class Best:
    """An aim, met in expectation: the best quality at no more than the cost of always asking the reference."""

    def to_json(self) -> dict[str, Any]:
        """Return the target as it stands in a policy."""
        return {"kind": "best", "value": None}


Aim = EscalationRate | MeanCost | ExpectedLoss | ExpectedError | Best
"""Any single aim."""


@dataclass(frozen=True, slots=True, init=False)
class Together:
    """Several aims of different kinds, all to hold; if infeasible, calibrate fails and lists the feasible frontier."""

    aims: tuple[Aim, ...]
    """Two or more."""

    def __init__(self, *aims: Aim) -> None:
        """Take the aims.

        Raises:
            ConfigError: fewer than two, or two of a kind.
        """
        kinds = [type(aim) for aim in aims]
        if len(aims) < 2 or len(set(kinds)) < len(kinds):
            names = ", ".join(kind.__name__ for kind in kinds) or "none"
            message = f"Aims to be met together are {names}; two or more of different kinds were expected."
            raise ConfigError(message)
        object.__setattr__(self, "aims", tuple(aims))

    def to_json(self) -> dict[str, Any]:
        """Return the target as it stands in a policy."""
        return {"kind": "together", "value": [aim.to_json() for aim in self.aims]}


def list_aims(target: Aim | Together) -> dict[type, Aim]:
    """Return the aims of a target by their class."""
    return {type(aim): aim for aim in (target.aims if isinstance(target, Together) else (target,))}


def _number(what: str, value: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= most or value == math.inf:
        span = "of at least 0" if most == math.inf else f"in [0, {most:g}]"
        message = f"The target {what} is {value!r}; a number {span} was expected."
        raise ConfigError(message)
    return float(value)
