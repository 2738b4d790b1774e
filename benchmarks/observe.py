"""What observing costs the served answer: latency with the background lane at work against without, in one run.

    python -m benchmarks.observe [--requests 20000] [--every-ms 25] [--hang]

The server is a process of its own: the top answers after 20 ms, the cheap rung after 10 ms, or never (`--hang`).
Requests come at random (Poisson), whatever is in flight, in blocks that take turns: observed, not observed. The lane is
empty before a block that is not observed begins.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import tempfile
import time
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cascade.engine.cascade import Cascade
from cascade.ladder import Ladder, Rung
from cascade.settings import ObserveLimits, Settings
from cascade.usage import Price
from verifiers import Hedging, Refusal

PRICE = Price(input_usd=1e-7, output_usd=4e-7)
BLOCK = 200
DRAWN = random.Random(1)
SECONDS = {"large": 0.02, "small": 0.01}
"""How long the server takes, by model."""


def serve(port: Any, *, hang: bool) -> None:
    """Answer each model's requests after its time; the cheap one never, if it hangs."""

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                asked = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(asked.partition(b"content-length:")[2].partition(b"\r\n")[0])
                model = json.loads(await reader.readexactly(length))["model"]
                if hang and model == "small":
                    await asyncio.Event().wait()
                await asyncio.sleep(SECONDS[model])
                message = {"role": "assistant", "content": "The capital of France is Paris."}
                usage = {"prompt_tokens": 15, "completion_tokens": 7, "total_tokens": 22}
                body = json.dumps(
                    {"id": f"c-{time.time_ns():x}-Zq", "object": "chat.completion", "created": 1, "model": model,
                     "choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage}
                )  # fmt: skip
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write((head + body).encode())
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answered, "127.0.0.1", 0, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def block(app: Cascade, n: int, every_s: float) -> list[float]:
    """Ask so many requests at random times; return how long each took, in seconds."""
    began = time.perf_counter()
    comes = list(accumulate(DRAWN.expovariate(1.0 / every_s) for _ in range(n)))

    async def one(i: int) -> float:
        await asyncio.sleep(max(0.0, began + comes[i] - time.perf_counter()))
        asked = time.perf_counter()
        result = await app.arun(f"What is the capital of France? ({asked})")
        if result.rung != "large":
            raise SystemExit(f"found an answer of {result.rung}, expected the top's")
        return time.perf_counter() - asked

    return list(await asyncio.gather(*(one(i) for i in range(n))))


def quantiles(seconds: list[float]) -> tuple[float, float]:
    """Return p50 and p99."""
    cuts = statistics.quantiles(seconds, n=100)
    return cuts[49], cuts[98]


async def compare(base: str, folder: Path, requests: int, every_s: float, *, hang: bool) -> None:
    """Print the figures."""
    rungs = [
        Rung(f"openai/{name}", name=name, api_base=base, api_key="none", price=PRICE, verify=(Refusal(), Hedging()),
             timeout_s=60.0)
        for name in ("small", "large")
    ]  # fmt: skip
    apps = {
        share: Cascade(
            Ladder(*rungs), log=folder / f"{share}.db", settings=Settings(mode="observe"),
            observe=ObserveLimits(share=share, max_usd_per_day=100.0),
        )
        for share in (1.0, 0.0)
    }  # fmt: skip
    took: dict[float, list[float]] = {share: [] for share in apps}
    lane = apps[1.0]._runner.observer.lane  # noqa: SLF001 - its state is what is waited for
    for app in apps.values():
        await block(app, BLOCK, every_s)
    busy, began = time.process_time(), time.perf_counter()
    for number in range(requests // BLOCK):
        share = (1.0, 0.0)[number % 2]
        took[share] += await block(apps[share], BLOCK, every_s)
        while not hang and not lane.idle:  # noqa: ASYNC110 - the lane belongs to another loop
            await asyncio.sleep(0.01)
    load = (time.process_time() - busy) / (time.perf_counter() - began)
    (on, on_99), (off, off_99) = quantiles(took[1.0]), quantiles(took[0.0])
    print(f"{requests} requests, one in {every_s * 1000:g} ms, load {load:.0%} of a core, hang={hang}")
    print(f"p50 {on / off:.3f} x ({off * 1000:.2f} ms without), p99 {on_99 / off_99:.3f} x ({off_99 * 1000:.2f} ms)")
    began = time.perf_counter()
    for app in apps.values():
        app.close()
    print(f"closed after {time.perf_counter() - began:.1f} s; dropped: {dict(lane.take_dropped())}")


def main() -> None:
    """Start the server and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--every-ms", type=float, default=25.0)
    parser.add_argument("--hang", action="store_true")
    asked = parser.parse_args()
    here, there = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=serve, args=(there,), kwargs={"hang": asked.hang}, daemon=True)
    server.start()
    base = f"http://127.0.0.1:{here.recv()}/v1"
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare(base, Path(folder), asked.requests, asked.every_ms / 1000, hang=asked.hang))
    server.kill()


if __name__ == "__main__":
    main()
