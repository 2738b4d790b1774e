"""Retry budget: repetitions are a small share of first tries, so that a storm is never answered by a larger one."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """How much of a provider's traffic may be repetitions."""

    rate: float = 0.1
    """Repetitions per first try, in [0, 1]."""

    burst: int = 10
    """Repetitions that may be made at once, beyond the rate; saved up again at the rate."""

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if not 0.0 <= self.rate <= 1.0:
            message = f"retry_budget.rate is {self.rate!r}; a number in [0, 1] was expected."
            raise ConfigError(message)
        if self.burst < 0:
            message = f"retry_budget.burst is {self.burst!r}; a number from 0 on was expected."
            raise ConfigError(message)


class Repeats:
    """What one provider's repetitions may still take: at most `burst + rate x first tries`, at any time.

    Used on one event loop, so it needs no lock.
    """

    def __init__(self, budget: RetryBudget) -> None:
        self._budget = budget
        self._left = float(budget.burst)

    def first(self) -> None:
        """Count a first try."""
        self._left = min(float(self._budget.burst), self._left + self._budget.rate)

    def take(self) -> bool:
        """Take a repetition if there is one left."""
        if self._left < 1.0 - 1e-9:
            return False
        self._left -= 1.0
        return True

    def give_back(self) -> None:
        """Put a repetition back that was not made."""
        self._left = min(float(self._budget.burst), self._left + 1.0)
