"""L1: what the engine adds to raw litellm over the same transport, call by call, one at a time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

import pytest

from cascade.engine.cascade import Cascade
from tests.faults.process import served
from tests.soak.raw import MESSAGES, Raw, one_rung, quantile

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")]
COUNT = 2000


class Arm:
    """One way of making a call, with what its calls took."""

    def __init__(self, name: str, ask, settled) -> None:
        self.name, self._ask, self._settled = name, ask, settled
        self.took: list[float] = []
        self.cpu_s = 0.0

    async def once(self) -> None:
        cpu = time.process_time()
        self.took.append(await self._ask())
        await self._settled()  # what litellm puts off until after the call is its own, and nobody else's
        self.cpu_s += time.process_time() - cpu

    def told(self) -> str:
        p50, p99 = quantile(self.took, 0.5), quantile(self.took, 0.99)
        return f"{self.name} p50 {p50:.2f} ms, p99 {p99:.2f} ms, {1e3 * self.cpu_s / len(self.took):.2f} ms of CPU"


async def interleaved(app: Cascade, url: str, count: int) -> list[Arm]:
    async def engine() -> float:
        started = time.perf_counter()
        result = await app.arun(MESSAGES)
        assert result.outcome == "accepted"
        return time.perf_counter() - started

    async def settled() -> None:
        await app._loop_thread.arun(asyncio.sleep, 0.002)

    raw, default = Raw(app, url, hardened=True), Raw(app, url, hardened=False)
    arms = [
        Arm("engine", engine, settled),
        Arm("raw, our transport", lambda: app._loop_thread.arun(raw.ask), settled),
        Arm("raw, litellm's transport", lambda: app._loop_thread.arun(default.ask), settled),
    ]
    for _ in range(20):
        for arm in arms:
            await arm.once()
    for arm in arms:
        arm.took.clear()
        arm.cpu_s = 0.0
    for turn in range(count):
        for arm in (*arms[turn % 3 :], *arms[: turn % 3]):
            await arm.once()
    return arms


def test_the_engine_adds_little_to_a_call(tmp_path: Path) -> None:
    with served() as server, one_rung(server.url, log=tmp_path / "log.db") as app:
        app.run(MESSAGES)
        engine, raw, default = asyncio.run(interleaved(app, server.url, COUNT))
        assert app.log is not None
        assert app.log.lost == 0
    added = [mine - other for mine, other in zip(engine.took, raw.took, strict=True)]
    print(f"L1: {COUNT} calls each: " + "; ".join(arm.told() for arm in (engine, raw, default)))
    cpu = 1e3 * (engine.cpu_s - raw.cpu_s) / COUNT
    p50, p99 = 1e3 * median(added), quantile(added, 0.99)
    print(f"L1: the engine adds p50 {p50:.2f} ms, p99 {p99:.2f} ms, {cpu:.2f} ms of CPU")
    assert p50 <= 2.0
