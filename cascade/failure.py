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
    ProviderError,
    ProviderMisbehaved,
    QuotaExhausted,
)
from cascade.redaction import redacted
from cascade.usage import Usage

Phase = Literal["connect", "sent", "headers", "body", "done"]
"""How far a try got: connecting; the request on its way; the answer's headers came; its body began; it came whole."""


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
    """A redirect, which would carry prompt and key to another place: not followed."""
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
    """What is done about one kind of failure (RELIABILITY.md, section 2)."""

    retries: int = 0
    """How many more times the same rung is asked."""

    raises: type[ProviderError] | None = None
    """The error that ends the request; None: fail over to the next rung."""

    maybe_charged: bool = False
    """True where the provider may have billed the failed call."""


TREATMENTS: dict[FailureKind, Treatment] = {
    FailureKind.CONNECT: Treatment(retries=1),
    FailureKind.DROPPED: Treatment(retries=1, maybe_charged=True),
    FailureKind.TIMEOUT: Treatment(retries=1, maybe_charged=True),
    FailureKind.RATE_LIMITED: Treatment(retries=1),
    FailureKind.SERVER: Treatment(retries=1),
    FailureKind.CONFLICT: Treatment(retries=1),
    FailureKind.BAD_BODY: Treatment(retries=1, maybe_charged=True),
    FailureKind.TOO_BIG: Treatment(maybe_charged=True),
    FailureKind.MISBEHAVED: Treatment(raises=ProviderMisbehaved),
    FailureKind.CONTEXT: Treatment(),
    FailureKind.AUTH: Treatment(raises=AuthError),
    FailureKind.QUOTA: Treatment(raises=QuotaExhausted),
    FailureKind.NOT_FOUND: Treatment(raises=ModelNotFound),
    FailureKind.BAD_REQUEST: Treatment(raises=BadRequest),
    FailureKind.CONTENT_FILTER: Treatment(raises=ContentFiltered),
    FailureKind.DEADLINE: Treatment(),
    FailureKind.BUDGET: Treatment(),
    FailureKind.MISSING: Treatment(),
    FailureKind.UNKNOWN: Treatment(raises=ProviderError, maybe_charged=True),
}
"""One row a kind; a kind without a row cannot exist (a test holds this)."""


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
