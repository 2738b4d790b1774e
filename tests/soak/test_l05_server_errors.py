"""L5: a model that answers 500 to everybody: repetitions stay a tenth, the breaker opens, and what is healed is used.

Quick, the scripted client stands in for the provider; full, it is litellm over real sockets to the fault server.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate, pairwise

import pytest

from cascade.clients import Client
from cascade.clients.litellm import LiteLLMClient
from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.guards.breaker import Breaker
from cascade.guards.escalation_cap import EscalationCap
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.usage import Price
from tests.faults.answers import ok
from tests.faults.hit import Hit
from tests.faults.reply import Reply, refusal
from tests.faults.server import Server
from tests.soak.load import Served, offer
from verifiers import Refusal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")]
PRICE = Price(input_usd=1e-6, output_usd=2e-6)
CAP = EscalationCap(rate=0.3)


class Provider(Client):
    """A provider whose model `small` is down until it is healed; it keeps when that was asked."""

    def __init__(self, server: Server | None) -> None:
        self.asked: list[float] = []
        self.down = True
        self._client = ScriptedClient({"small": self._scripted}, default="fine") if server is None else LiteLLMClient()
        self.url = None if server is None else server.url
        if server is not None:
            server.mode = self._served

    def _scripted(self, call: ModelCall) -> str | CallFailure:
        return CallFailure(kind=FailureKind.SERVER, message="down") if self.down else "fine"

    def _served(self, hit: Hit) -> Reply:
        return refusal(500, "The server had an error.") if self.down and hit.body["model"] == "small" else ok(hit)

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Note the time, and ask."""
        if call.rung == "small":
            self.asked.append(time.monotonic())
        return await self._client.ask(call)

    async def aclose(self) -> None:
        """Close the true client."""
        await self._client.aclose()


@contextmanager
def opened(provider: Provider, *names: str, **limits) -> Iterator[Cascade]:
    common = {"api_base": provider.url, "api_key": "none", "price": PRICE, "verify": (Refusal(),)}
    rungs = [Rung(f"openai/{name}", name=name, **common) for name in names]
    with Cascade(Ladder(*rungs), client=provider, limits=Limits(**limits)) as app:
        yield app
        app._loop_thread.run(provider.aclose)


class Openings(logging.Handler):
    """Keeps when breakers opened."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note the time."""
        if "opens for" in record.getMessage():
            self.at.append(time.monotonic())


@pytest.fixture
def openings() -> Iterator[Openings]:
    """Give the times at which breakers open."""
    handler, logger = Openings(), logging.getLogger("cascade.breaker")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def most(steps: list[bool], size: int) -> int:
    sums = [0, *accumulate(int(step) for step in steps)]
    return max(sums[min(i + size, len(steps))] - sums[i] for i in range(len(steps)))


def test_before_any_breaker_opens_repetitions_are_a_tenth(server: Server) -> None:
    provider, count = Provider(server), 3000
    with opened(provider, "small", breaker=None) as app:
        served = asyncio.run(offer(app, count, 50))
    tries = len(provider.asked)
    print(f"L5: {count} requests, all 500, no breaker: {tries} tries, {tries / count:.3f} of them")
    assert {one.result.outcome for one in served} == {"failed"}
    assert count < tries <= 10 + 1.1 * count <= 1.15 * count


def recovered_after_s(served: list[Served], healed: float) -> float:
    """Return how long after its healing 95 of any next 100 requests (or all that come) were answered by `small`."""
    after = [one for one in served if one.begun >= healed]
    good = [one.result.rung == "small" for one in after]
    for i, one in enumerate(after):
        following = good[i : i + 100]
        if sum(following) >= 0.95 * len(following):
            return one.begun - healed
    return float("inf")


def test_one_probe_a_turn_then_back_within_a_turn_and_a_half(server: Server, openings: Openings) -> None:
    storm_s, open_s = 60, 10.0
    provider, healed = Provider(server), [0.0]
    storm, calm = storm_s * 50, round(2.2 * open_s * 50)

    def heal(i: int) -> None:
        if i == storm:
            provider.down, healed[0] = False, time.monotonic()

    with opened(provider, "small", "large", breaker=Breaker(open_s=open_s), escalation_cap=CAP) as app:
        served = asyncio.run(offer(app, storm + calm, 50, at=heal))
        health = {one.model: one.state for one in app.health()}
    tries = [at for at in provider.asked if at < healed[0]]
    probes = [at for at in tries if at > openings.at[0]]
    back_s = recovered_after_s(served, healed[0])
    steps = [one.result.attempts[0].decision.action == "fail_over" for one in served]
    print(
        f"L5: {storm} requests in a storm of {storm_s} s, breaker for {open_s:g} s: {len(tries) - len(probes)} tries "
        f"until it was open, then {len(probes)} probes; back {back_s:.2f} s after healing; "
        f"{most(steps, 1000)} fail-overs in the fullest 1,000"
    )
    assert len(tries) <= 1.15 * storm
    assert all(later - earlier >= open_s - 0.001 for earlier, later in pairwise([openings.at[0], *probes]))
    assert probes
    assert back_s <= 15
    assert most(steps, 1000) <= 300
    assert health["openai/small"] == "closed"
