"""FailureKind and CallFailure: a model that failed is data, and what its kind of failure means is a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cascade.errors import (
    AuthError,
    BadRequest,
    ContentFiltered,
    ModelNotFound,
    PromptTooLong,
    ProviderError,
    ProviderMisbehaved,
    QuotaExhausted,
)
from cascade.redaction import redacted
from cascade.usage import Usage

Phase = Literal["unsent", "connect", "sent", "headers", "body", "done"]
"""How far a try got: nothing was tried yet; connecting; the request on its way; the answer's headers came; its body
began; it came whole."""


class FailureKind(StrEnum):
    """The closed list of the ways in which a call can fail."""

    CONNECT = "connect"
    """No connection, or it broke before the request was sent: nothing can have been charged."""
    DROPPED = "dropped"
    """The connection broke after the request was sent: it may have been charged."""
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    SERVER = "server"
    """500, 502, 503, 529."""
    CONFLICT = "conflict"
    """409."""
    BAD_BODY = "bad_body"
    """A 200 whose body cannot be used: it may have been charged."""
    TOO_BIG = "too_big"
    """A body beyond 8 MiB: read no further, and it may have been charged."""
    MISBEHAVED = "misbehaved"
    """A redirect, which would carry prompt and key to another place: not followed. Or, where that is refused, an answer
    by another model than the one asked."""
    BREAKER = "breaker"
    """Not asked: this endpoint and model failed too often just now, and only a probe may ask it."""
    CONTEXT = "context"
    """The prompt does not fit into the model's window."""
    AUTH = "auth"
    QUOTA = "quota"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    CONTENT_FILTER = "content_filter"
    DEADLINE = "deadline"
    """The request's own deadline passed: not the provider's fault."""
    BUDGET = "budget"
    """Not called: the worst case would have cost more than the budget had left."""
    MISSING = "missing"
    """A recorded ladder holds no recording of this rung for this request."""
    UNKNOWN = "unknown"
    """Unclassified: raised, never accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done about one kind of failure: asked again, then sideways, then what `then` says."""

    retries: int = 0
    """How many more times the rung is asked, the same endpoint included; other endpoints of it come first."""

    sideways: bool = False
    """Whether an equivalent endpoint of the same rung is asked, where there is one that was not asked yet."""

    then: Literal["fail_over", "raise", "end"] = "fail_over"
    """fail_over: go to the next rung, which takes a token of the escalation cap. raise: end the request with `raises`.
    end: the request has ended by itself."""

    raises: type[ProviderError] | None = None
    """The error that ends the request; for `fail_over`: where there is neither a rung to go to nor an answer."""

    unhealthy: bool = False
    """Whether the endpoint's breaker counts it."""

    rest_s: float = 0.0
    """Seconds for which the endpoint's breaker opens at once: a spent quota does not come back by asking."""

    maybe_charged: bool = False
    """True where the provider may have billed the failed call."""


_MOST_RETRIES = 2
_QUOTA_REST_S = 300.0

TREATMENTS: dict[FailureKind, Treatment] = {
    FailureKind.CONNECT: Treatment(retries=_MOST_RETRIES, sideways=True, unhealthy=True),
    FailureKind.DROPPED: Treatment(retries=1, sideways=True, unhealthy=True, maybe_charged=True),
    FailureKind.TIMEOUT: Treatment(retries=1, sideways=True, unhealthy=True, maybe_charged=True),
    # Waited for as long as it asks, where there is no other endpoint; not unhealthy: it answers.
    FailureKind.RATE_LIMITED: Treatment(retries=_MOST_RETRIES, sideways=True),
    FailureKind.SERVER: Treatment(retries=_MOST_RETRIES, sideways=True, unhealthy=True),
    FailureKind.CONFLICT: Treatment(retries=1, sideways=True),
    FailureKind.BAD_BODY: Treatment(retries=1, sideways=True, unhealthy=True, maybe_charged=True),
    FailureKind.TOO_BIG: Treatment(unhealthy=True, maybe_charged=True),
    FailureKind.BREAKER: Treatment(),
    FailureKind.CONTEXT: Treatment(raises=PromptTooLong),
    # What is wrong with a configuration or an account is told, never mended by paying more.
    FailureKind.AUTH: Treatment(then="raise", raises=AuthError),
    FailureKind.QUOTA: Treatment(sideways=True, then="raise", raises=QuotaExhausted, rest_s=_QUOTA_REST_S),
    FailureKind.NOT_FOUND: Treatment(then="raise", raises=ModelNotFound),
    FailureKind.BAD_REQUEST: Treatment(then="raise", raises=BadRequest),
    FailureKind.CONTENT_FILTER: Treatment(then="raise", raises=ContentFiltered),  # unless `on_content_filter: escalate`
    FailureKind.MISBEHAVED: Treatment(then="raise", raises=ProviderMisbehaved),
    FailureKind.DEADLINE: Treatment(then="end"),
    FailureKind.BUDGET: Treatment(then="end"),
    FailureKind.MISSING: Treatment(),
    FailureKind.UNKNOWN: Treatment(then="raise", raises=ProviderError, maybe_charged=True),
}
"""One row a kind; a kind without a row cannot exist (a test holds this).

How the faults of the wire come to their kinds is the clients' business: `clients/fault.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailure:
    """A call that gave no usable response."""

    kind: FailureKind
    """Which way it failed."""

    message: str
    """What the provider or the network said, redacted; for people."""

    status: int | None = None
    """The HTTP status, where there was one."""

    phase: Phase | None = None
    """How far the last try got; None: nothing was sent over a connection of ours."""

    bytes_got: int | None = None
    """Bytes of the answer's body that arrived, where some were awaited."""

    bytes_expected: int | None = None
    """Bytes that the answer's headers promised."""

    content_type: str | None = None
    """What the answer said that it was."""

    charged: bool | None = None
    """Whether the provider may have billed it; None: as its kind says."""

    retry_after_s: float | None = None
    """Seconds that the provider asked us to wait; None: it did not say, or said nonsense."""

    usage: Usage = Usage()
    """What the failed call consumed, as far as known."""

    cost_usd: float = 0.0
    """What the failed calls cost, retries included, as far as known."""

    latency_s: float = 0.0
    """Seconds from the first try to giving up."""

    tries: int = 1
    """How many times the provider was asked."""

    endpoint: str = ""
    """Which of the rung's endpoints failed last; '' where it lists none."""

    def __post_init__(self) -> None:
        """Cut secrets out of what was said: providers echo keys."""
        object.__setattr__(self, "message", redacted(self.message))

    @property
    def treatment(self) -> Treatment:
        """What is done about this kind of failure."""
        return TREATMENTS[self.kind]

    @property
    def maybe_charged(self) -> bool:
        """Whether the provider may have billed a try of it."""
        # A deadline cuts a call off like a timeout does: that it passed is the request's end, that it is billed is not.
        own = self.kind is FailureKind.DEADLINE or self.treatment.maybe_charged
        return self.tries > 0 and (own if self.charged is None else self.charged)
