"""Limits: what all of a cascade's traffic may spend, how much of it may step upwards, and what providers are spared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from cascade.errors import ConfigError
from cascade.exchange import EMPTY
from cascade.guards.breaker import Breaker
from cascade.guards.endpoint_pool import EndpointPool, RetryBudget
from cascade.guards.escalation_cap import EscalationCap
from cascade.guards.rate_limit import RateLimit
from cascade.guards.shared.lease_store import open_store
from cascade.guards.shared.leased_account import OnOutage
from cascade.guards.shared.shared_budgets import SharedBudgets
from cascade.policy.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits across requests, held by one process; None: no limit. Days are UTC days."""

    usd_per_day: float | None = None
    """US dollars that all requests of a day may cost, verifiers included."""

    principal_usd_per_day: float | None = None
    """US dollars that the requests of any one principal may cost a day; requests that name none share one such sum."""

    escalation_cap: EscalationCap | None = None
    """How much of the traffic may step upwards."""

    shared: str | None = field(default=None, repr=False)
    """Where several processes share these daily budgets: redis://…, rediss://… or postgresql://…; None: each process
    has them for itself. Rates and the escalation cap are shared there too; breakers stay each process's own."""

    on_outage: OnOutage = "refuse"
    """What is spent while that cannot be reached: what this process has leased, and no call with a rate limit, or also
    an even share of what was left, and of rates (`local_share`)."""

    breaker: Breaker | None = Breaker()  # noqa: RUF009 - frozen
    """When an endpoint's model that keeps failing is left alone; None: never."""

    retry_budget: RetryBudget = RetryBudget()  # noqa: RUF009 - frozen
    """How much of a provider's traffic may be repetitions."""

    providers: Mapping[str, RateLimit] = EMPTY
    """Requests and tokens a minute of whole providers, by the part of a model's name before the slash; an endpoint's
    own `rpm` and `tpm` hold besides."""

    def __post_init__(self) -> None:
        """Refuse what is no sum of money."""
        for name, value in (
            ("usd_per_day", self.usd_per_day),
            ("principal_usd_per_day", self.principal_usd_per_day),
        ):
            if value is not None and not 0.0 <= value < math.inf:
                message = f"The limit {name} is {value!r}; US dollars, 0 or more, were expected."
                raise ConfigError(message)

    @property
    def daily(self) -> bool:
        """True where a day's spending is limited."""
        return self.usd_per_day is not None or self.principal_usd_per_day is not None

    def share(self) -> SharedBudgets | None:
        """Return the leases of shared budgets; None where they are not shared.

        Raises:
            ConfigError: the address cannot be used.
        """
        return None if self.shared is None else SharedBudgets(open_store(self.shared), on_outage=self.on_outage)

    def pool(self, shared: SharedBudgets | None = None) -> EndpointPool:
        """Return a pool that keeps to them, its rates together with other processes where budgets are shared."""
        rates = None if shared is None else shared.rates
        return EndpointPool(
            breaker=self.breaker, retry_budget=self.retry_budget, providers=self.providers, shared=rates
        )

    def require_room_for(self, policy: Policy) -> None:
        """Refuse a cap that a policy's ordinary traffic would reach.

        Raises:
            ConfigError: a task's escalation rate may well be above the cap: its interval reaches beyond.
        """
        cap = self.escalation_cap
        if cap is None:
            return
        for name, task in policy.tasks.items():
            high = (task.measured.get("escalation_rate") or {}).get("high")
            if isinstance(high, int | float) and high > cap.rate:
                message = (
                    f"guards.escalation_cap.rate is {cap.rate:g}, but task {name!r} escalates up to {high:.3g} of its "
                    f"requests by its policy, without any attack; a rate of {math.ceil(high * 100) / 100:g} or more "
                    "was expected, or a policy that escalates less."
                )
                raise ConfigError(message)
