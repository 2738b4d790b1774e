"""Decision log: cost of writing for the caller, drain rate, and time and memory of a report.

python -m benchmarks.decision_log [--decisions 100000]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from cascade.clients.scripted import scripted
from cascade.exchange import ModelCall, Request
from cascade.flow.climb import climb, drive
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.plugins import verifier
from cascade.report import report
from cascade.result import Result
from cascade.verdict import Ask, Reply

STACK = tuple(verifier(name) for name in ("refusal", "schema", "hedging", "logprob"))


def one(first: str) -> Result[object]:
    """Return the result of one request: accepted at once, or escalated."""
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=STACK) for name in ("small", "large")))

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, ModelCall)
        return scripted(first if ask.rung == "small" else "It is 4.", logprobs=[-0.1, -0.2], cost_usd=0.0001)

    return drive(climb(Request.of("What is 2 + 2?"), ladder), answer)


def main() -> None:
    """Write, flush, report, and print the figures as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--decisions", type=int, default=100_000)
    n = parser.parse_args().decisions
    results = [one("It is 4."), one("I cannot help with that.")]
    request, rng = Request.of("What is 2 + 2?"), np.random.default_rng(0)
    which = (rng.random(n) < 0.3).astype(int)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.db"
        began, cpu = time.perf_counter(), time.thread_time()
        log = open_log(path)
        for i in range(n):
            log.write(replace(results[which[i]], request_id=f"r-{i}"), request)
            if i % 5_000 == 0:
                log.flush()  # a caller that does nothing but write is faster than any disk
        caller = time.thread_time() - cpu
        log.flush()
        wrote, lost = time.perf_counter() - began, log.lost
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        began, cpu = time.perf_counter(), time.process_time()
        found = report(log)
        took, work = time.perf_counter() - began, time.process_time() - cpu
        log.close()
        assert found.total.n == n - lost
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("| figure | value |\n|---|---|")
    print(f"| decisions | {n:,} |")
    print(f"| CPU of the caller, a decision | {1e6 * caller / n:.0f} µs |")
    print(f"| written, decisions a second | {n / wrote:,.0f} |")
    print(f"| lost | {lost} |")
    print(f"| bytes a decision | {size / n:,.0f} |")
    print(f"| a whole report | {took:.1f} s ({work:.1f} s of CPU) |")
    print(f"| peak memory of the process | {peak:.0f} MB |")


if __name__ == "__main__":
    main()
