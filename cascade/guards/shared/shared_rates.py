"""Shared rates: requests and tokens a minute that processes keep to together, by buckets in their store."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from cascade.guards.rate_limit import RateLimit, RateLimiter
from cascade.guards.shared.lease_store import Booking, LeaseStore, StoreUnavailable
from cascade.guards.shared.leased_account import AGAIN_S, OnOutage
from cascade.loggers import logger_of

_log = logger_of("cascade.shared")


class SharedRates:
    """Books requests in the store's buckets; used on one event loop.

    A bucket is that of `TokenBucket`, kept by the store's clock: what all processes together book is never more than a
    minute's amount in any minute.
    """

    def __init__(
        self, store: LeaseStore, *, on_outage: OnOutage = "refuse", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the store, what is done while it cannot be reached, and seconds that only grow."""
        self._store, self._on_outage, self._clock = store, on_outage, clock
        self.processes = 1
        """Processes that share the store, as far as is known."""
        self._corrections: dict[str, tuple[RateLimit, float, float]] = {}
        self._local: dict[str, tuple[RateLimit, RateLimiter]] = {}
        self._failed_at: float | None = None

    async def book(self, name: str, pace: RateLimit, tokens: int, *, most_s: float) -> float:
        """Book a request of so many tokens, and return the seconds until it may be made.

        Args:
            name: whose bucket it is.
            pace: what goes into it in a minute.
            tokens: tokens of the request and its answer.
            most_s: seconds that it would wait; where it would have to wait longer, nothing is booked. Infinite where
                the store cannot be reached and `on_outage` is `refuse`.
        """
        now = self._clock()
        if self._failed_at is None or now - self._failed_at >= AGAIN_S:
            try:
                wait_s = await self._store.book(Booking(name, pace.rpm, pace.tpm, 1.0, float(tokens), most_s))
            except StoreUnavailable as error:
                if self._failed_at is None:
                    _log.error("%s Until it answers, rates are %s.", error, _DONE[self._on_outage])
                self._failed_at = now
            else:
                self._failed_at = None
                return wait_s
        if self._on_outage == "refuse":
            return math.inf
        limiter = self._share(name, pace)
        wait_s = limiter.wait_s(tokens)
        if wait_s <= most_s:
            limiter.take(tokens)
        return wait_s

    def correct(self, name: str, pace: RateLimit, *, requests: int = 0, tokens: float = 0.0) -> None:
        """Correct what was booked, within a second; below 0 it is given back."""
        if requests or tokens:
            _, before, tokens_before = self._corrections.get(name, (pace, 0.0, 0.0))
            self._corrections[name] = (pace, before + requests, tokens_before + tokens)

    async def tend(self) -> None:
        """Send the corrections, each bucket's in one call."""
        while self._corrections:
            name, (pace, requests, tokens) = self._corrections.popitem()
            try:
                await self._store.book(Booking(name, pace.rpm, pace.tpm, requests, tokens, math.inf))
            except StoreUnavailable:  # told by the next booking; the bucket refills by itself
                self._corrections.clear()

    def forget(self) -> None:
        """Begin anew: in a forked child, what was booked is the parent's."""
        self._corrections.clear()
        self._local.clear()
        self._failed_at = None

    def _share(self, name: str, pace: RateLimit) -> RateLimiter:
        """Return this process's even share of a bucket."""
        rpm, tpm = (None if one is None else one / self.processes for one in (pace.rpm, pace.tpm))
        share = RateLimit(rpm=rpm, tpm=tpm)
        held = self._local.get(name)
        if held is None or held[0] != share:
            held = self._local[name] = (share, RateLimiter(share, self._clock))
        return held[1]


_DONE = {"refuse": "taken for used up", "local_share": "this process's even share"}
