"""Targets: what a user asks of calibrate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cascade.errors import ConfigError


@dataclass(frozen=True, slots=True, init=False)
class EscalationRate:
    """An aim, met in expectation: the share of requests that leave a rung upwards for quality.

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
        """Return the rate of each of `count` rungs below the top; None where it is to be chosen.

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
