"""L7: requests whose models hang or drip are back by their deadline, and leave no connection and no task behind."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from cascade.engine.cascade import Cascade
from cascade.ladder import Ladder, Rung
from cascade.settings import Settings
from cascade.usage import Price
from tests.faults.server import Server
from verifiers import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
PRICE = Price(input_usd=1e-6, output_usd=2e-6)


def opened(server: Server, behaviour: str) -> Cascade:
    rungs = [
        Rung(f"openai/{behaviour}", name=name, api_base=server.url, api_key="none", price=PRICE, verify=(Refusal(),))
        for name in ("small", "large")
    ]
    app = Cascade(Ladder(*rungs), settings=Settings(on_deadline="best"))
    asyncio.run(warm(app))
    return app


async def warm(app: Cascade) -> None:
    """Do what makes a first call slow, beforehand: importing litellm takes seconds and is no request's fault."""
    await app.arun("warm up", deadline_s=0.5)


def connections(server: Server) -> int:
    """Return how many connections to the server are open on the caller's side."""
    port = f":{int(server.url.rsplit(':', 1)[1].removesuffix('/v1')):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(row[2].endswith(port) and row[3] == "01" for row in rows)


async def late_by_s(app: Cascade, deadline_s: float) -> float:
    """Run one request, and return how long after its deadline it came back."""
    started = time.monotonic()
    result = await app.arun("?", deadline_s=deadline_s)
    assert result.outcome == "deadline"
    return time.monotonic() - started - deadline_s


async def all_at_once(apps: list[Cascade], count: int, deadline_s: float) -> list[float]:
    return sorted(await asyncio.gather(*(late_by_s(apps[i % len(apps)], deadline_s) for i in range(count))))


async def settled_tasks() -> int:
    return len([task for task in asyncio.all_tasks() if "_run" in repr(task.get_coro())])


def left_at_the_deadline(server: Server, count: int, deadline_s: float) -> list[float]:
    """Run so many requests of which half hang and half drip, and return how late each was, once nothing is left."""
    with opened(server, "hang") as hanging, opened(server, "slow") as dripping:
        late = asyncio.run(all_at_once([hanging, dripping], count, deadline_s))
        assert hanging._loop_thread.run(settled_tasks) <= 1, "at most the one that asks"
        while connections(server):  # what stays open for ever ends in pytest's own timeout
            time.sleep(0.01)
    return late


def test_hanging_and_dripping_models_are_left_without_a_connection_or_a_task(server: Server) -> None:
    assert len(left_at_the_deadline(server, 20, 0.5)) == 20


@pytest.mark.slow
def test_hanging_and_dripping_models_are_left_at_the_deadline(server: Server) -> None:
    late = left_at_the_deadline(server, 100, 2.0)
    print(f"L7: 100 at once, late by median {late[50] * 1e3:.1f} ms, most {late[-1] * 1e3:.1f} ms")
    assert late[-1] <= 0.25


@pytest.mark.slow
def test_a_thousand_deadlines_are_met_within_fifty_milliseconds_but_one(server: Server) -> None:
    with opened(server, "hang") as app:
        late: list[float] = []
        for _ in range(100):
            late += asyncio.run(all_at_once([app], 10, 0.3))
    late.sort()
    p50, p999, most = (f"{late[i] * 1e3:.1f} ms" for i in (500, 998, 999))
    print(f"L7: 1000 in tens, late by p50 {p50}, p99.9 {p999}, most {most}")
    assert late[998] <= 0.05
    assert late[-1] <= 0.25


def let_go_after(server: Server, rounds: int) -> list[float]:
    """Give up so many requests whose model hangs, and return the seconds after which each caller was let go."""
    took = []

    async def give_up(app: Cascade) -> None:
        server.arrived.clear()
        running = asyncio.create_task(app.arun("?"))
        await asyncio.to_thread(server.arrived.wait)
        started = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        took.append(time.monotonic() - started)

    with opened(server, "hang") as app:
        for _ in range(rounds):
            asyncio.run(give_up(app))
    return took


def test_a_caller_that_gives_up_is_let_go(server: Server) -> None:
    assert len(let_go_after(server, 5)) == 5


@pytest.mark.slow
def test_a_caller_that_gives_up_is_let_go_at_once(server: Server) -> None:
    took = let_go_after(server, 100)
    print(f"L7: 100 cancellations, let go after at most {max(took) * 1e3:.1f} ms")
    assert max(took) <= 0.05
