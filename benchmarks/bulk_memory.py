"""Memory of a bulk run by its number of requests: the command's own path, with a client that answers in the process.

    python -m benchmarks.bulk_memory 10000 1000000
    python -m benchmarks.bulk_memory --order as-finished 10000 1000000

Each size runs in a process of its own, with journal and decision log; what is told is the peak of its resident memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from cascade import Cascade, Ladder, Price, Rung
from cascade.bulk.batch import run_file
from cascade.bulk.request_file import RequestFile
from cascade.clients import Client
from cascade.clients.scripted import scripted
from cascade.exchange import ModelCall, Response
from cascade.usage import Usage
from verifiers import Hedging, Refusal

SURE = scripted("The answer is 4. " * 20, usage=Usage(input_tokens=30, output_tokens=100), cost_usd=1e-4)
UNSURE = scripted("I am not sure, but maybe it is 4.", usage=Usage(input_tokens=30, output_tokens=10), cost_usd=1e-5)


class Answering(Client):
    """Answers at once; the small rung is unsure of every fourth request."""

    async def ask(self, call: ModelCall) -> Response:
        """Answer."""
        return UNSURE if call.rung == "small" and call.request_id.endswith(("0", "4", "8")) else SURE


def run(n: int, order: str, *, logged: bool) -> None:
    """Run so many requests in this process, and print what it took as JSON."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "in.jsonl").open("w") as file:
            for number in range(n):
                file.write(json.dumps({"id": f"q{number}", "prompt": f"What about number {number}? " * 8}) + "\n")
        price = Price(input_usd=1e-6, output_usd=1e-6)
        rungs = [
            Rung(f"test/{rung}", name=rung, price=price, verify=(Refusal(), Hedging())) for rung in ("small", "large")
        ]
        began, cpu_s = time.perf_counter(), time.process_time()
        with Cascade(Ladder(*rungs), client=Answering(), log=folder / "decisions.db" if logged else None) as app:
            requests = RequestFile(folder / "in.jsonl")
            requests.checked()
            done = run_file(app, requests, folder / "out.jsonl", order="input" if order == "input" else "as-finished")
        took_s = time.perf_counter() - began
        figures = {
            "n": done.n,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "rows_per_s": n / took_s,
            "cpu_ms": 1000 * (time.process_time() - cpu_s) / n,
        }
    print(json.dumps(figures))


def main() -> None:
    """Run each size in a process, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000])
    parser.add_argument("--order", default="input", choices=["input", "as-finished"])
    parser.add_argument("--no-log", action="store_true", help="the journal only")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        run(given.sizes[0], given.order, logged=not given.no_log)
        return
    print("| requests | peak RSS, MB | × the first | requests/s | CPU, ms a request |\n|---:|---:|---:|---:|---:|")
    first = 0.0
    for size in given.sizes:
        command = [sys.executable, "-m", "benchmarks.bulk_memory", "--inside", "--order", given.order, str(size)]
        command += ["--no-log"] if given.no_log else []
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        first = first or found["peak_mb"]
        print(
            f"| {size:,} | {found['peak_mb']:.1f} | {found['peak_mb'] / first:.2f} | {found['rows_per_s']:,.0f} "
            f"| {found['cpu_ms']:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
