"""SkipIfConfident: skips a paid verifier where a cheap one is decisive, by a rule fixed before calibration.

The rule is a pure function of one cheap score, so that the same answer gets the same verdict in calibration and in
serving; it is part of the ladder's fingerprint. `cascade assess` proposes rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cascade.errors import ConfigError
from cascade.exchange import Exchange, Request
from cascade.plugins import verifier
from cascade.verdict import Flow, Verdict, Verifier


class SkipIfConfident(Verifier):
    """Runs a paid verifier only where `below` ≤ cheap score ≤ `above`; elsewhere it abstains, at no cost.

    The combiner sees a missing verdict beside the cheap score that explains it, and learns its meaning.

    Args:
        inner: the verifier to skip; a Verifier, or as in a configuration: {"judge": {"model": "openai/gpt-5"}}.
        when: the cheap verifier, or a signal of one (`logprob.min`), before it on the rung.
        below: it is skipped below this cheap score, where the answer is doubtful enough.
        above: it is skipped above this cheap score, where the answer is good enough.

    Raises:
        ConfigError: the rule skips nothing or everything, or the verifier is `required`.
    """

    def __init__(self, inner: Any, *, when: str, below: float = 0.0, above: float = 1.0) -> None:
        self.inner = verifier(inner)
        self.name, self.pass_at, self.paid = self.inner.name, self.inner.pass_at, self.inner.paid
        self.timeout_s, self.wishes = self.inner.timeout_s, self.inner.wishes
        self.when, self.below, self.above = when, float(below), float(above)
        if not below < above:
            message = f"SkipIfConfident {self.name!r}: below is {below}, above {above}; below < above was expected."
            raise ConfigError(message)
        if self.inner.required:
            message = f"SkipIfConfident {self.name!r}: a required verifier cannot be skipped; drop one of the two."
            raise ConfigError(message)

    def needless(self, verdicts: tuple[Verdict, ...]) -> str | None:
        """Return why the verifier is skipped; None if the cheap score is not decisive, or is missing."""
        name, _, signal = self.when.partition(".")
        for verdict in verdicts:
            if verdict.name == name:
                score = verdict.signals.get(signal) if signal else verdict.score
                if score is not None and not self.below <= score <= self.above:
                    return f"{self.when} is {score:.3g}, outside {self.below:g} to {self.above:g}"
        return None

    def flow(self, exchange: Exchange) -> Flow:
        """Judge one exchange as the inner verifier does."""
        return self.inner.flow(exchange)

    def prepare(self, request: Request) -> None:
        """Check a request as the inner verifier does."""
        self.inner.prepare(request)

    def settings(self) -> Mapping[str, Any]:
        """Return the rule and the inner verifier."""
        rule = {"when": self.when, "below": self.below, "above": self.above}
        return {**rule, "inner": self.inner.describe()}

    def concerns(self, *, judged: str, above: str | None, price_usd: Callable[[str], float | None]) -> tuple[str, ...]:
        """Return the warnings of the inner verifier."""
        return self.inner.concerns(judged=judged, above=above, price_usd=price_usd)
