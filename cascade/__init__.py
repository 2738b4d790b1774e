"""Try the cheap model first, verify its answer, and escalate at the rate you asked for.

Names are imported at first use, so that `import cascade` (and `cascade --help`) is a matter of milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cascade.clients.scripted import ScriptedClient
    from cascade.config.process import arun, run
    from cascade.dialects.error_wordings import ErrorWording
    from cascade.drop_in.client import wrap
    from cascade.drop_in.completion import acompletion, completion
    from cascade.endpoint import Endpoint
    from cascade.engine.cascade import Cascade
    from cascade.errors import (
        AuthError,
        BadRequest,
        BudgetExceeded,
        CascadeError,
        ConfigError,
        ContentFiltered,
        DataError,
        DeadlineExceeded,
        EscalationCapped,
        LogUnavailable,
        MissingExtra,
        ModelNotFound,
        NotAccepted,
        PolicyMismatch,
        PromptTooLong,
        ProviderError,
        ProviderMisbehaved,
        QuotaExhausted,
        RunError,
        SchemaRejected,
        UnknownPrice,
        UnsupportedParameter,
    )
    from cascade.exchange import Exchange, Request, Response
    from cascade.guards.breaker import Breaker
    from cascade.guards.endpoint_pool import Health, RetryBudget
    from cascade.guards.escalation_cap import EscalationCap
    from cascade.guards.limits import Limits
    from cascade.guards.rate_limit import RateLimit
    from cascade.ladder import Ladder, Rung
    from cascade.log.label_queue import LabelQueue
    from cascade.policy.policy import Policy
    from cascade.result import Attempt, Result
    from cascade.samples.sample import Sample
    from cascade.settings import BypassWarning, ObserveLimits, Settings
    from cascade.usage import Price, Usage
    from cascade.verdict import Verdict, Verifier

    __version__: str

__all__ = [
    "Attempt",
    "AuthError",
    "BadRequest",
    "Breaker",
    "BudgetExceeded",
    "BypassWarning",
    "Cascade",
    "CascadeError",
    "ConfigError",
    "ContentFiltered",
    "DataError",
    "DeadlineExceeded",
    "Endpoint",
    "ErrorWording",
    "EscalationCap",
    "EscalationCapped",
    "Exchange",
    "Health",
    "LabelQueue",
    "Ladder",
    "Limits",
    "LogUnavailable",
    "MissingExtra",
    "ModelNotFound",
    "NotAccepted",
    "ObserveLimits",
    "Policy",
    "PolicyMismatch",
    "Price",
    "PromptTooLong",
    "ProviderError",
    "ProviderMisbehaved",
    "QuotaExhausted",
    "RateLimit",
    "Request",
    "Response",
    "Result",
    "RetryBudget",
    "RunError",
    "Rung",
    "Sample",
    "SchemaRejected",
    "ScriptedClient",
    "Settings",
    "UnknownPrice",
    "UnsupportedParameter",
    "Usage",
    "Verdict",
    "Verifier",
    "acompletion",
    "arun",
    "completion",
    "run",
    "wrap",
]

_HOMES = {
    "cascade.clients.scripted": ("ScriptedClient",),
    "cascade.config.process": ("arun", "run"),
    "cascade.dialects.error_wordings": ("ErrorWording",),
    "cascade.drop_in.client": ("wrap",),
    "cascade.drop_in.completion": ("acompletion", "completion"),
    "cascade.endpoint": ("Endpoint",),
    "cascade.engine.cascade": ("Cascade",),
    "cascade.exchange": ("Exchange", "Request", "Response"),
    "cascade.guards.breaker": ("Breaker",),
    "cascade.guards.escalation_cap": ("EscalationCap",),
    "cascade.guards.limits": ("Limits",),
    "cascade.guards.rate_limit": ("RateLimit",),
    "cascade.guards.endpoint_pool": ("Health", "RetryBudget"),
    "cascade.ladder": ("Ladder", "Rung"),
    "cascade.result": ("Attempt", "Result"),
    "cascade.policy.policy": ("Policy",),
    "cascade.samples.sample": ("Sample",),
    "cascade.log.label_queue": ("LabelQueue",),
    "cascade.settings": ("BypassWarning", "ObserveLimits", "Settings"),
    "cascade.usage": ("Price", "Usage"),
    "cascade.verdict": ("Verdict", "Verifier"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name not in __all__:
        message = f"module 'cascade' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(_HOME.get(name, "cascade.errors")), name)
    globals()[name] = value
    return value


def _version() -> str:
    """Return the version that is installed, which pyproject.toml alone says."""
    from importlib.metadata import PackageNotFoundError, version

    from cascade.extras import DISTRIBUTION

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"  # a checkout on the path that was never installed


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
