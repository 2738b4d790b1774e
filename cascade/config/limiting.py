"""What `guards:` and a task say, as Settings of requests and Limits across them."""

from __future__ import annotations

from dataclasses import fields, replace

from cascade.config.shape import EndingShape, GuardsShape
from cascade.guards.cap import EscalationCap
from cascade.guards.limits import Limits
from cascade.settings import Settings


def settings_of(said: EndingShape, settings: Settings) -> Settings:
    """Return the settings with what is said in the place of what was."""
    names = {own.name for own in fields(Settings)} - {"schema"}
    return replace(settings, **{name: value for name in names if (value := getattr(said, name, None)) is not None})


def limits_of(said: GuardsShape) -> Limits:
    """Return what is said about all requests together.

    Raises:
        ConfigError: no traffic could be held to it.
    """
    cap = said.escalation_cap
    return Limits(
        usd_per_day=said.usd_per_day,
        principal_usd_per_day=said.principal_usd_per_day,
        escalation_cap=None if cap is None else EscalationCap(**cap.model_dump()),
    )
