"""Guards of the configuration: converts `guards:` and task settings into Settings and Limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from cascade.config.models import EndingModel, GuardsModel, ObserveModel, RateLimitModel, SessionsModel
from cascade.exchange import EMPTY
from cascade.guards.breaker import Breaker
from cascade.guards.endpoint_pool import RetryBudget
from cascade.guards.escalation_cap import EscalationCap
from cascade.guards.limits import Limits
from cascade.guards.rate_limit import RateLimit
from cascade.settings import ObserveLimits, Settings


def settings_of(model: EndingModel, sessions: SessionsModel, settings: Settings) -> Settings:
    """Return the settings with the configured values replaced."""
    if sessions.floor is not None:
        settings = replace(settings, session_floor=sessions.floor)
    names = {own.name for own in fields(Settings)} - {"schema", "answer_field"}
    return replace(settings, **{name: value for name in names if (value := getattr(model, name, None)) is not None})


def limits_of(model: GuardsModel, providers: Mapping[str, RateLimitModel] = EMPTY) -> Limits:
    """Return the limits across all requests.

    Raises:
        ConfigError: a limit is not valid.
    """
    cap, breaker = model.escalation_cap, model.breaker
    return Limits(
        usd_per_day=model.usd_per_day,
        principal_usd_per_day=model.principal_usd_per_day,
        shared=model.shared,
        on_outage=model.on_outage,
        escalation_cap=None if cap is None else EscalationCap(**cap.model_dump()),
        breaker=None if breaker is False else Breaker(**breaker.model_dump()),
        retry_budget=RetryBudget(**model.retry_budget.model_dump()),
        providers={name: RateLimit(rpm=limit.rpm, tpm=limit.tpm) for name, limit in providers.items()},
    )


def observe_limits_of(model: ObserveModel) -> ObserveLimits:
    """Return the limits of the background lane.

    Raises:
        ConfigError: a limit is not valid.
    """
    return ObserveLimits(**{**model.model_dump(), "providers": tuple(model.providers)})
