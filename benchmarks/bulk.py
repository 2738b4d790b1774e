"""A bulk run against a plain aiohttp loop, over loopback to a server in a process of its own.

    python -m benchmarks.bulk 20000

CPU and memory are the client process's. The loop asks one model and keeps the answers' texts; the run asks it too (one
rung, two free verifiers), and keeps journal, decision log and output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import aiohttp

from tests.faults.process import served

CONCURRENCY = 64
WAYS = ("aiohttp", "run, log off", "run, log on")


def messages(number: int) -> list[dict[str, str]]:
    """Return the chat of a request."""
    return [{"role": "user", "content": f"What about number {number}? " * 8}]


async def plain(url: str, n: int) -> int:
    """Ask by a plain loop, and return how many answered."""
    answers: list[str] = []
    numbers = iter(range(n))

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = {"model": "ok", "messages": messages(number)}
            async with session.post(f"{url}/chat/completions", json=body) as answer:
                answers.append((await answer.json())["choices"][0]["message"]["content"])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:
        await asyncio.gather(*(worker(session) for _ in range(CONCURRENCY)))
    return len(answers)


def bulk(url: str, n: int, folder: Path, *, logged: bool) -> int:
    """Run a file of requests, and return how many were accepted."""
    from cascade import Cascade, Ladder, Price, Rung
    from cascade.bulk.batch import run_file
    from cascade.bulk.request_file import RequestFile
    from verifiers import Hedging, Refusal

    with (folder / "in.jsonl").open("w") as file:
        for number in range(n):
            file.write(json.dumps({"id": f"q{number}", "messages": messages(number)}) + "\n")
    price = Price(input_usd=1e-6, output_usd=1e-6)
    rung = Rung("openai/ok", api_base=url, api_key="none", price=price, verify=(Refusal(), Hedging()))
    with Cascade(Ladder(rung), log=folder / "decisions.db" if logged else None) as app:
        app.warm()
        done = run_file(app, RequestFile(folder / "in.jsonl"), folder / "out.jsonl", concurrency=CONCURRENCY)
    return done.outcomes["accepted"]


def inside(way: str, url: str, n: int) -> None:
    """Measure one way in this process."""
    warnings.simplefilter("ignore")
    began, cpu_s = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(plain(url, n)) if way == "aiohttp" else bulk(url, n, Path(folder), logged=way.endswith("on"))
    took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_s
    assert done == n
    print(json.dumps([n / took_s, 1000 * cpu_s / n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main() -> None:
    """Measure each way, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n", type=int, nargs="?", default=20_000)
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(*given.inside, given.n)
        return
    print("| way | requests/s | CPU, ms a request | × aiohttp | peak RSS, MB |\n|---|---:|---:|---:|---:|")
    first = 0.0
    for way in WAYS:
        with served() as server:
            command = [sys.executable, "-m", "benchmarks.bulk", "--inside", way, server.url, "--", str(given.n)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        per_s, cpu_ms, peak_mb = json.loads(done.stdout)
        first = first or cpu_ms
        print(f"| {way} | {per_s:,.0f} | {cpu_ms:.2f} | {cpu_ms / first:.1f} | {peak_mb:.0f} |", flush=True)


if __name__ == "__main__":
    main()
