"""Verdict: the result of verifying an answer; Verifier, its source; and Flow, by which a verifier asks for calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from cascade.errors import DataError
from cascade.exchange import EMPTY, Exchange, LocalCall, ModelCall, Request, Response
from cascade.failure import CallFailure

Ask: TypeAlias = ModelCall | LocalCall
"""One ask of a flow, yielded in a tuple, so that independent asks can run at once."""

Reply: TypeAlias = Any
"""The reply to one ask: a Response for a ModelCall, the return value for a LocalCall; or a CallFailure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict of one verifier on one response."""

    name: str = ""
    """The verifier's name; filled in by the flow."""

    score: float | None = None
    """The score of the answer in [0, 1], higher is better; None: the verifier abstains."""

    veto: bool = False
    """True: the answer must not be accepted below the top, whatever the other verifiers say."""

    reason: str = ""
    """The reason, in a few words."""

    signals: Mapping[str, float | None] = EMPTY
    """Further features for the combiner, by name; None if absent."""

    cost_usd: float = 0.0
    """Cost of its own model calls."""

    latency_s: float = 0.0
    """Seconds that its own model calls took."""

    calls: int = 0
    """How many model calls it made."""

    source: str = "computed"
    """`computed` here, or `recorded` with the sample."""

    flags: tuple[str, ...] = ()
    """Anomalies (a timeout, an unusable reply of a judge, …)."""

    answer: str | None = field(default=None, repr=False, compare=False)
    """The JSON that it read, where the answer's text is more than that; it is what the result returns."""

    parsed: Any = field(default=None, repr=False, compare=False)
    """The answer as a value, where the verifier parsed it."""

    def __post_init__(self) -> None:
        """Validate the score, and turn signals that are not finite into None."""
        score = self.score
        if score is not None:
            if isinstance(score, bool) or not isinstance(score, int | float) or not 0.0 <= score <= 1.0:
                message = f"A verdict's score is {score!r}; a number in [0, 1], or None to abstain, was expected."
                raise DataError(message)
            object.__setattr__(self, "score", float(score))
        if self.signals:
            object.__setattr__(self, "signals", {name: _finite(value) for name, value in self.signals.items()})

    @property
    def abstained(self) -> bool:
        """True where it neither scores nor vetoes."""
        return self.score is None and not self.veto

    @classmethod
    def abstain(cls, reason: str, **fields: Any) -> Verdict:
        """Make a verdict that abstains."""
        return cls(reason=reason, **fields)

    @classmethod
    def against(cls, reason: str, **fields: Any) -> Verdict:
        """Make a verdict that vetoes."""
        return cls(veto=True, reason=reason, **fields)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


Flow: TypeAlias = Generator[tuple[Ask, ...], tuple[Reply, ...], Verdict]
"""A verifier's generator: yields asks, is sent the replies in the same order, returns its verdict."""


class Verifier:
    """Base class of verifiers; subclasses override `check`, or `flow` if they need model calls.

    An instance holds settings only, must be thread-safe, and must not change after it was made.
    """

    name: str = ""
    """Names it in policies, logs and reports; unique within a rung."""

    version: ClassVar[str] = "1"
    """Changes whenever the same answer would get another verdict: policies fitted before are then rejected."""

    pass_at: float = 0.5
    """The pass mark: the score from which on it passes an answer, for tasks that are not calibrated."""

    paid: bool = False
    """True where a verdict costs money; such verifiers run after the free ones."""

    probed: ClassVar[bool] = False
    """True: `cascade calibrate` probes it with wrong answers first, and rejects it if it passes too many (a judge)."""

    learned: ClassVar[bool] = False
    """True: `cascade calibrate` fits it on labels, and the policy holds its weights (`exchange.fitted`)."""

    required: bool = False
    """True: where it abstains, the answer is not accepted below the top."""

    inline: ClassVar[bool] = False
    """True: `check` is pure and takes well under a millisecond, so it runs on the event loop without a thread."""

    checks_schema: ClassVar[bool] = False
    """True: it holds answers against the request's schema; where no verifier does, the result is flagged."""

    reads_earlier: ClassVar[bool] = True
    """False: the verdict does not depend on `exchange.earlier`, so calibrate computes it once for all sub-ladders."""

    timeout_s: float = 2.0
    """Seconds after which it abstains (not for model calls, which have their own)."""

    wishes: Mapping[str, Any] = EMPTY
    """Provider parameters that it wants on the rung's own call (log-probabilities)."""

    def check(self, exchange: Exchange) -> Verdict:
        """Judge one exchange. An exception counts as abstaining; it is logged and never passes an answer."""
        del exchange
        message = f"{type(self).__name__} overrides neither check() nor flow()."
        raise TypeError(message)

    def flow(self, exchange: Exchange) -> Flow:
        """Judge one exchange, asking for calls on the way; by default, run `check`."""
        if self.inline:
            return self.check(exchange)
        (reply,) = yield (LocalCall(run=lambda: self.check(exchange), timeout_s=self.timeout_s, label=self.name),)
        if isinstance(reply, CallFailure):
            return Verdict.abstain(f"did not finish: {reply.message}", flags=("verifier_failed",))
        return (
            reply
            if isinstance(reply, Verdict)
            else Verdict.abstain(f"gave a {type(reply).__name__}, not a Verdict", flags=("verifier_failed",))
        )

    def needless(self, verdicts: tuple[Verdict, ...]) -> str | None:
        """Return why it can be skipped after the verdicts so far, by a fixed rule; None: run it. Called first."""
        del verdicts
        return None

    def prepare(self, request: Request) -> None:
        """Validate a request before its first call, to reject early what cannot be judged (a broken schema).

        Raises:
            ConfigError: the request cannot be run as it is.
        """
        del request

    def fresh(self, name: str) -> Verifier:
        """Return a copy with another name and an empty cache, to ask the same again."""
        made = copy(self)
        made.name = name
        return made

    def settings(self) -> Mapping[str, Any]:
        """Return the settings that change its verdicts, as JSON, for the ladder's fingerprint."""
        return {}

    def concerns(self, *, judged: str, above: str | None, price_usd: Callable[[str], float | None]) -> tuple[str, ...]:
        """Return start-up warnings about it on a rung: a judge of the judged model's family, for instance.

        Args:
            judged: the model whose answers it judges.
            above: the model of the next rung; None on the top rung.
            price_usd: US dollars of a typical call by model name; None where unknown.
        """
        del judged, above, price_usd
        return ()

    def describe(self) -> dict[str, Any]:
        """Return name, version and settings as JSON."""
        return {"name": self.name, "version": self.version, "settings": dict(self.settings())}

    def __repr__(self) -> str:
        """Show the class and its settings."""
        inside = ", ".join(f"{key}={value!r}" for key, value in self.settings().items())
        return f"{type(self).__name__}({inside})"


def response_cost(reply: Response | CallFailure) -> float:
    """Return what a reply cost in US dollars; 0.0 where no cost is known."""
    return reply.cost_usd or 0.0
