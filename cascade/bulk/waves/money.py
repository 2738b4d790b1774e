"""Money of a wave: what its calls may cost at most is taken from the run's and the day's limits before it is sent."""

from __future__ import annotations

from collections import Counter

from cascade.config import Config
from cascade.errors import ConfigError
from cascade.guards.accounts import PICO, midnight_ms, pico
from cascade.log import Log
from cascade.log.spending import spent_usd


class Money:
    """What is left of a run's limit, of the day's and of each principal's day."""

    def __init__(self, config: Config, log: Log | None, *, max_cost_usd: float | None, committed_pico: int) -> None:
        """Read what is left; a call in the log counts at its worst case until its outcome is known.

        Raises:
            ConfigError: daily budgets are shared by processes, or have no log to be counted from.
            LogUnavailable: the log cannot be read.
        """
        limits = config.limits
        if limits.daily and (limits.shared is not None or log is None):
            lack = "shared by processes" if limits.shared is not None else "set, and there is no log"
            message = (
                f"{config.path}: the daily budgets are {lack}; batches that are in flight for hours are counted in the "
                "decision log. Set `log:`, and leave `guards.shared` out, or limit this run by --max-run-cost."
            )
            raise ConfigError(message)
        spent = spent_usd(log, midnight_ms()) if limits.daily and log is not None else {}
        self._run = None if max_cost_usd is None else pico(max_cost_usd) - committed_pico
        self._day = None if limits.usd_per_day is None else pico(limits.usd_per_day - sum(spent.values()))
        self._each = None if limits.principal_usd_per_day is None else pico(limits.principal_usd_per_day)
        self._by_principal = Counter({name: pico(usd) for name, usd in spent.items()})
        self.refused = 0
        """Calls that could not be paid for."""

    @property
    def limited(self) -> bool:
        """Whether anything is limited, so that a call needs a longest answer."""
        return (self._run, self._day, self._each) != (None, None, None)

    def take(self, principal: str | None, worst_pico: int) -> bool:
        """Reserve a call's worst case, and return whether all limits allow it."""
        each = None if self._each is None else self._each - self._by_principal[principal]
        if any(left is not None and worst_pico > left for left in (self._run, self._day, each)):
            self.refused += 1
            return False
        self._run = None if self._run is None else self._run - worst_pico
        self._day = None if self._day is None else self._day - worst_pico
        self._by_principal[principal] += worst_pico
        return True


def dollars_of(amount_pico: int) -> float:
    """Return picodollars as US dollars."""
    return amount_pico / PICO
