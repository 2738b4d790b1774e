"""L3: a million decisions in one process: nothing grows but the log, and the log stays small and whole."""

from __future__ import annotations

import gc
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from cascade.clients import Client
from cascade.clients.scripted import scripted
from cascade.engine.cascade import Cascade
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.usage import Price, Usage
from verifiers import Hedging, LogProb, Refusal, Schema

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
CHUNK = 2_500


class Stub(Client):
    """Answers at once: 30 of 100 first answers fail their schema, one of 100 first calls fails for good."""

    def __init__(self) -> None:
        usage = Usage(input_tokens=40, output_tokens=9)
        self.right = scripted('{"a": 1}', logprobs=[-0.1] * 9, cost_usd=0.0001, usage=usage)
        self.wrong = scripted('{"a": "one"}', logprobs=[-0.9] * 9, cost_usd=0.0001, usage=usage)
        self.failure = CallFailure(kind=FailureKind.CONTEXT, message="too long", status=400)
        self.calls = 0

    async def ask(self, call: ModelCall) -> Response | CallFailure:
        """Answer by the request's number."""
        self.calls += 1
        number = int(call.request_id) % 100
        if call.rung == "large" or number >= 31:
            return self.right
        return self.wrong if number else self.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a process holds at one moment."""

    rss_mb: float
    fds: int
    threads: int


def standing() -> Standing:
    """Look at this process, garbage taken away."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Standing(
        rss_mb=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        fds=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
    )


def requests(first: int, count: int) -> Iterator[Request]:
    """Give requests that are named by numbers."""
    messages = ({"role": "user", "content": "Which number is it?"},)
    for number in range(first, first + count):
        yield Request(messages=messages, id=str(number), schema=SCHEMA, task="soak")


def tasks_of(app: Cascade) -> int:
    """Return how many tasks the cascade's own loop holds."""

    async def count() -> int:
        import asyncio

        return len(asyncio.all_tasks())

    return app._loop_thread.run(count)


@pytest.mark.parametrize(
    ("n", "early"),
    [(7_500, 5_000), pytest.param(1_000_000, 100_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])],
)
def test_nothing_grows_but_the_log(tmp_path: Path, n: int, early: int) -> None:
    stack = (Refusal(), Schema(), Hedging(), LogProb(pass_at=0.5))
    price = Price(input_usd=1e-6, output_usd=1e-6)
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=stack, price=price) for name in ("small", "large")))
    client, path = Stub(), tmp_path / "decisions.db"
    seen: dict[int, Standing] = {}
    escalated = 0
    with Cascade(ladder, client=client, log=path) as app:
        began, cpu = time.perf_counter(), time.process_time()
        for first in range(0, n, CHUNK):
            results = app.run_many(requests(first, CHUNK), concurrency=50)
            escalated += sum(result.escalated for result in results)
            del results
            if first + CHUNK in (early, n):
                app.log.flush()
                seen[first + CHUNK] = standing()
                tasks = tasks_of(app)
        took, work = time.perf_counter() - began, time.process_time() - cpu
        lost = app.log.lost
    size = path.stat().st_size
    with closing(sqlite3.connect(path)) as log:
        ((rows,),) = log.execute("SELECT count(*) FROM decisions")
        ((whole,),) = log.execute("PRAGMA integrity_check")
    before, after = seen[early], seen[n]
    print(
        f"L3: {n:,} decisions, {client.calls:,} calls, {n / took:,.0f} a second of wall, {n / work:,.0f} of CPU; "
        f"RSS {before.rss_mb:.0f} → {after.rss_mb:.0f} MB; fds {before.fds} → {after.fds}, "
        f"threads {before.threads} → {after.threads}; {size / n:,.0f} B a decision"
    )
    assert (rows, lost, whole) == (n, 0, "ok")
    assert (escalated, client.calls) == (n * 30 // 100, n * 131 // 100)
    assert after.rss_mb - before.rss_mb <= 32
    assert (after.fds, after.threads) == (before.fds, before.threads)
    assert tasks <= 2
    with open_log(tmp_path / "empty.db"):
        pass
    # 1.2 KiB: schema 4 tells mode, propensity, equal answers and the next rung's cost on top of the 1,200 bytes before.
    assert (size - (tmp_path / "empty.db").stat().st_size) / n <= 1.2 * 1024
