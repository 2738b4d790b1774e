"""Leases: processes that share a budget never hold more than it together, whatever they spend, return, or lose."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.guards.accounts import PICO
from cascade.guards.shared.lease_store import (
    Booking,
    Held,
    Hold,
    Holder,
    LeaseStore,
    StoreUnavailable,
    Traffic,
    granted,
    open_store,
)
from cascade.guards.shared.leased_account import AGAIN_S, IDLE_S, RENEW_S, LeasedAccount, OnOutage
from tests.cascade.guards.shared.stores import redis, shared
from tests.cascade.log.conftest import postgresql, server_of_postgresql

__all__ = ["postgresql", "redis", "server_of_postgresql", "shared"]

USD = PICO


class Shelf:
    """What stores of several processes keep together."""

    def __init__(self) -> None:
        self.leases: dict[tuple[str, int], dict[str, int]] = {}
        self.asked = 0
        self.down = False

    def total(self, account: str = "day") -> int:
        return sum(sum(held.values()) for (name, _), held in self.leases.items() if name == account)


class Store:
    """A process's own store."""

    def __init__(self, shelf: Shelf, holder: str) -> None:
        self.shelf, self.holder = shelf, holder

    async def hold(self, wanted: Hold) -> Held:
        self.shelf.asked += 1
        await asyncio.sleep(0)
        if self.shelf.down:
            raise StoreUnavailable("The store of shared budgets cannot be reached: it is down.")
        held = self.shelf.leases.setdefault((wanted.account, wanted.day), {"before": wanted.before})
        others = {name: pico for name, pico in held.items() if name != self.holder}
        found = granted(wanted, sum(others.values()), 1 + len(others.keys() - {"before"}))
        held[self.holder] = found.leased
        await asyncio.sleep(0)
        return found

    async def holders(self, account: str, day: int) -> list[Holder]:
        return []

    async def settle(self, account: str, day: int, killed: Holder, pico: int) -> None: ...

    async def book(self, booking: Booking) -> float:
        return 0.0

    async def count(self, requests: int) -> Traffic:
        return Traffic(requests=requests, processes=1)

    async def get(self, names: Sequence[str]) -> list[str | None]:
        return [None for _ in names]

    async def put(self, values: Mapping[str, str], ttl_s: float) -> None: ...

    async def claim(self, name: str, value: str, ttl_s: float) -> str | None: ...

    async def increase(self, name: str, ttl_s: float) -> int:
        return 0

    async def aclose(self) -> None: ...

    def forget(self) -> None: ...


def accounts(shelf: Shelf, n: int, usd: float, clock: Callable[[], float], **options: Any) -> list[LeasedAccount]:
    times: dict[str, Any] = {"clock": clock, "wall": clock}
    return [LeasedAccount("day", "day", usd, Store(shelf, f"p{i}"), **times, **options) for i in range(n)]


AMOUNTS = st.integers(1, 400)
ACTS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(("call", "call", "settle", "tend", "wait", "kill")), AMOUNTS),
    max_size=80,
)


@given(ACTS)
def test_whatever_happens_no_more_is_leased_or_spent_than_the_limit(acts: list[tuple[int, str, int]]) -> None:
    async def run() -> None:
        now, shelf, limit = [0.0], Shelf(), 1000
        held = accounts(shelf, 4, limit / USD, lambda: now[0])
        flights: list[list[int]] = [[] for _ in held]
        spent, names = 0, map("q{}".format, itertools.count())
        for who, act, amount in acts:
            account = held[who]
            if act == "call":
                await account.ensure(amount)
                if account.left >= amount:
                    account.reserve(amount)
                    flights[who].append(amount)
            elif act == "settle" and flights[who]:
                reserved = flights[who].pop()
                paid = min(reserved, amount)
                spent += paid
                account.settle(reserved, paid)
            elif act == "tend":
                await account.tend()
            elif act == "wait":
                now[0] += amount / 20
            elif act == "kill":  # its calls in flight may all have been billed; another process begins
                spent += sum(flights[who])
                flights[who] = []
                store = Store(shelf, next(names))
                held[who] = LeasedAccount("day", "day", limit / USD, store, clock=lambda: now[0], wall=lambda: now[0])
            assert shelf.total() <= limit
            assert spent + sum(map(sum, flights)) <= shelf.total()

    asyncio.run(run())


def test_what_is_idle_goes_back_and_another_process_spends_it() -> None:
    async def run() -> None:
        now, shelf = [0.0], Shelf()
        first, second = accounts(shelf, 2, 1.0, lambda: now[0])
        await first.ensure(USD)
        assert first.left == USD
        await second.ensure(1)
        assert second.left == 0
        now[0] += max(IDLE_S, RENEW_S)
        await first.tend()
        await second.ensure(USD // 2)
        assert (first.left, second.left >= USD // 2) == (0, True)

    asyncio.run(run())


def test_the_store_is_asked_once_for_many_calls() -> None:
    async def run() -> None:
        now, shelf = [0.0], Shelf()
        (account,) = accounts(shelf, 1, 100.0, lambda: now[0])
        for _ in range(1000):
            await account.ensure(USD // 1000)
            account.reserve(USD // 1000)
            account.settle(USD // 1000, USD // 10_000)
            now[0] += 0.01
        assert shelf.asked < 50

    asyncio.run(run())


def test_a_new_day_begins_with_nothing_leased_and_what_is_in_flight() -> None:
    async def run() -> None:
        now, shelf = [86_399.0], Shelf()
        (account,) = accounts(shelf, 1, 1.0, lambda: now[0], spent_usd=0.5)
        await account.ensure(USD // 2)
        account.reserve(USD // 2)
        await account.ensure(1)
        assert account.left == 0
        now[0] += 2
        await account.ensure(USD // 2)
        assert account.left >= USD // 2
        account.settle(USD // 2, USD // 2)
        assert account.spent_usd == 0.5

    asyncio.run(run())


@pytest.mark.parametrize(("on_outage", "share"), [("refuse", 0), ("local_share", USD // 4)])
def test_while_the_store_is_down_spending_is_bounded(on_outage: OnOutage, share: int) -> None:
    async def run() -> None:
        now, shelf = [0.0], Shelf()
        first, second = accounts(shelf, 2, 1.0, lambda: now[0], on_outage=on_outage)
        await second.ensure(1)
        await first.ensure(USD // 2 - 1)
        shelf.down = True
        await first.ensure(USD)
        assert "cannot be reached" in first.trouble
        assert abs(first.left - (USD // 2 - 1 + share)) <= 2
        asked = shelf.asked
        await first.ensure(USD)
        assert shelf.asked == asked  # not at each call
        shelf.down, now[0] = False, now[0] + AGAIN_S
        await first.ensure(USD)
        assert first.trouble == ""

    asyncio.run(run())


def test_an_address_that_is_no_store_is_refused() -> None:
    with pytest.raises(ConfigError, match="redis://"):
        open_store("memcached://127.0.0.1")


def test_a_real_store_gives_out_no_more_than_there_is(shared: str) -> None:
    name = f"a{time.monotonic_ns()}"

    async def run() -> None:
        stores: list[LeaseStore] = [open_store(shared) for _ in range(4)]
        limit, day = 40_000_000_001, 20_000
        held = dict.fromkeys(range(4), 0)

        async def one(who: int) -> None:
            for step in range(12):
                wanted = 3_000_000_007 if step < 8 else 0
                found = await stores[who].hold(Hold(name, day, limit, held[who] // 2, wanted, 2 * wanted, 10**9))
                held[who] = found.leased

        await asyncio.gather(*map(one, range(4)))
        last = await stores[0].hold(Hold(name, day, limit, held[0], 0, 0, 0))
        assert sum(held.values()) + 10**9 + last.room <= limit
        assert last.holders == 4
        for store in stores:
            await store.aclose()

    asyncio.run(run())


def test_a_real_store_that_is_gone_is_told(shared: str) -> None:
    gone = shared.rpartition(":")[0] + ":9/x" if "redis" not in shared else "redis://127.0.0.1:9/0"

    async def run() -> None:
        store = open_store(gone if "redis" in gone else "postgresql://nobody@127.0.0.1:9/x")
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await store.hold(Hold("a", 1, 10, 0, 1, 1, 0))
        await store.aclose()

    asyncio.run(run())


def test_a_wrong_password_of_redis_is_told_without_it(redis: str) -> None:
    async def run() -> None:
        store = open_store(redis.replace("pass%20word", "wrong-secret"))
        with pytest.raises(StoreUnavailable) as error:
            await store.hold(Hold("a", 1, 10, 0, 1, 1, 0))
        assert "wrong-secret" not in str(error.value)
        assert "WRONGPASS" in str(error.value)
        await store.aclose()

    asyncio.run(run())


def test_a_redis_that_asks_for_a_password_says_that_there_is_none(redis: str) -> None:
    """Redis refuses long commands of strangers as errors of the protocol, and closes the connection."""

    async def run() -> None:
        store = open_store(redis.replace(":pass%20word@", ""))
        for ask in (lambda: store.hold(Hold("a", 1, 10, 0, 1, 1, 0)), lambda: store.claim("a", "b", 1.0)) * 2:
            with pytest.raises(StoreUnavailable, match="asks for a password, and "):
                await ask()
        await store.aclose()

    asyncio.run(run())
