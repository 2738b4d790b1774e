"""Settings: options for how requests end, for a whole cascade or one task; and the warnings of a cascade."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from cascade.answer_schema import declared_answer, described
from cascade.errors import ConfigError

OnChanged: TypeAlias = Literal["alarm", "reference", "renew"]
"""What is done where a policy is void."""


class UncalibratedWarning(UserWarning):
    """A task runs by pass marks because no policy was fitted for it; warned once per task and Cascade."""


class LadderWarning(UserWarning):
    """A ladder is doubtful: a judge of the judged model's family, an order against the prices."""


class SilentVerifierWarning(UserWarning):
    """A verifier that a policy leans on has stopped scoring; given once for each verifier and rung."""


class BypassWarning(UserWarning):
    """The cascade behind a wrapped client fails, so that its requests go to the client's own model; given once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How requests end, for a whole cascade or for one task."""

    mode: Literal["enforce", "observe"] = "enforce"
    """Whether the cascade decides, or the top answers as ever, and what the cascade would have done is logged."""

    share: float = 1.0
    """The share of requests that the cascade decides in mode `enforce`, by a hashed draw of their principal, else
    session, else id; the rest is observed."""

    on_uncalibrated: Literal["pass_marks", "top", "error"] = "pass_marks"
    """How a task without a policy runs."""

    on_exhausted: Literal["answer", "abstain"] = "answer"
    """Whether an answer that the top's verifiers vetoed is returned, flagged, or withheld."""

    on_refusal: Literal["escalate", "accept"] = "escalate"
    """Whether a model's refusal escalates once, or is accepted."""

    on_content_filter: Literal["raise", "escalate"] = "raise"
    """Whether a request that a provider's content filter refused raises, or goes on to the next rung."""

    on_other_model: Literal["flag", "raise"] = "flag"
    """Whether an answer by another model than the one asked, as the provider reports it, is flagged or raises."""

    on_deadline: Literal["raise", "best"] = "raise"
    """Whether a passed deadline raises or returns the best answer so far."""

    on_budget: Literal["raise", "best"] = "raise"
    """Whether a spent budget raises or returns the best answer so far."""

    on_stream: Literal["verified", "top_live"] = "verified"
    """Whether a stream is verified before it begins, or passed on as it comes where one rung alone may be asked."""

    session_floor: Literal["exchange", "never", "always"] = "exchange"
    """Whether a request of a session starts no lower than the rung that made its open tool calls, or (`always`) than
    the highest rung that answered in the session."""

    deadline_s: float | None = None
    """Default deadline of a request, in seconds."""

    max_cost_usd: float | None = None
    """Default budget of a request, in US dollars."""

    schema: Any = None
    """Default JSON Schema, or type, of answers."""

    answer_field: str | None = None
    """Default JSON pointer of the field that holds the answer, for comparisons (`answer` in cascade.yaml)."""

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        require_share(self.share, "share")

    @property
    def declared_field(self) -> str | None:
        """The JSON pointer of the answer, declared by `answer_field` or by a mark in the schema; None: it is not."""
        if self.answer_field is not None or self.schema is None:
            return self.answer_field
        return declared_answer(described(self.schema)[0])

    @property
    def observes(self) -> bool:
        """True where the top answers some requests and the cascade is observed."""
        return self.mode == "observe" or self.share < 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveLimits:
    """Limits of the background lane, which observes: what runs after an answer has gone out."""

    share: float = 1.0
    """The share of observable requests that are observed; lowered ahead, so that a day's budget lasts the day."""

    watch: float = 0.0
    """The share of requests decided by a certified policy on which the reference is asked too, once the answer has gone
    out, so that the certificate is watched: 0.01 is usual. 0: certificates are not watched."""

    on_refuted: Literal["alarm", "reference"] = "alarm"
    """Where watching refutes a certificate: `alarm`, it is said; `reference`, the reference serves the task, too, until
    another policy does."""

    on_changed: OnChanged = "reference"
    """Where the system prompt of a request is none of those that its policy was fitted under: `alarm`, it is said;
    `reference`, the reference serves it, too; `renew`, the same, the request is observed, and `cascade renew` certifies
    the policy again; then a policy that does not fit the ladder is no error either, but is renewed like that."""

    max_usd_per_day: float = 5.0
    """US dollars that observing may cost a UTC day; from an account of its own."""

    concurrency: int = 8
    """Observations at once."""

    queue: int = 1000
    """Observations that may wait; more are dropped, and counted."""

    providers: tuple[str, ...] = ()
    """Providers (the part of a model's name before the slash), besides the top's, that may see prompts."""

    def __post_init__(self) -> None:
        """Refuse what cannot be kept to."""
        require_share(self.share, "observe.share")
        require_share(self.watch, "observe.watch")
        if self.on_refuted not in ("alarm", "reference"):
            message = f"observe.on_refuted is {self.on_refuted!r}; alarm or reference was expected."
            raise ConfigError(message)
        if self.on_changed not in get_args(OnChanged):
            message = f"observe.on_changed is {self.on_changed!r}; alarm, reference or renew was expected."
            raise ConfigError(message)
        if not 0.0 <= self.max_usd_per_day < math.inf:
            message = f"observe.max_usd_per_day is {self.max_usd_per_day!r}; US dollars, 0 or more, were expected."
            raise ConfigError(message)
        for name, least in (("concurrency", 1), ("queue", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                message = f"observe.{name} is {value!r}; a whole number from {least} on was expected."
                raise ConfigError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """How `cascade serve` answers."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    """Further names of models: `{"gpt-4o": "support:strict"}`."""

    on_internal_error: Literal["reference", "raise"] = "reference"
    """Whether a request that the cascade itself failed is answered by the reference alone, flagged, or is an error."""

    concurrency: int = 256
    """Requests that run at once."""

    queue: int = 256
    """Requests that may wait for their turn; more are refused with 429."""

    def __post_init__(self) -> None:
        """Refuse what cannot be kept to."""
        for name, least in (("concurrency", 1), ("queue", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                message = f"serve.{name} is {value!r}; a whole number from {least} on was expected."
                raise ConfigError(message)


def require_share(value: float, name: str) -> None:
    """Refuse what is no share.

    Raises:
        ConfigError: it is not in [0, 1].
    """
    if not (isinstance(value, int | float) and 0.0 <= value <= 1.0):
        message = f"{name} is {value!r}; a share in [0, 1] was expected."
        raise ConfigError(message)
