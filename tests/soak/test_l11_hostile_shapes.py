"""L11, over sockets: no answer's shape holds the event loop for 20 ms beyond what the idle loop shows itself."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import standstill
from cascade.clients.direct import DirectClient


@pytest.mark.slow
def test_hostile_shapes_do_not_stall_the_loop() -> None:
    with standstill.served() as port:
        found = asyncio.run(standstill.measure(DirectClient(), port, [*standstill.bodies()]))
    idle_ms = found.pop("idle").late_ms
    worst = max(found, key=lambda name: found[name].late_ms)
    late_ms = found[worst].late_ms
    print(f"L11: {len(found)} bodies: the loop lags by at most {late_ms:.1f} ms, for {worst!r} ({idle_ms:.1f} ms idle)")
    assert late_ms <= idle_ms + 20.0
