"""Observation: what the cascade would have done with a request that the top answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cascade.result import Attempt, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the cascade would have done with a request that the top answered."""

    decision_id: str
    """The decision by which the top answered."""

    propensity: float
    """The probability, in (0, 1], that the request was observed."""

    would: Result[Any]
    """What the cascade would have returned, with the attempts that it would have made."""

    attempts: tuple[Attempt, ...]
    """Every rung that may see the request, the top included, with every verdict; in ladder order."""

    cost_usd: float
    """US dollars that observing cost: all of them but the top's answer."""
