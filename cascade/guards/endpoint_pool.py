"""Roster: the endpoints that a cascade asks, each with its breaker, its pace and its provider's retry budget.

One cascade has one, shared by all its requests, on its one event loop.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, TypeAlias

from cascade.endpoint import Endpoint
from cascade.errors import ConfigError
from cascade.exchange import EMPTY, ModelCall, Response
from cascade.failure import CallFailure
from cascade.guards.breaker import Breaker, CircuitBreaker, State
from cascade.guards.rate_limit import RateLimit, RateLimiter
from cascade.guards.shared.shared_rates import SharedRates
from cascade.prices import estimate_prompt_tokens

_Key: TypeAlias = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """How much of a provider's traffic may be repetitions."""

    rate: float = 0.1
    """Repetitions per first try, in [0, 1]."""

    burst: int = 10
    """Repetitions that may be made at once, beyond the rate; saved up again at the rate."""

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if not 0.0 <= self.rate <= 1.0:
            message = f"retry_budget.rate is {self.rate!r}; a number in [0, 1] was expected."
            raise ConfigError(message)
        if self.burst < 0:
            message = f"retry_budget.burst is {self.burst!r}; a number from 0 on was expected."
            raise ConfigError(message)


class RetryTokens:
    """What one provider's repetitions may still take: at most `burst + rate x first tries`, at any time.

    Used on one event loop, so it needs no lock.
    """

    def __init__(self, budget: RetryBudget) -> None:
        self._budget = budget
        self._left = float(budget.burst)

    def first(self) -> None:
        """Count a first try."""
        self._left = min(float(self._budget.burst), self._left + self._budget.rate)

    def take(self) -> bool:
        """Take a repetition if there is one left."""
        if self._left < 1.0 - 1e-9:
            return False
        self._left -= 1.0
        return True

    def give_back(self) -> None:
        """Put a repetition back that was not made."""
        self._left = min(float(self._budget.burst), self._left + 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one endpoint's model stands."""

    model: str
    """The model as it is called there."""

    endpoint: str
    """The endpoint's name; of a rung that lists none, its address's host, or `default`."""

    state: State | Literal["silent"]
    """Of its breaker: closed (asked as usual), open (not asked), half_open (a probe may ask); silent: a verifier that
    the policy leans on has stopped scoring."""

    cause: str | None
    """The kind of failure that opened it; None where it is closed."""

    opens_in_s: float
    """Seconds until a probe may ask it."""


class EndpointState:
    """One endpoint's model, as the retry loop sees it."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        circuit: CircuitBreaker,
        retry_tokens: RetryTokens,
        limiters: tuple[RateLimiter, ...],
        *,
        shared: SharedRates | None = None,
        paces: tuple[tuple[str, RateLimit], ...] = (),
    ) -> None:
        self.endpoint, self.model = endpoint, model
        self.circuit = circuit
        """Its breaker."""
        self.retry_tokens = retry_tokens
        """Its provider's retry budget."""
        self.in_flight = 0
        """Calls that it has not answered yet."""
        self.rests_until = 0.0
        """Until when it asked to be left alone (Retry-After): others are preferred."""
        self.paced = bool(limiters)
        """Whether a pace is known."""
        self._limiters = limiters
        self._shared, self._paces = shared, paces

    def wait_s(self, tokens: int) -> float:
        """Return the seconds until its pace allows a request of so many tokens."""
        return max((limiter.wait_s(tokens) for limiter in self._limiters), default=0.0)

    def book(self, tokens: int) -> None:
        """Take a request's part of the pace."""
        for limiter in self._limiters:
            limiter.take(tokens)

    def settle(self, tokens: int, reply: Response | CallFailure | None, *, made: bool = True) -> None:
        """Correct a booking by what came; a request that was not made gives all of it back."""
        used = None if not made else tokens
        if made and isinstance(reply, Response):
            used = reply.usage.input_tokens + reply.usage.output_tokens
        for limiter in self._limiters:
            limiter.settle(tokens, used)

    async def book_shared(self, tokens: int, *, most_s: float) -> float:
        """Book a request in the paces that processes share, and return the seconds until it may be made.

        Where these are more than `most_s`, nothing is booked.
        """
        wait_s = 0.0
        booked: list[tuple[str, RateLimit]] = []
        if self._shared is None:
            return wait_s
        for name, pace in self._paces:
            one_s = await self._shared.book(name, pace, tokens, most_s=most_s)
            wait_s = max(wait_s, one_s)
            if one_s > most_s:
                for before, of in booked:
                    self._shared.correct(before, of, requests=-1, tokens=-tokens)
                break
            booked.append((name, pace))
        return wait_s

    def settle_shared(self, tokens: int, reply: Response | CallFailure | None, *, made: bool) -> None:
        """Correct a booking of shared paces as `settle` does."""
        if self._shared is None:
            return
        for name, pace in self._paces:
            if not made:
                self._shared.correct(name, pace, requests=-1, tokens=-tokens)
            elif isinstance(reply, Response):
                used = reply.usage.input_tokens + reply.usage.output_tokens
                self._shared.correct(name, pace, tokens=used - tokens)

    def call(self, call: ModelCall) -> ModelCall:
        """Return the call as this endpoint is to be asked."""
        return call.at(self.endpoint) if call.endpoints else call


class EndpointPool:
    """Every endpoint that was asked so far."""

    def __init__(
        self,
        *,
        breaker: Breaker | None = Breaker(),  # noqa: B008 - frozen
        retry_budget: RetryBudget = RetryBudget(),
        providers: Mapping[str, RateLimit] = EMPTY,
        shared: SharedRates | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the rules.

        Args:
            breaker: when an endpoint's model is left alone; None: never.
            retry_budget: how much of a provider's traffic may be repetitions.
            providers: the pace of whole providers, by the part of a model's name before the slash.
            shared: where paces are kept together with other processes; None: this one keeps them alone.
            clock: monotonic seconds.
        """
        self.clock = clock
        self._shared, self._paces = shared, dict(providers)
        self._breaker, self._retry_budget = breaker, retry_budget
        self._lines: dict[_Key, EndpointState] = {}
        self._turns: dict[tuple[str, str], itertools.count[int]] = {}
        self._retry_tokens: dict[tuple[str, str | None], RetryTokens] = {}
        self._providers = {name: RateLimiter(pace, clock) for name, pace in providers.items()}

    def lines(self, call: ModelCall) -> tuple[EndpointState, ...]:
        """Return where a call can be asked, in order of preference."""
        if call.endpoints:
            return self._balanced(call, [self._line(call, endpoint) for endpoint in call.endpoints])
        known = self._lines.get((call.model, call.api_base, call.api_key))
        if known is not None:
            return (known,)
        return (self._line(call, Endpoint(api_base=call.api_base, api_key=call.api_key)),)

    def _balanced(self, call: ModelCall, lines: list[EndpointState]) -> tuple[EndpointState, ...]:
        """Return endpoints as the rung wants its load spread."""
        if call.balance == "least_busy":
            lines.sort(key=lambda line: line.in_flight)
        elif call.balance == "round_robin":
            turns = self._turns.setdefault((call.rung, call.model), itertools.count())
            first = next(turns) % len(lines)
            lines = lines[first:] + lines[:first]
        return tuple(lines)

    def health(self) -> tuple[Health, ...]:
        """Return how every endpoint stands that was asked so far; may be called from any thread."""
        return tuple(
            Health(
                model=line.model,
                endpoint=line.endpoint.name,
                state=line.circuit.state,
                cause=None if line.circuit.cause is None else line.circuit.cause.kind.value,
                opens_in_s=line.circuit.opens_in_s,
            )
            for line in list(self._lines.values())
        )

    def _line(self, call: ModelCall, endpoint: Endpoint) -> EndpointState:
        model = endpoint.model or call.model
        key = (model, endpoint.api_base, endpoint.api_key)
        line = self._lines.get(key)
        if line is None:
            provider = model.partition("/")[0]
            limiters: list[Any] = [self._providers.get(provider)]
            paces = [(f"provider:{provider}", self._paces[provider])] if provider in self._paces else []
            if endpoint.rpm is not None or endpoint.tpm is not None:
                pace = RateLimit(rpm=endpoint.rpm, tpm=endpoint.tpm)
                limiters.append(RateLimiter(pace, self.clock))
                named = sha256("\n".join(one or "" for one in key).encode()).hexdigest()[:16]
                paces.append((f"endpoint:{named}", pace))
            line = self._lines[key] = EndpointState(
                endpoint,
                model,
                CircuitBreaker(f"{model} at {endpoint.name}", self._breaker, self.clock),
                self._retry_tokens.setdefault((provider, endpoint.api_base), RetryTokens(self._retry_budget)),
                tuple(limiter for limiter in limiters if limiter is not None),
                shared=self._shared,
                paces=tuple(paces),
            )
        return line


def tokens_of(call: ModelCall) -> int:
    """Return the tokens that a provider's pace counts for a call: the prompt's, and the longest answer asked for."""
    longest = next((call.params[name] for name in ("max_completion_tokens", "max_tokens") if call.params.get(name)), 0)
    return estimate_prompt_tokens(call.messages, call.params) + (longest if isinstance(longest, int) else 0)
