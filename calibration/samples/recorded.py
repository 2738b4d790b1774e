"""Verifiers of recordings: those named, or all that cost nothing; recorded verdicts take precedence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from calibration.samples.survey import Survey, survey
from cascade.errors import ConfigError
from cascade.exchange import Exchange
from cascade.ladder import Ladder, Rung
from cascade.plugins import registered, verifier
from cascade.samples.sample import Sample
from cascade.verdict import Verdict, Verifier

FREE = ("refusal", "schema", "hedging", "logprob", "agreement")
"""Our own verifiers that cost nothing: the default when only recordings are given."""


class Recorded(Verifier):
    """A verifier with recorded verdicts only; it abstains where none was recorded."""

    inline = True
    reads_earlier = False

    def __init__(self, name: str) -> None:
        """Take the name under which the verdicts were recorded."""
        self.name = name

    def check(self, exchange: Exchange) -> Verdict:
        """Abstain: recorded verdicts are used before this is called."""
        return Verdict.abstain(f"no verdict of {self.name} was recorded for rung {exchange.rung}")


def recorded_ladder(
    samples: Iterable[Sample] | Survey, rungs: Sequence[str], verifiers: Sequence[Any] | None
) -> Ladder:
    """Return the ladder of recordings: rungs by name, models as recorded.

    Args:
        samples: recorded samples, or their survey.
        rungs: names of the rungs, cheapest first.
        verifiers: names (or Verifier objects) to use; None: all that are free to compute, or recorded at no cost.

    Raises:
        ConfigError: a rung was recorded nowhere, or a verifier is neither registered nor recorded.
    """
    seen = samples if isinstance(samples, Survey) else survey(samples)
    models, spent = seen.rung_models, seen.verifier_usd
    for name in rungs:
        if name not in models:
            has = ", ".join(sorted(models)) or "none"
            message = f"No sample has a recording of rung {name!r}; recorded rungs are: {has}."
            raise ConfigError(message)
    if verifiers is None:
        free = [name for name, usd in spent.items() if usd == 0.0 and name not in FREE]
        stack = [_named(name, spent) for name in (*FREE, *sorted(free))]
    else:
        stack = [spec if isinstance(spec, Verifier) else _named(spec, spent) for spec in verifiers]
    return Ladder(*(Rung(models[name], name=name, verify=tuple(stack)) for name in rungs))


def _named(spec: Any, spent: Mapping[str, float]) -> Verifier:
    """Return a verifier by name: a registered one, which computes missing verdicts, or a recorded one."""
    if not isinstance(spec, str) or spec not in spent:
        return verifier(spec)
    if spec not in registered():
        return Recorded(spec)
    try:
        return verifier(spec)
    except ConfigError:
        # Registered, but it needs options (a judge needs a model): use recorded verdicts only.
        return Recorded(spec)
