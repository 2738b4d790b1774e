"""L6: half of all tries get 429 with Retry-After 1: nobody comes back before that, and nobody comes back together."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall
from cascade.failure import CallFailure, FailureKind
from cascade.guards.endpoint_pool import EndpointPool
from cascade.guards.limits import Limits
from cascade.guards.rate_limit import RateLimit
from cascade.guards.retry import ask_with_retry
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from tests.faults.answers import ok
from tests.faults.behaviours import BEHAVIOURS
from tests.faults.hit import Hit
from tests.faults.reply import Reply
from tests.faults.server import Server
from tests.soak.load import fullest, offer
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
HALF = {"ok": 0.5, "rate-limited-one": 0.5}


def opened(server: Server, **limits) -> Cascade:
    common = {"api_base": server.url, "api_key": "none", "price": PRICE, "verify": (Refusal(),)}
    return Cascade(Ladder(Rung("openai/ok", **common)), limits=Limits(**limits))


def question(hit: Hit) -> str:
    """Return what was asked."""
    return str(hit.body["messages"][0]["content"])


def returns(hits: list[Hit]) -> list[tuple[float, float]]:
    """Return, for each try that came again, when it was and how long after the 429 of the same question."""
    by_question: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_question[question(hit)].append(hit)
    return [(again.at, again.at - first.at) for own in by_question.values() for first, again in pairwise(own)]


@pytest.mark.slow
def test_nobody_returns_early_and_repetitions_stay_a_tenth(server: Server) -> None:
    seconds, rate = 60, 50
    count = seconds * rate
    with opened(server) as app:
        app.run("warm up")
        server.hits.clear()
        server.mode = HALF
        served = asyncio.run(offer(app, count, rate))
    again = returns(server.hits)
    mean = len(server.hits) / (seconds * 10)
    top = fullest([hit.at for hit in server.hits], 0.1)
    alone = fullest([hit.at for hit in {question(hit): hit for hit in reversed(server.hits)}.values()], 0.1)
    answered = sum(one.result.accepted for one in served)
    print(
        f"L6: {count} requests, half of all tries 429: {len(again)} came again, the earliest after "
        f"{min(wait for _, wait in again):.3f} s; {answered} answered; fullest 100 ms {top} of {mean:.1f} on average "
        f"({alone} of first tries alone)"
    )
    assert min(wait for _, wait in again) >= 1.0
    assert len(again) <= 10 + 0.1 * count
    assert top <= 3 * mean


def test_a_crowd_that_was_refused_together_returns_apart() -> None:
    draws = random.Random(6)
    times = [asyncio.run(returned_at(draws.random)) for _ in range(1000)]
    mean = len(times) / 5  # full jitter spreads the first return over half a second
    print(f"L6: 1000 refused together: fullest 100 ms of their return {fullest(times, 0.1)}, {mean:.1f} if even")
    assert min(times) >= 1.0
    assert fullest(times, 0.1) <= 3 * mean


async def returned_at(jitter: Callable[[], float]) -> float:
    """Return when one that is refused at 0 with Retry-After 1 comes back, on a clock that only its waiting moves."""
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    limited = CallFailure(kind=FailureKind.RATE_LIMITED, message="too many", retry_after_s=1.0)
    call = ModelCall(rung="a", model="test/a", messages=({"role": "user", "content": "?"},))
    pool = EndpointPool(clock=lambda: now[0])
    client = ScriptedClient({"a": [limited, "fine"]})
    await ask_with_retry(client, call, left_s=lambda: None, pool=pool, sleep=sleep, jitter=jitter)
    return now[0]


@pytest.mark.slow
def test_a_known_pace_is_kept_and_no_429_is_ever_met(server: Server) -> None:
    seen: list[float] = []

    def strict(hit: Hit) -> Reply:
        """Refuse the 31st request of any ten seconds, as a provider with 180 a minute may."""
        seen.append(hit.at)
        crowd = sum(hit.at - at < 10 for at in seen)
        return BEHAVIOURS["rate-limited-one"](hit) if crowd > 30 else ok(hit)

    server.mode = strict
    with opened(server, providers={"openai": RateLimit(rpm=180)}) as app:
        served = asyncio.run(offer(app, 25, 50))
    assert all(one.result.accepted for one in served)
    assert len(server.hits) == 25
