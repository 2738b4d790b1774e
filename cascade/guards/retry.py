"""Retry: the one retry loop; it asks the same rung again where that may help, within the time that is left.

Which kinds of failure are asked again is data: `failure.TREATMENTS`. Every try is bounded from outside, since a
provider's own timeout is none: one byte every second outlives it.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from cascade.clients import Client
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind

BACKOFF_S = 0.5
"""The longest wait before the first repetition; it doubles with each further one."""

MOST_BACKOFF_S = 8.0
"""The longest wait before any repetition that the provider did not ask for."""

MOST_RETRY_AFTER_S = 60.0
"""Where a provider asks for more patience than this, the rung is given up."""


async def ask_with_retry(
    client: Client,
    call: ModelCall,
    *,
    left_s: Callable[[], float | None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> Response | CallFailure:
    """Ask a client, again where that may help, and return the last reply with what all tries took and cost.

    Args:
        client: whom to ask.
        call: what to ask; one try takes at most its `timeout_s`.
        left_s: seconds until the request's deadline; None: there is none.
        clock: monotonic seconds.
        sleep: waits so many seconds.
        jitter: a number in [0, 1), drawn anew for each wait, so that callers who failed together return apart.
    """
    failed: list[CallFailure] = []
    waited_s = 0.0
    while True:
        reply = await _try(client, call, left_s=_finite(left_s()), clock=clock)
        if isinstance(reply, CallFailure) and len(failed) < reply.treatment.retries:
            wait_s = _wait_s(reply, len(failed), jitter())
            if wait_s < _finite(left_s()):
                failed.append(reply)
                waited_s += wait_s
                await sleep(wait_s)
                continue
        return _total(reply, failed, waited_s)


async def _try(client: Client, call: ModelCall, *, left_s: float, clock: Callable[[], float]) -> Response | CallFailure:
    if left_s <= 0:
        return CallFailure(kind=FailureKind.DEADLINE, message="The deadline had passed before the call.", tries=0)
    started, limit_s = clock(), min(call.timeout_s, left_s)
    reply: Response | CallFailure
    try:
        async with asyncio.timeout(limit_s) as limit:
            reply = await client.ask(replace(call, timeout_s=limit_s))
    except TimeoutError:
        if not limit.expired():  # a client's own, which is not to be taken for the model's silence
            raise
        reply = CallFailure(kind=FailureKind.TIMEOUT, message=f"No answer within {limit_s:.3g} s.")
    if isinstance(reply, CallFailure) and reply.kind is FailureKind.TIMEOUT and left_s <= call.timeout_s:
        reply = replace(reply, kind=FailureKind.DEADLINE, message=f"The deadline passed. {reply.message}")
    # A recording knows how long the true call took; looking it up took no time.
    return replace(reply, latency_s=reply.latency_s or clock() - started)


def _finite(left_s: float | None) -> float:
    return math.inf if left_s is None else left_s


def _wait_s(failure: CallFailure, failed: int, jitter: float) -> float:
    """Return the seconds to wait before asking again; infinite where the provider wants more than we grant.

    Full jitter (Brooker, "Exponential backoff and jitter", 2015), on top of what the provider asked for.
    """
    asked = failure.retry_after_s or 0.0
    return math.inf if asked > MOST_RETRY_AFTER_S else asked + jitter * min(MOST_BACKOFF_S, BACKOFF_S * 2.0**failed)


def _total(reply: Response | CallFailure, failed: list[CallFailure], waited_s: float) -> Response | CallFailure:
    usage, tries, lost_usd, latency_s = reply.usage, reply.tries, 0.0, reply.latency_s + waited_s
    for failure in failed:
        usage, tries = failure.usage + usage, failure.tries + tries
        lost_usd, latency_s = failure.cost_usd + lost_usd, failure.latency_s + latency_s
    if isinstance(reply, CallFailure):
        return replace(reply, usage=usage, tries=tries, cost_usd=reply.cost_usd + lost_usd, latency_s=latency_s)
    # A recording without a known cost stays without, unless something was surely lost on the way to it.
    cost_usd = reply.cost_usd if reply.cost_usd is None and not lost_usd else (reply.cost_usd or 0.0) + lost_usd
    return replace(reply, usage=usage, tries=tries, cost_usd=cost_usd, latency_s=latency_s)
