"""Wire: what truly happened on the connection during one try, whatever a library makes of it afterwards."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from cascade.dialects.shape import ShapeLimits
from cascade.exchange import ModelCall, TokenLogProb
from cascade.failure import FailureKind, Phase

MOST_AT_ONCE = 1 << 20
"""The most bytes that are given to a parser at once: it holds every thread meanwhile."""

_USUAL_LIMITS = ShapeLimits()


class StreamReader(Protocol):
    """Reads a stream of events as it comes."""

    def feed(self, data: bytes) -> tuple[FailureKind, str] | None:
        """Read on; return what is wrong with it, where something is."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the answer is whole, whatever else comes."""
        ...

    @property
    def overrun(self) -> bool:
        """Whether something came after that."""
        ...


@dataclass(slots=True, kw_only=True)
class Wire:
    """The record of one try; the transport writes it, the classification reads it."""

    ends_at: float
    """When the try must be over, by the event loop's clock."""

    phase: Phase | None = None
    """How far it got; None: nothing was tried."""

    status: int | None = None
    """The HTTP status that came."""

    headers: dict[str, str] = field(default_factory=dict)
    """The answer's headers, names in lower case."""

    expected: int | None = None
    """Bytes that the headers promised; None: they did not say."""

    got: int = 0
    """Bytes of the body that arrived, as they were sent."""

    body: bytes = b""
    """The body: whole, or of an error its first part."""

    fault: FailureKind | None = None
    """What the transport itself found wrong; None: nothing, or it is for others to judge."""

    trouble: str = ""
    """What was wrong, for people."""

    kept: bool = False
    """Whether the connection had served another request before."""

    began: bool = False
    """Whether a byte of an answer came."""

    sent_at: float | None = None
    """When the request's head left, by the event loop's clock; known of litellm's path only."""

    connect_s: float = 0.0
    """Seconds that opening its connection took; 0 where it was open. Known of litellm's path only."""

    asked: int = 0
    """A hash of what was sent, for telling one request from another."""

    resent: bool = False
    """Whether it was sent once more, on a fresh connection, after a kept one had closed so late that the server may
    have read it."""

    question: tuple[str, str, str | None, int] | None = None
    """The call that it is a try of: request, rung, verifier, sample; None: not known."""

    replaced: bool = False
    """Whether a kept connection was found closed and replaced, in this try or an earlier one of the same call: that is
    done once a call, so the tries that follow use fresh connections."""

    limits: ShapeLimits = _USUAL_LIMITS
    """What its answer may hold."""

    reader: StreamReader | None = None
    """What reads its answer as it comes, where that is a stream of events; None: none was asked for."""

    streamed: bool = False
    """Whether the reader has read it, so that there is no body."""

    logprobs: tuple[TokenLogProb, ...] | None = None
    """The first choice's, where they were read and taken out of the body before a library saw it."""

    @property
    def content_type(self) -> str | None:
        """What the answer said that it was."""
        return self.headers.get("content-type")

    @property
    def refused(self) -> bool:
        """Whether an answer came that is no success, whatever a library makes of it."""
        return self.fault is not None or (self.status is not None and self.status >= 300)

    def text(self) -> str:
        """Return the body's beginning as text, whatever it is."""
        return self.body[:4000].decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON; None where it is none, or longer than what a parser is given at once."""
        if len(self.body) > MOST_AT_ONCE:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


WIRE: ContextVar[Wire | None] = ContextVar("cascade.wire", default=None)
"""The try that is under way in this task, or was the last one."""


RESEND: ContextVar[Callable[[], bool] | None] = ContextVar("cascade.resend", default=None)
"""Whether the call under way may be sent once more though its first sending may be billed; None: no budget counts."""


def may_resend() -> bool:
    """Return whether the call under way may be sent twice: its reserve covers both."""
    allowed = RESEND.get()
    return allowed is None or allowed()


def wire_of(
    call: ModelCall, *, ends_at: float, limits: ShapeLimits = _USUAL_LIMITS, phase: Phase | None = None
) -> Wire:
    """Return the record of a call's next try, and make it the current one."""
    question = call.request_id, call.rung, call.verifier, call.sample
    earlier = WIRE.get()
    replaced = earlier is not None and earlier.question == question and earlier.replaced
    wire = Wire(ends_at=ends_at, limits=limits, phase=phase, question=question, replaced=replaced)
    WIRE.set(wire)  # and left there: a cancellation looks how far the try got
    return wire


def forget_try() -> None:
    """Forget the last try before the next one; kept is whether a connection was replaced for its call."""
    last = WIRE.get()
    WIRE.set(None if last is None else Wire(ends_at=math.inf, question=last.question, replaced=last.replaced))


def nothing_sent() -> bool:
    """Return whether the last try of this task sent no byte, so that it cannot be billed."""
    wire = WIRE.get()
    return wire is not None and wire.phase in {"unsent", "connect"} and not wire.resent
