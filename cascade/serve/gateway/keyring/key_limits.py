"""Key limits: the rates and the daily account of each key, while the server runs."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from cascade.exchange import Request
from cascade.guards.accounts import SpendAccount
from cascade.guards.rate_limit import RateLimit, RateLimiter
from cascade.prices import estimate_prompt_tokens, output_limit
from cascade.result import Result
from cascade.serve.gateway.keyring.key import Key
from cascade.serve.gateway.refusals import rate_limited

ASSUMED_OUTPUT_TOKENS = 512
"""Tokens that are booked for an answer whose request sets no limit, until it has come."""


class Rates(Protocol):
    """Rates that processes share: `Host` of the cascade."""

    async def book_rate(self, name: str, pace: RateLimit, tokens: int) -> float:
        """Book a request; 0, or the seconds until it could be made."""
        ...

    async def correct_rate(self, name: str, pace: RateLimit, tokens: int) -> None:
        """Add tokens to what is booked."""
        ...


class KeyLimits:
    """What each key has used of its limits; used on one event loop, its accounts on the cascade's."""

    def __init__(
        self,
        opened: Callable[..., SpendAccount],
        *,
        spent_usd: Mapping[str | None, float] | None = None,
        processes: int = 1,
        rates_of: Rates | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open them.

        Args:
            opened: opens the account of a day, by its name (`Host.account`).
            spent_usd: what each principal spent today before, as the log tells: a key counts all that its principal
                spent, so that a restart allows no more than was left.
            processes: processes that share the keys' rates evenly, where these are not shared by a store.
            rates_of: where they are shared by a store; None: they are not.
            clock: seconds that only grow.
        """
        self._opened, self._spent_usd, self._clock = opened, dict(spent_usd or {}), clock
        self._processes, self._rates_of = processes, rates_of
        self._rates: dict[str, tuple[RateLimit, RateLimiter]] = {}
        self._accounts: dict[str, SpendAccount] = {}

    def account(self, key: Key | None) -> SpendAccount | None:
        """Return what pays for a key's requests today; None where it has no limit of its own."""
        if key is None or key.usd_per_day is None:
            return None
        held = self._accounts.get(key.id)
        if held is None or held.limit_usd != key.usd_per_day:
            before = self._spent_usd.get(key.whose, 0.0) if held is None else held.spent_usd
            held = self._accounts[key.id] = self._opened(key.id, key.usd_per_day, spent_usd=before, principal=key.whose)
        return held

    @asynccontextmanager
    async def booked(self, key: Key | None, request: Request) -> AsyncIterator[Callable[[Result[Any]], None]]:
        """Book a request with its key's rates; yields what corrects the booked tokens by a result's.

        Raises:
            Refusal: the key's requests or tokens of this minute are used up.
        """
        if key is None or (key.rpm is None and key.tpm is None):
            yield lambda _: None
            return
        tokens = estimate_prompt_tokens(request.messages, request.params)
        tokens += output_limit(request.params) or ASSUMED_OUTPUT_TOKENS
        settle, wait_s = await self._book(key, tokens)
        if math.isinf(wait_s):
            raise rate_limited("The store of shared rates cannot be reached; ask again in a moment.", 1.0)
        if wait_s > 0:
            said = " and ".join(
                f"{figure:g} {what}"
                for figure, what in ((key.rpm, "requests"), (key.tpm, "tokens"))
                if figure is not None
            )
            message = f"The key's rate of {said} a minute is used up; ask again in {math.ceil(wait_s)} s."
            raise rate_limited(message, wait_s)
        used: list[int] = []
        try:
            yield lambda result: used.append(sum(_tokens(result)))
        finally:
            await settle((used[0] if used else 0) - tokens)

    async def _book(self, key: Key, tokens: int) -> tuple[Callable[[int], Awaitable[None]], float]:
        """Book a request, and return what corrects its tokens, and the seconds to wait where nothing was booked."""
        if self._rates_of is not None:
            pace = RateLimit(rpm=key.rpm, tpm=key.tpm)
            wait_s = await self._rates_of.book_rate(key.id, pace, tokens)
            return partial(self._rates_of.correct_rate, key.id, pace), wait_s
        limiter = self._limiter(key)
        wait_s = limiter.wait_s(tokens)
        if wait_s <= 0:
            limiter.take(tokens)

        async def settle(more: int) -> None:
            limiter.settle(0, more)

        return settle, wait_s

    def _limiter(self, key: Key) -> RateLimiter:
        rpm, tpm = (None if one is None else one / self._processes for one in (key.rpm, key.tpm))
        limit = RateLimit(rpm=rpm, tpm=tpm)
        held = self._rates.get(key.id)
        if held is None or held[0] != limit:  # the file of keys has changed
            held = self._rates[key.id] = (limit, RateLimiter(limit, self._clock))
        return held[1]


def _tokens(result: Result[Any]) -> Iterator[int]:
    for attempt in result.attempts:
        if attempt.response is not None:
            yield attempt.response.usage.input_tokens + attempt.response.usage.output_tokens
