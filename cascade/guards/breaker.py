"""Breaker: an endpoint's model that keeps failing is not asked any more, but for one probe now and then.

One circuit an endpoint and model, not a provider: a provider's other models and other addresses go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cascade.errors import ConfigError
from cascade.failure import CallFailure, FailureKind
from cascade.loggers import logger_of

logger = logger_of("cascade.breaker")

State = Literal["closed", "open", "half_open"]
"""closed: asked as usual. open: not asked. half_open: one probe may ask, or is asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When an endpoint's model is left alone, and for how long."""

    window: int = 20
    """Tries that are looked back at."""

    memory_s: float = 60.0
    """Seconds after which a try is forgotten."""

    least: int = 10
    """Tries that must be known before it opens."""

    rate: float = 0.5
    """The share of failed ones, in (0, 1], from which on it opens."""

    open_s: float = 10.0
    """Seconds between two probes."""

    def __post_init__(self) -> None:
        """Refuse what could never open, or never close."""
        if not 1 <= self.least <= self.window:
            message = f"breaker.least is {self.least}; a number from 1 to the window of {self.window} was expected."
            raise ConfigError(message)
        if not 0.0 < self.rate <= 1.0:
            message = f"breaker.rate is {self.rate!r}; a number in (0, 1] was expected."
            raise ConfigError(message)
        for name, value in (("memory_s", self.memory_s), ("open_s", self.open_s)):
            if not value > 0:
                message = f"breaker.{name} is {value!r}; seconds above 0 were expected."
                raise ConfigError(message)


class CircuitBreaker:
    """The breaker of one endpoint and model; used on one event loop, so it needs no lock."""

    def __init__(self, name: str, breaker: Breaker | None, clock: Callable[[], float]) -> None:
        self.name = name
        """Whose it is, for people."""
        self.cause: CallFailure | None = None
        """The failure that opened it; None where it is closed."""
        self._breaker, self._clock = breaker, clock
        self._recent: deque[tuple[float, bool]] = deque(maxlen=None if breaker is None else breaker.window)
        self._until: float | None = None  # when the next probe may go; None: closed
        self._probing = False

    @property
    def state(self) -> State:
        """How it stands."""
        if self._until is None:
            return "closed"
        return "half_open" if self._probing or self._clock() >= self._until else "open"

    @property
    def allows(self) -> bool:
        """Whether a try may be made now."""
        return self.state != "open" and not self._probing

    @property
    def opens_in_s(self) -> float:
        """Seconds until a try may be made; 0 where one may be made now, or a probe is under way."""
        return 0.0 if self._until is None else max(0.0, self._until - self._clock())

    def enter(self) -> bool:
        """Begin a try; look at `allows` first. Tells whether it is the probe."""
        if self._until is None or self._breaker is None:
            return False
        self._probing = True
        self._until = self._clock() + self._breaker.open_s  # counted from its start: a probe that hangs delays no other
        return True

    def leave(self, reply: object, *, probe: bool) -> None:
        """End a try.

        Args:
            reply: what came; None: it was broken off, which says nothing about the endpoint.
            probe: what `enter` told. While it is open, only the probe counts: other tries began before.
        """
        self._probing = self._probing and not probe
        if self._breaker is None or reply is None or (self._until is not None and not probe):
            return
        failure = reply if isinstance(reply, CallFailure) else None
        if failure is not None and failure.treatment.rest_s:
            self._open(failure, failure.treatment.rest_s)
        elif failure is not None and failure.treatment.then == "end":
            return  # the request's own end: neither good nor bad
        elif probe and failure is not None and failure.treatment.unhealthy:
            return  # open for another turn
        elif probe:
            self._close()
        else:
            self._count(failure, self._breaker)

    def _count(self, failure: CallFailure | None, breaker: Breaker) -> None:
        now, bad = self._clock(), failure is not None and failure.treatment.unhealthy
        self._recent.append((now, bad))
        while now - self._recent[0][0] > breaker.memory_s:
            self._recent.popleft()
        known = len(self._recent)
        if failure is None or not bad or known < breaker.least:
            return
        if sum(was_bad for _, was_bad in self._recent) >= breaker.rate * known:
            self._open(failure, breaker.open_s)

    def _open(self, cause: CallFailure, rest_s: float) -> None:
        self._until, self.cause = self._clock() + rest_s, cause
        self._recent.clear()
        logger.warning("breaker of %s opens for %g s: %s: %s", self.name, rest_s, cause.kind.value, cause.message)

    def _close(self) -> None:
        self._until, self.cause = None, None
        self._recent.clear()
        logger.warning("breaker of %s closes: it answers again", self.name)

    def refusal(self) -> CallFailure:
        """Return what a call comes to that is not made: a spent quota stays one, all else is out of reach for now."""
        cause = self.cause
        kind = FailureKind.BREAKER
        if cause is not None and cause.treatment.rest_s:
            kind = cause.kind
        said = "" if cause is None else f" after {cause.kind.value}: {cause.message}"
        wait = f"in {self.opens_in_s:.3g} s" if self.opens_in_s else "when the probe under way has ended"
        return CallFailure(kind=kind, message=f"not asked: its breaker is open{said}; asked again {wait}", tries=0)
