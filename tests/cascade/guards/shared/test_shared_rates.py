"""Rates and the escalation cap of several processes: together they keep to what one would, the store away or not."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.clients.scripted import ScriptedClient, scripted
from cascade.endpoint import Endpoint
from cascade.exchange import ModelCall, Response
from cascade.failure import FailureKind
from cascade.guards.endpoint_pool import EndpointPool
from cascade.guards.escalation_cap import EscalationCap, EscalationLimiter
from cascade.guards.limits import Limits
from cascade.guards.rate_limit import RateLimit
from cascade.guards.retry import ask_with_retry
from cascade.guards.shared.lease_store import Booking, open_store
from cascade.guards.shared.leased_account import OnOutage
from cascade.guards.shared.shared_rates import SharedRates
from cascade.serve.gateway.keyring.key import Key, digest
from tests.cascade.guards.shared.stores import redis, shared
from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.cascade.serve.gateway.served import cascade_of, gate
from tests.faults.server import Server

__all__ = ["postgresql", "redis", "server_of_postgresql", "shared"]

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
GONE = "redis://127.0.0.1:9/0"


def test_no_minute_sees_more_than_a_minutes_amount_of_all_processes(shared: str) -> None:
    async def run() -> list[float]:
        stores = [open_store(shared) for _ in range(3)]
        uses = []
        for number in range(150):
            wait_s = await stores[number % 3].book(Booking("a", 60.0, 60_000.0, 1.0, 10.0, math.inf))
            uses.append(time.monotonic() + max(0.0, wait_s))
        for store in stores:
            await store.aclose()
        return uses

    uses = asyncio.run(run())
    assert max(sum(start <= use < start + 59.9 for use in uses) for start in uses) <= 60
    assert all(later - earlier > -0.1 for earlier, later in itertools.pairwise(uses)), "they stand in line"


def test_what_would_wait_too_long_books_nothing_and_what_is_given_back_is_there(shared: str) -> None:
    async def run() -> None:
        one, other = open_store(shared), open_store(shared)
        assert await one.book(Booking("b", 10.0, None, 1.0, 5.0, 0.0)) <= 0
        for _ in range(5):
            assert 0 < await other.book(Booking("b", 10.0, None, 1.0, 5.0, 0.0)) < 7
        await one.book(Booking("b", 10.0, None, -1.0, -5.0, math.inf))
        assert await other.book(Booking("b", 10.0, None, 1.0, 5.0, 0.0)) <= 0
        assert await one.book(Booking("c", None, 600.0, 1.0, 5000.0, 0.0)) <= 0, "longer than the bucket: a full one"
        assert await other.book(Booking("c", None, 600.0, 1.0, 1.0, 0.0)) > 60
        for store in (one, other):
            await store.aclose()

    asyncio.run(run())


def test_processes_learn_how_many_they_are_and_what_all_of_them_do(shared: str) -> None:
    async def run() -> None:
        stores = [open_store(shared) for _ in range(3)]
        for requests, store in zip((60, 30, 10), stores, strict=True):
            await store.count(requests)
        assert [tuple(await store.count(n)) for store, n in zip(stores, (60, 30, 10), strict=True)] == [(100, 3)] * 3
        for store in stores:
            await store.aclose()

    asyncio.run(run())


@pytest.mark.parametrize(("on_outage", "waits"), [("refuse", [math.inf] * 4), ("local_share", [0, 0, 0, 1.34])])
def test_while_the_store_is_away_a_process_has_its_even_share_or_nothing(
    on_outage: OnOutage, waits: list[float]
) -> None:
    async def run() -> list[float]:
        rates = SharedRates(open_store(GONE), on_outage=on_outage, clock=lambda: 0.0)
        rates.processes = 2
        pace = RateLimit(rpm=66.6)
        return [await rates.book("d", pace, 1, most_s=0.0) for _ in range(4)]

    assert asyncio.run(run()) == pytest.approx(waits, abs=0.1)


def test_a_rung_waits_for_the_rate_that_its_processes_share_or_goes_to_another_endpoint(shared: str) -> None:
    async def run() -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        async def asked(pool: EndpointPool, left_s: float, *endpoints: Endpoint) -> Any:
            call = ModelCall(rung="small", model="openai/a", messages=({"role": "user", "content": "hi"},),
                             timeout_s=5.0, endpoints=endpoints)  # fmt: skip
            return await ask_with_retry(
                ScriptedClient(default=scripted("fine")), call, left_s=lambda: left_s, pool=pool, sleep=sleep
            )

        one = Endpoint(name="one", api_base="http://127.0.0.1:1/v1", rpm=10)
        two = Endpoint(name="two", api_base="http://127.0.0.1:2/v1", rpm=10)
        stores = [open_store(shared) for _ in range(3)]
        pools = [EndpointPool(shared=SharedRates(store)) for store in stores]
        assert isinstance(await asked(pools[0], 30.0, one), Response)
        assert not slept
        assert isinstance(await asked(pools[1], 30.0, one), Response)
        assert [5 < seconds < 7 for seconds in slept] == [True]
        reply = await asked(pools[2], 3.0, one, two)
        assert (reply.endpoint, len(slept)) == ("two", 1)
        refused = await asked(pools[2], 3.0, one)
        assert (refused.kind, refused.tries) == (FailureKind.RATE_LIMITED, 0)
        for store in stores:
            await store.aclose()

    asyncio.run(run())


def test_a_keys_rate_holds_for_all_servers_together(redis: str, server: Server) -> None:
    secret = "cck-a-secret-of-tests"
    body = {"model": "cascade/default", "messages": [{"role": "user", "content": "Well?"}]}

    def keys() -> tuple[Key, ...]:
        return (Key(id=f"k{server.url}", sha256=digest(secret), rpm=20),)

    def app() -> Any:
        return cascade_of(server, limits=Limits(shared=redis))

    with gate(app(), keys=keys) as one, gate(app(), keys=keys) as two:
        statuses = [
            made.ask("POST", "/v1/chat/completions", body, {"x-api-key": secret}).status
            for made in (one, two, one, two)
        ]
    assert statuses == [200, 200, 429, 429]


def steps(limiter: EscalationLimiter, requests: int) -> int:
    return sum(limiter.begin(None)() is None for _ in range(requests))


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6), st.sampled_from((0.05, 0.1, 0.3)))
def test_processes_that_deal_a_cap_by_traffic_take_the_rate_and_one_windows_steps_at_once(
    traffic: list[int], rate: float
) -> None:
    cap = EscalationCap(rate=rate, window=200)
    limiters = [EscalationLimiter(cap) for _ in traffic]
    for limiter, n in zip(limiters, traffic, strict=True):
        limiter.deal(n / sum(traffic))
    requests = [4 * n for n in traffic]
    taken = sum(steps(limiter, n) for limiter, n in zip(limiters, requests, strict=True))
    assert taken <= rate * sum(requests) + cap.limit + 2 * len(traffic)


def test_a_process_whose_share_grows_goes_on_and_keeps_to_the_rate() -> None:
    limiter = EscalationLimiter(EscalationCap(rate=0.1, window=1000))
    limiter.deal(0.05)
    assert steps(limiter, 600) <= 0.1 * 600 + 5
    limiter.deal(1.0)
    assert steps(limiter, 400) > 0
    assert steps(limiter, 2000) <= 0.1 * 2000 + 100
