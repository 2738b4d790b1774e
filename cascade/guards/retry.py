"""Retry: the one retry loop; it asks a rung again where that may help, within the time that is left.

Which kinds of failure are asked again is data: `failure.TREATMENTS`. A rung that has several equivalent endpoints goes
sideways first. Every try is bounded from outside: a provider's own timeout is none, one byte every second outlives it.

    first try ─▶ the first endpoint whose breaker is closed and whose pace has room
    failure   ─▶ an endpoint that was not asked yet ─▶ the same one again, after a wait, if its provider's retry
                 budget allows ─▶ given up: the flow fails over to the next rung, or raises
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable

from cascade.clients import Client
from cascade.clients.classify_failure import classify_timeout
from cascade.clients.live_stream import went_out
from cascade.clients.wire import forget_try
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.fast_replace import fast_replace
from cascade.guards.endpoint_pool import EndpointPool, EndpointState, tokens_of

MOST_TRIES = 3
"""Tries of one rung for one call, over all its endpoints."""

BACKOFF_S = 0.5
"""The longest wait before the first repetition; it doubles with each further one."""

GRACE_S = 0.25
"""Seconds beyond its limit that a client may take to end a try itself: it knows how far the try got."""

MOST_BACKOFF_S = 8.0
"""The longest wait before any repetition that the provider did not ask for."""

MOST_RETRY_AFTER_S = 60.0
"""Where a provider asks for more patience than this, or its pace does, the endpoint is given up."""


async def ask_with_retry(
    client: Client,
    call: ModelCall,
    *,
    left_s: Callable[[], float | None],
    pool: EndpointPool | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
    admit: Callable[[ModelCall, float | None], Awaitable[CallFailure | None]] | None = None,
) -> Response | CallFailure:
    """Ask a client, again where that may help, and return the last reply with what all tries took and cost.

    Args:
        client: whom to ask.
        call: what to ask; one try takes at most its `timeout_s`.
        left_s: seconds until the request's deadline; None: there is none.
        pool: the endpoints with their circuit breakers, rate limits and retry budgets; None: a pool of its own.
        sleep: waits so many seconds.
        jitter: a number in [0, 1), drawn anew for each wait, so that callers who failed together return apart.
        admit: waits until a try may be made, before its time runs; it returns what the call comes to where it may not.
    """
    asking = _Asking(call, pool or EndpointPool(), left_s, admit)
    while (step := asking.next(jitter)) is not None:
        line, wait_s = step
        if wait_s > 0 and not await asking.wait(line, wait_s, sleep):
            continue
        reply = await asking.ask(client, line, sleep)
        if isinstance(reply, Response):
            return _total(reply, asking.failed, asking.waited_s)
        asking.failed.append(reply)
    *before, last = asking.failed or [asking.refusal()]
    # A spent quota somewhere, now or a minute ago, and elsewhere no answer: that is told, and not taken for an outage
    # that the dearer rung may answer.
    known = () if last.treatment.then == "end" else (*asking.failed, *asking.refused())
    decisive = next((failure for failure in known if failure.treatment.then == "raise"), last)
    last = fast_replace(last, kind=decisive.kind, message=decisive.message, status=decisive.status)
    return _total(last, before, asking.waited_s)


class _Asking:
    """One call on its way from endpoint to endpoint."""

    def __init__(
        self,
        call: ModelCall,
        pool: EndpointPool,
        left_s: Callable[[], float | None],
        admit: Callable[[ModelCall, float | None], Awaitable[CallFailure | None]] | None,
    ) -> None:
        self.failed: list[CallFailure] = []
        self.waited_s = 0.0
        self._call, self._clock = call, pool.clock
        self._lines = pool.lines(call)
        self._tokens = tokens_of(call) if any(line.paced for line in self._lines) else 0
        self._asked: list[EndpointState] = []
        self._rests: dict[EndpointState, float] = {}  # until when those that were asked want to be left alone
        self._left_s, self._admit = left_s, admit
        self._paced = False

    def next(self, jitter: Callable[[], float]) -> tuple[EndpointState, float] | None:
        """Return the next endpoint and the seconds to wait before it; None to give up."""
        last = self.failed[-1] if self.failed else None
        if last is not None and went_out():
            return None  # a second answer cannot follow a part of the first
        if len(self.failed) >= MOST_TRIES or (last is not None and not last.tries and last.phase != "unsent"):
            return None
        open_lines = [line for line in self._lines if line.circuit.allows]
        if last is None and len(open_lines) == 1 and not open_lines[0].paced:
            return open_lines[0], 0.0
        if last is None or last.treatment.sideways:
            # Those whose pace has room before those that must wait, then as given, but for those that rest.
            fresh = [(line.wait_s(self._tokens), line) for line in open_lines if line not in self._asked]
            fresh.sort(key=lambda step: (step[0], step[1].rests_until > self._clock()))
            # Who waits for room wants some time left for the answer.
            most_s = min(MOST_RETRY_AFTER_S, max(0.0, _finite(self._left_s()) / 2))
            if fresh and fresh[0][0] <= most_s:
                return fresh[0][1], fresh[0][0]
            self._paced = bool(fresh)
        again = [line for line in open_lines if line in self._asked]
        if last is None or len(self.failed) > last.treatment.retries or not again:
            return None
        # Full jitter (Brooker, "Exponential backoff and jitter", 2015), on top of what was asked for.
        backoff_s = jitter() * min(MOST_BACKOFF_S, BACKOFF_S * 2.0 ** (len(self.failed) - 1))
        wait_s, line = min(((self._rest_s(line), line) for line in again), key=lambda step: step[0])
        in_time = wait_s <= MOST_RETRY_AFTER_S and wait_s + backoff_s < _finite(self._left_s())
        return (line, wait_s + backoff_s) if in_time and line.retry_tokens.take() else None

    def _rest_s(self, line: EndpointState) -> float:
        """Return the seconds until an endpoint may be asked again: those that it asked for, or its pace's."""
        return max(self._rests.get(line, 0.0) - self._clock(), line.wait_s(self._tokens), 0.0)

    async def wait(self, line: EndpointState, wait_s: float, sleep: Callable[[float], Awaitable[object]]) -> bool:
        """Stand in line for an endpoint; tells whether it may still be asked then."""
        line.book(self._tokens)
        let_go = True
        try:
            await sleep(wait_s)
            self.waited_s += wait_s
            let_go = not line.circuit.allows
        finally:
            line.settle(self._tokens, None, made=False)
            if let_go and line in self._asked:
                line.retry_tokens.give_back()
        return not let_go

    async def _stand_in_shared_line(
        self, line: EndpointState, sleep: Callable[[float], Awaitable[object]]
    ) -> CallFailure | None:
        """Wait until the paces that processes share allow a try; return what it comes to where they do not in time."""
        most_s = min(MOST_RETRY_AFTER_S, max(0.0, _finite(self._left_s()) / 2))
        wait_s = await line.book_shared(self._tokens, most_s=most_s)
        if wait_s > most_s:
            self._asked.append(line)
            told = f"in {wait_s:.3g} s" if math.isfinite(wait_s) else "once the store of shared rates can be reached"
            message = f"not asked: its pace (rpm, tpm), which processes share, allows the next call {told}"
            return CallFailure(kind=FailureKind.RATE_LIMITED, message=message, tries=0, phase="unsent")
        if wait_s > 0:
            try:
                await sleep(wait_s)
            except BaseException:
                line.settle_shared(self._tokens, None, made=False)
                raise
            self.waited_s += wait_s
        return None

    async def ask(
        self, client: Client, line: EndpointState, sleep: Callable[[float], Awaitable[object]]
    ) -> Response | CallFailure:
        """Make one try, once it is admitted."""
        call = line.call(self._call)
        if self._admit is not None and (refused := await self._admit(call, self._left_s())) is not None:
            return refused
        if line.paced and (late := await self._stand_in_shared_line(line, sleep)) is not None:
            return late
        if not line.circuit.allows:  # it opened meanwhile
            line.settle_shared(self._tokens, None, made=False)
            return line.circuit.refusal()
        if line not in self._asked:
            line.retry_tokens.first()
            self._asked.append(line)
        line.book(self._tokens)
        probe = line.circuit.enter()
        reply: Response | CallFailure | None = None
        line.in_flight += 1
        try:
            reply = await _try(client, call, left_s=_finite(self._left_s()), clock=self._clock)
        finally:
            line.in_flight -= 1
            # What was never sent says nothing about the endpoint, and took nothing of its pace.
            made = not isinstance(reply, CallFailure) or reply.tries > 0
            line.circuit.leave(reply if made else None, probe=probe)
            line.settle(self._tokens, reply, made=made)
            line.settle_shared(self._tokens, reply, made=made)
        if isinstance(reply, CallFailure) and reply.retry_after_s:
            self._rests[line] = self._clock() + reply.retry_after_s
            line.rests_until = min(self._rests[line], self._clock() + MOST_RETRY_AFTER_S)
        return fast_replace(reply, endpoint=line.endpoint.name) if self._call.endpoints else reply

    def refusal(self) -> CallFailure:
        """Return the failure if no endpoint was asked: breakers are open, or the rate limit has no room in time."""
        refused = self.refused()
        if refused and not self._paced:
            return refused[0]
        waits_s = min(line.wait_s(self._tokens) for line in self._lines)
        message = f"not asked: its pace (rpm, tpm) allows the next call in {waits_s:.3g} s"
        return CallFailure(kind=FailureKind.RATE_LIMITED, message=message, tries=0)

    def refused(self) -> list[CallFailure]:
        """Return what the endpoints come to whose breakers are open."""
        return [line.circuit.refusal() for line in self._lines if not line.circuit.allows]


async def _try(client: Client, call: ModelCall, *, left_s: float, clock: Callable[[], float]) -> Response | CallFailure:
    if left_s <= 0:
        return CallFailure(kind=FailureKind.DEADLINE, message="The deadline had passed before the call.", tries=0)
    forget_try()
    started, limit_s = clock(), min(call.timeout_s, left_s)
    reply: Response | CallFailure
    try:
        async with asyncio.timeout(limit_s + GRACE_S) as limit:
            reply = await client.ask(call if limit_s == call.timeout_s else fast_replace(call, timeout_s=limit_s))
    except TimeoutError:
        if not limit.expired():  # a client's own, which is not to be taken for the model's silence
            raise
        reply = classify_timeout(limit_s)
    if isinstance(reply, CallFailure) and reply.kind is FailureKind.TIMEOUT and left_s <= call.timeout_s:
        reply = fast_replace(reply, kind=FailureKind.DEADLINE, message=f"The deadline passed. {reply.message}")
    # A recording knows how long the true call took; looking it up took no time.
    return reply if reply.latency_s else fast_replace(reply, latency_s=clock() - started)


def _finite(left_s: float | None) -> float:
    return math.inf if left_s is None else left_s


def _total(reply: Response | CallFailure, failed: list[CallFailure], waited_s: float) -> Response | CallFailure:
    if not failed and not waited_s:
        return reply
    usage, tries, lost_usd, latency_s = reply.usage, reply.tries, 0.0, reply.latency_s + waited_s
    for failure in failed:
        usage, tries = failure.usage + usage, failure.tries + tries
        lost_usd, latency_s = failure.cost_usd + lost_usd, failure.latency_s + latency_s
    if isinstance(reply, CallFailure):
        return fast_replace(reply, usage=usage, tries=tries, cost_usd=reply.cost_usd + lost_usd, latency_s=latency_s)
    # A recording without a known cost stays without, unless something was surely lost on the way to it.
    cost_usd = reply.cost_usd if reply.cost_usd is None and not lost_usd else (reply.cost_usd or 0.0) + lost_usd
    left = tuple(dict.fromkeys(f"availability:{failure.endpoint}" for failure in failed if failure.endpoint))
    flags = (*reply.flags, *left)
    return fast_replace(reply, usage=usage, tries=tries, cost_usd=cost_usd, latency_s=latency_s, flags=flags)
