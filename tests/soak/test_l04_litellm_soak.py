"""L4: tens of thousands of calls through litellm with faults among them: memory stays, nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from pathlib import Path

import pytest

from cascade.engine.cascade import Cascade
from cascade.guards.limits import Limits
from tests.faults.process import served
from tests.soak.raw import MESSAGES, one_rung, resident_mb

pytestmark = pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
AT_ONCE = 50
MIX = {
    "ok": 0.95,
    "server-error": 0.01,
    "rate-limited-soon": 0.005,
    "half-json": 0.005,
    "reset": 0.005,
    "truncated": 0.005,
    "html": 0.005,
    "no-usage": 0.005,
    "hang-up": 0.005,
    "empty-choices": 0.005,
}


async def calls(app: Cascade, count: int) -> None:
    left = iter(range(count))

    async def worker() -> None:
        for _ in left:
            result = await app._runner.climb(app.request(MESSAGES), time.monotonic(), app._runner.served)
            assert result.outcome in {"accepted", "failed"}

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def left_behind() -> int:
    return len([task for task in asyncio.all_tasks() if "_climb" in repr(task.get_coro())])


@pytest.mark.parametrize("count", [400, pytest.param(60_000, marks=pytest.mark.slow)])
def test_memory_stays_and_nothing_is_left_behind(tmp_path: Path, count: int) -> None:
    mix = ",".join(f"{name}={share}" for name, share in MIX.items())
    files = Path("/proc/self/fd")
    with (
        warnings.catch_warnings(record=True) as complaints,
        served("--mode", mix, "--seed", "5") as server,
        one_rung(server.url, log=tmp_path / "log.db", limits=Limits(breaker=None)) as app,
    ):
        warnings.simplefilter("always", ResourceWarning)
        app.run(MESSAGES)
        app._loop_thread.run(calls, app, count // 6)
        gc.collect()
        early_mb, early_files = resident_mb(), len(list(files.iterdir()))
        app._loop_thread.run(calls, app, count - count // 6)
        gc.collect()
        late_mb, late_files = resident_mb(), len(list(files.iterdir()))
        assert app._loop_thread.run(left_behind) == 0
        app.log.flush()
        assert app.log.lost == 0
        hits = server.ledger["hits"]
    grown = late_mb - early_mb
    print(
        f"L4: {count} calls, {hits} requests: {early_mb:.0f} MiB after a sixth, {late_mb:.0f} at the end (+{grown:.1f})"
    )
    print(f"L4: files {early_files} -> {late_files}")
    assert hits >= count
    assert not [one for one in complaints if issubclass(one.category, ResourceWarning)]
    assert late_files <= early_files + AT_ONCE
    assert grown <= (20.0 if count > 10_000 else 60.0)
