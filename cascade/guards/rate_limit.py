"""Pace: so many requests and tokens a minute, kept by a token bucket before the provider has to say 429."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cascade.endpoint import require_rate_limit

_MINUTE_S = 60.0
AT_ONCE = 0.1
"""The share of a minute's amount that may be taken at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What a provider takes in a minute; None: no limit is known."""

    rpm: float | None = None
    """Requests a minute."""

    tpm: float | None = None
    """Tokens a minute, prompts and answers."""

    def __post_init__(self) -> None:
        """Refuse what is no pace."""
        require_rate_limit(self.rpm, self.tpm, "RateLimit")


class TokenBucket:
    """A token bucket that never lets more than a minute's amount through in any minute (of what was booked).

    A tenth of it may go at once, the rest flows in over the minute. What is booked is taken at once, though it may be
    used later only, so that those who wait stand in line. Used on one event loop, so it needs no lock.
    """

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._size = max(1.0, per_minute * AT_ONCE)
        self._per_s = max(per_minute - self._size, per_minute / 2) / _MINUTE_S
        self._level, self._at = self._size, clock()

    def wait_s(self, amount: float) -> float:
        """Return the seconds until so much may be used; what is larger than the bucket waits for a full one."""
        now = self._clock()
        self._level, self._at = min(self._size, self._level + (now - self._at) * self._per_s), now
        return max(0.0, (min(amount, self._size) - self._level) / self._per_s)

    def take(self, amount: float) -> None:
        """Book so much; less than 0 gives back."""
        self._level = min(self._size, self._level - amount)


class RateLimiter:
    """The buckets of one pace: a request has to fit into both."""

    def __init__(self, pace: RateLimit, clock: Callable[[], float]) -> None:
        self._requests = None if pace.rpm is None else TokenBucket(pace.rpm, clock)
        self._tokens = None if pace.tpm is None else TokenBucket(pace.tpm, clock)

    def wait_s(self, tokens: int) -> float:
        """Return the seconds until a request of so many tokens may be made."""
        waits = [0.0]
        if self._requests is not None:
            waits.append(self._requests.wait_s(1.0))
        if self._tokens is not None:
            waits.append(self._tokens.wait_s(float(tokens)))
        return max(waits)

    def take(self, tokens: int) -> None:
        """Book a request of so many tokens."""
        if self._requests is not None:
            self._requests.take(1.0)
        if self._tokens is not None:
            self._tokens.take(float(tokens))

    def settle(self, tokens: int, used: int | None) -> None:
        """Correct what was booked by what was used; None: the request was not made after all."""
        if used is None and self._requests is not None:
            self._requests.take(-1.0)
        if self._tokens is not None and math.isfinite(tokens):
            self._tokens.take(float((used or 0) - tokens))
