"""Scenarios for one rung: confidences with a known chance of being right, and the true error above a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One rung's traffic, with the bound that is to be certified."""

    values: Floats
    """The confidences that occur, rising; continuous ones as a fine grid."""

    shares: Floats
    """How often each occurs."""

    chance: Floats
    """How often answers of each are right; never falling."""

    alpha: float
    """The greatest error among accepted answers that is allowed."""

    delta: float
    """The probability of a wrong certificate that is allowed."""

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """Return n confidences and whether the answers are right."""
        which = np.minimum(np.searchsorted(np.cumsum(self.shares), rng.random(n), side="right"), len(self.values) - 1)
        return self.values[which], (rng.random(n) < self.chance[which]).astype(float)

    def above(self, t: float | None) -> tuple[float, float]:
        """Return the true error among answers accepted from t on, and their share; (0, 0) for None."""
        kept = self.values >= t if t is not None else np.zeros(len(self.values), dtype=bool)
        if not kept.any():
            return 0.0, 0.0
        return float(np.average(1.0 - self.chance[kept], weights=self.shares[kept])), float(self.shares[kept].sum())

    @property
    def oracle(self) -> float:
        """The greatest share that may be accepted."""
        return max((share for error, share in map(self.above, self.values) if error <= self.alpha), default=0.0)


def _continuous(intercept: float, slope: float, alpha: float, delta: float) -> Scenario:
    grid = np.linspace(0.0, 1.0, 20_001)
    chance = 1.0 / (1.0 + np.exp(-(intercept + slope * grid)))
    return Scenario(values=grid, shares=np.full(20_001, 1 / 20_001), chance=chance, alpha=alpha, delta=delta)


def _levels(values: list[float], shares: list[float], chance: list[float]) -> Scenario:
    return Scenario(values=np.array(values), shares=np.array(shares), chance=np.array(chance), alpha=0.10, delta=0.10)


# A hair above the bound at every threshold: any certificate is a violation, and nothing violates it more often.
_JUST = 0.9 - 1e-9

SCENARIOS = {
    "smooth": _continuous(-1.0, 5.0, 0.10, 0.10),
    "smooth, α .05": _continuous(-1.0, 5.0, 0.05, 0.10),
    "weak": _continuous(-2.0, 3.5, 0.20, 0.10),
    "strong": _continuous(-3.0, 9.0, 0.05, 0.05),
    "flat worst case": _continuous(np.log(_JUST / (1 - _JUST)), 0.0, 0.10, 0.10),
    "good, then just too bad": Scenario(
        values=np.linspace(0.0, 1.0, 20_001),
        shares=np.full(20_001, 1 / 20_001),
        chance=np.where(np.linspace(0.0, 1.0, 20_001) > 0.8, 0.97, 0.8),
        alpha=0.10,
        delta=0.10,
    ),
    "ties, flat worst case": _levels([0.2, 0.5, 0.9], [0.3, 0.4, 0.3], [_JUST] * 3),
    "ties, five levels": _levels([0.1, 0.3, 0.5, 0.7, 0.9], [0.1, 0.1, 0.2, 0.3, 0.3], [0.4, 0.6, 0.8, 0.91, 0.97]),
    "pass or fail, just too bad": _levels([0.0, 1.0], [0.1, 0.9], [0.3, _JUST]),
}
