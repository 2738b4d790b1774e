"""A wrapped client over the bare one, interleaved in one run, against one loopback server in a process of its own.

python -m benchmarks.wrap [PAIRS]

One rung, the free verifiers, the decision log on. The bare client asks the server by its own HTTP library; the wrapped
one by ours, so that less time than the bare one's is possible.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cascade
from cascade import Cascade, Ladder, Price, Rung
from tests.road.loopback import loopback

HI = [{"role": "user", "content": "Capital of Norway?"}]


def main(pairs: int) -> None:
    """Measure and print."""
    from openai import OpenAI

    warnings.simplefilter("ignore")
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = here.recv()
    rung = Rung("openai/gpt-4o", name="top", api_base=url, api_key="k", price=Price(input_usd=1e-6, output_usd=1e-6))
    bare = OpenAI(api_key="k", base_url=url)
    with tempfile.TemporaryDirectory() as folder, Cascade(Ladder(rung), log=Path(folder) / "log.db") as app:
        wrapped = cascade.wrap(bare, app=app)
        calls: dict[str, Callable[[], Any]] = {
            "chat": lambda: wrapped.chat.completions.create(model="gpt-4o", messages=HI),
            "bare chat": lambda: bare.chat.completions.create(model="gpt-4o", messages=HI),
            "stream": lambda: [*wrapped.chat.completions.create(model="gpt-4o", messages=HI, stream=True)],
            "bare stream": lambda: [*bare.chat.completions.create(model="gpt-4o", messages=HI, stream=True)],
            "responses": lambda: wrapped.responses.create(model="gpt-4o", input="Capital of Norway?"),
            "bare responses": lambda: bare.responses.create(model="gpt-4o", input="Capital of Norway?"),
        }
        wall: dict[str, list[float]] = {name: [] for name in calls}
        cpu: dict[str, list[float]] = {name: [] for name in calls}
        for round_ in range(pairs + 20):
            for name, call in calls.items():
                began, busy = time.perf_counter(), time.process_time()
                call()
                if round_ >= 20:  # the first ones import and connect
                    wall[name].append(time.perf_counter() - began)
                    cpu[name].append(time.process_time() - busy)
    print("| call | bare, p50 ms | wrapped, p50 ms | ratio | CPU ratio |\n|---|---:|---:|---:|---:|")
    for name in ("chat", "stream", "responses"):
        ours, theirs = statistics.median(wall[name]) * 1e3, statistics.median(wall[f"bare {name}"]) * 1e3
        ratio = statistics.median(cpu[name]) / statistics.median(cpu[f"bare {name}"])
        print(f"| {name} | {theirs:.2f} | {ours:.2f} | {ours / theirs:.2f} | {ratio:.2f} |")


def serve(pipe: Any) -> None:
    """Serve until the parent ends."""
    with loopback() as (url, _):
        pipe.send(f"{url}/v1")
        pipe.poll(None)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 500)
