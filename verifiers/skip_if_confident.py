"""A paid verifier that is asked only where a cheap one is undecided: by a rule that is fixed before calibration.

The rule is a pure function of one cheap score, so that the same answer is always judged the same way, calibrated on and
served alike; it is part of the ladder's fingerprint. `cascade assess` proposes rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cascade.errors import ConfigError
from cascade.exchange import Exchange, Request
from cascade.plugins import verifier
from cascade.verdict import Flow, Verdict, Verifier


class SkipIfConfident(Verifier):
    """Asks a verifier only where `below` ≤ cheap score ≤ `above`; elsewhere it abstains, at no cost.

    The combiner sees a verdict that is missing, beside the cheap score that says why, and learns what that means.
    """

    def __init__(self, inner: Any, *, when: str, below: float = 0.0, above: float = 1.0) -> None:
        """Take the verifier and the rule.

        Args:
            inner: the verifier to spare; a Verifier, or as in a configuration: {"judge": {"model": "openai/gpt-5"}}.
            when: the cheap verifier, or a signal of one (`logprob.min`), that stands before it on the rung.
            below: under this cheap score the answer is doubtful enough without it.
            above: over this one it is good enough without it.

        Raises:
            ConfigError: the rule spares nothing or everything, or the verifier is a required one.
        """
        self.inner = verifier(inner)
        self.name, self.pass_at, self.paid = self.inner.name, self.inner.pass_at, self.inner.paid
        self.timeout_s, self.wishes = self.inner.timeout_s, self.inner.wishes
        self.when, self.below, self.above = when, float(below), float(above)
        if not below < above:
            message = f"Sparing {self.name!r}: found below {below} and above {above}; below was expected to be smaller."
            raise ConfigError(message)
        if self.inner.required:
            message = f"Sparing {self.name!r}: it is required, so it cannot be spared; drop one of the two."
            raise ConfigError(message)

    def needless(self, verdicts: tuple[Verdict, ...]) -> str | None:
        """Return why the cheap score decides alone; None where it does not, or is missing."""
        name, _, signal = self.when.partition(".")
        for verdict in verdicts:
            if verdict.name == name:
                score = verdict.signals.get(signal) if signal else verdict.score
                if score is not None and not self.below <= score <= self.above:
                    return f"{self.when} is {score:.3g}, outside {self.below:g} to {self.above:g}"
        return None

    def flow(self, exchange: Exchange) -> Flow:
        """Judge one exchange as the spared verifier does."""
        return self.inner.flow(exchange)

    def prepare(self, request: Request) -> None:
        """Look at a request as the spared verifier does."""
        self.inner.prepare(request)

    def settings(self) -> Mapping[str, Any]:
        """Return the rule and the spared verifier."""
        rule = {"when": self.when, "below": self.below, "above": self.above}
        return {**rule, "inner": self.inner.describe()}

    def concerns(self, *, judged: str, above: str | None, price_usd: Callable[[str], float | None]) -> tuple[str, ...]:
        """Say what is doubtful about the spared verifier."""
        return self.inner.concerns(judged=judged, above=above, price_usd=price_usd)
