"""Bulk runs by size and form: rows a second and peak memory of JSON lines, CSV and Parquet; killed and resumed.

    python -m benchmarks.scale 10000 100000
    python -m benchmarks.scale --forms parquet 10000 1000000

Each run is a process of its own with a client that answers at once, with journal and decision log; what is told is its
VmHWM (/proc/self/status) at the end. With --killed each run is killed at half of its rows and resumed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from benchmarks.bulk_memory import Answering
from cascade import Cascade, Ladder, Price, Rung
from cascade.bulk.batch import run_file
from cascade.bulk.journal import journal_of
from cascade.bulk.request_file import RequestFile
from cascade.result import Result
from verifiers import Hedging, Refusal

FORMS = ("jsonl", "csv", "parquet")


def write_input(path: Path, n: int) -> None:
    """Write a file of requests, by its ending."""
    rows = ({"id": f"q{number}", "prompt": f"What about number {number}? " * 8} for number in range(n))
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(list(rows)), path, row_group_size=10_000)
        return
    with path.open("w", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.DictWriter(file, ["id", "prompt"])
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def run(folder: Path, form: str, die_at: int | None) -> None:
    """Run the file in this process, and print what it took as JSON."""
    warnings.simplefilter("ignore")
    price = Price(input_usd=1e-6, output_usd=1e-6)
    rungs = [Rung(f"test/{rung}", name=rung, price=price, verify=(Refusal(), Hedging())) for rung in ("small", "large")]

    def done(count: int, _spent: float, result: Result[Any] | None) -> None:
        if result is not None and die_at is not None and count >= die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    began = time.perf_counter()
    with Cascade(Ladder(*rungs), client=Answering(), log=folder / "decisions.db") as app:
        requests = RequestFile(folder / f"in.{form}")
        requests.checked()
        batch = run_file(app, requests, folder / f"out.{form}", on_done=done)
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    figures = {
        "n": batch.n,
        "resumed": batch.resumed,
        "peak_mb": int(found[1]) / 1024,
        "seconds": time.perf_counter() - began,
        "left": journal_of(folder / f"out.{form}").exists(),
    }
    print(json.dumps(figures))


def measure(form: str, n: int, *, killed: bool) -> dict[str, Any]:
    """Run one size in one form, in processes of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The peak is that of the process that runs, so another one writes its input.
        inside = [sys.executable, "-m", "benchmarks.scale", "--inside", name, "--forms", form]
        subprocess.run([*inside, "--write", str(n)], check=True)
        if killed:
            first = subprocess.run([*inside, "--die-at", str(n // 2)], check=False, capture_output=True)
            assert first.returncode == -signal.SIGKILL
        told = subprocess.run(inside, check=True, capture_output=True, text=True).stdout
        found: dict[str, Any] = json.loads(told)
        return found | {"output_mb": (folder / f"out.{form}").stat().st_size / 1e6}


def main() -> None:
    """Run each form and size, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000])
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--killed", action="store_true", help="kill each run at half, and resume it")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--die-at", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside and given.write:
        write_input(Path(given.inside) / f"in.{given.forms}", given.write)
        return
    if given.inside:
        run(Path(given.inside), given.forms, given.die_at)
        return
    print("| form | rows | peak memory, MB | × the first | rows/s | resumed | output, MB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for form in given.forms.split(","):
        first = 0.0
        for size in given.sizes:
            found = measure(form, size, killed=given.killed)
            first = first or found["peak_mb"]
            print(
                f"| {form} | {size:,} | {found['peak_mb']:.1f} | {found['peak_mb'] / first:.2f} "
                f"| {(size - found['resumed']) / found['seconds']:,.0f} | {found['resumed']:,} "
                f"| {found['output_mb']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
