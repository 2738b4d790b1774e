"""Leases of killed processes: settled by the calls that the log holds, never below what they can have cost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from cascade.guards.accounts import PICO
from cascade.guards.shared.lease_store import Hold, open_store
from cascade.guards.shared.leased_account import LeasedAccount
from cascade.log import open_log
from cascade.log.lease_log import LeaseLog
from tests.cascade.guards.shared.stores import redis, shared
from tests.cascade.log.conftest import postgresql, server_of_postgresql
from tests.checkout import ROOT
from tests.faults.server import Server

__all__ = ["postgresql", "redis", "server_of_postgresql", "shared"]


def test_a_killed_lease_is_lowered_once_and_by_its_own_name_only(shared: str) -> None:
    name = f"k{time.monotonic_ns()}"

    async def run() -> None:
        killed, alive = open_store(shared), open_store(shared)
        held = await killed.hold(Hold(name, 20_000, 10 * PICO, 0, 10 * PICO, 10 * PICO, 0, "1-2-3@log"))
        assert held.leased == 10 * PICO
        (found,) = await alive.holders(name, 20_000)
        await alive.settle(name, 20_000, found._replace(writer="1-2-4@log"), 0)
        assert (await alive.hold(Hold(name, 20_000, 10 * PICO, 0, 1, 1, 0))).leased == 0
        for spent in (3 * PICO, 0, 20 * PICO):
            await alive.settle(name, 20_000, found, spent)
        assert await alive.holders(name, 20_000) == []
        assert (await alive.hold(Hold(name, 20_000, 10 * PICO, 0, 0, 0, 0))).room == 7 * PICO
        for store in (killed, alive):
            await store.aclose()

    asyncio.run(run())


KILLED = """
import sys, threading, time
from cascade import Cascade, Ladder, Rung
from cascade.guards.limits import Limits
from cascade.log import open_log
from cascade.usage import Price

url, log, store, on_outage = sys.argv[1:]
about = {"api_base": url, "api_key": "none", "price": Price(input_usd=1e-6, output_usd=2e-6), "verify": ()}
ladder = Ladder(Rung("openai/ok", name="small", **about))
app = Cascade(ladder, log=open_log(log, on_outage=on_outage), limits=Limits(usd_per_day=1.0, shared=store))
app.host.settle_leases()
for number in range(3):
    app.run(f"{number}?", principal="ann" if number else "bob", max_tokens=20)
time.sleep(1.5)
hanging = threading.Thread(target=app.run, args=("hang",), kwargs={"max_tokens": 20, "principal": "ann"}, daemon=True)
print("asked", flush=True)
hanging.start()
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("on_outage", ["refuse", "spool"])
def test_what_a_killed_process_held_is_spent_by_others_but_for_what_its_calls_may_cost(
    on_outage: str, shared: str, postgresql: str, server: Server
) -> None:
    begun = [sys.executable, "-W", "ignore", "-c", KILLED, server.url, postgresql, shared, on_outage]
    with subprocess.Popen(begun, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        before = len(server.hits)
        server.mode = "hang"
        while len(server.hits) == before:
            time.sleep(0.01)
        process.kill()

    async def run() -> tuple[int, int]:
        with open_log(postgresql, on_outage="refuse") as log:
            calls, store = LeaseLog(log), open_store(shared)
            day = LeasedAccount("day", "day", 1.0, store)
            await day.ensure(PICO)
            held = day.left
            day._settled_at = -60.0  # its patience is no part of the claim
            await day.settle_leases(calls, calls.name())
            day._lacked = (PICO, -60.0)
            await day.ensure(PICO)
            await day.give_back()
            room = (await store.hold(Hold("day", int(time.time() // 86_400), PICO, 0, 0, 0, 0))).room
            await store.aclose()
            return held, room

    held, room = asyncio.run(run())
    with open_log(postgresql) as log, log.reading() as connection:
        rows = connection.exec_driver_sql("SELECT charged_pico, worst_pico, state FROM calls").all()
    if on_outage == "refuse":  # else its row may not have been written yet, which is why nothing is settled then
        assert [row.state for row in rows].count("begun") == 1
    most = sum(row.worst_pico if row.charged_pico is None else row.charged_pico for row in rows)
    assert held < PICO - most
    assert (room == PICO - most) is (on_outage == "refuse")
