"""Bulk runs by size and form: rows a second and peak memory of JSON lines, CSV and Parquet; killed and resumed.

    python -m benchmarks.scale 10000 100000
    python -m benchmarks.scale --forms parquet 10000 1000000
    python -m benchmarks.scale --resumed 0.99 1000000

Each run is a process of its own with a client that answers at once, with journal and decision log; what is told is its
VmHWM (/proc/self/status) at the end. With --killed each run is killed at half of its rows and resumed. With --resumed
this share of the rows stands in the journal from the start: that of a run that was killed after some 60 rows, its
entries repeated for further requests; there is no decision log, which would not know these. What is measured is then a
resumption, and the end of a run of that size.
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
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.bulk_memory import Answering
from cascade import Cascade, Ladder, Price, Rung
from cascade.bulk.batch import run_file
from cascade.bulk.journal import encoded, journal_of
from cascade.bulk.journal_recorder import request_content, request_key
from cascade.bulk.request_file import RequestFile
from cascade.hashing import content_id
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


def run(folder: Path, form: str, die_at: int | None, *, logs: bool) -> None:
    """Run the file in this process, and print what it took as JSON."""
    warnings.simplefilter("ignore")
    price = Price(input_usd=1e-6, output_usd=1e-6)
    rungs = [Rung(f"test/{rung}", name=rung, price=price, verify=(Refusal(), Hedging())) for rung in ("small", "large")]

    def done(count: int, _spent: float, result: Result[Any] | None) -> None:
        if result is not None and die_at is not None and count >= die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    began = time.perf_counter()
    with Cascade(Ladder(*rungs), client=Answering(), log=folder / "decisions.db" if logs else None) as app:
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


def prepare(folder: Path, form: str, n: int) -> None:
    """Give a killed run's journal the entries of further requests, up to so many, each as one of the first has it."""
    path = journal_of(folder / f"out.{form}")
    header, *entries = [json.loads(line) for line in path.read_bytes().splitlines() if line.startswith(b"{")]
    items = [one["item"] for one in entries if "item" in one]
    begun = next(one for one in entries if "begun" in one)
    replies = [one for one in entries if "answered" in one]
    sure, unsure = (
        next(one for one in replies if ("not sure" in one["reply"]["text"]) is is_unsure) for is_unsure in (False, True)
    )
    done = {item["id"] for item in items}
    easy, hard = (next(item for item in items if item["rung"] == rung) for rung in ("small", "large"))
    with path.open("wb") as file:
        for entry in (header, *entries):
            file.write(encoded(entry) + b"\n")
        for number, request in enumerate(islice(RequestFile(folder / f"in.{form}"), n)):
            if request.id in done:
                continue
            item = hard if number % 4 == 0 else easy
            decision, content = f"{item['decision_id'][:10]}{number:010d}", content_id(request_content(request))
            lines: list[Any] = [{"open": request_key(request), "decision": decision, "content": content}]
            for place, reply in enumerate([unsure, sure] if item is hard else [sure]):
                asks = sha256(f"{number} {place}".encode()).hexdigest()
                call = f"{begun['call'][:9]}{place}{number:010d}"
                lines += [{**begun, "begun": asks, "call": call}, {**reply, "answered": asks, "call": call}]
            told = {**item, "id": request.id, "decision_id": decision}
            lines.append({"task": request.task, "id": request.id, "content": content, "item": told})
            file.writelines(encoded(line) + b"\n" for line in lines)


def measure(form: str, n: int, *, killed: bool, resumed: float) -> dict[str, Any]:
    """Run one size in one form, in processes of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The peak is that of the process that runs, so another one writes its input.
        inside = [sys.executable, "-m", "benchmarks.scale", "--inside", name, "--forms", form]
        inside += ["--resumed", str(resumed)]
        subprocess.run([*inside, "--write", str(n)], check=True)
        if killed or resumed:
            die_at = 64 if resumed else n // 2
            first = subprocess.run([*inside, "--die-at", str(die_at)], check=False, capture_output=True)
            assert first.returncode == -signal.SIGKILL
        if resumed:
            subprocess.run([*inside, "--prepare", str(round(resumed * n))], check=True)
        told = subprocess.run(inside, check=True, capture_output=True, text=True).stdout
        found: dict[str, Any] = json.loads(told)
        return found | {"output_mb": (folder / f"out.{form}").stat().st_size / 1e6}


def main() -> None:
    """Run each form and size, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000])
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--killed", action="store_true", help="kill each run at half, and resume it")
    parser.add_argument("--resumed", type=float, default=0.0, metavar="SHARE", help="rows that the journal has before")
    parser.add_argument("--prepare", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--die-at", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside and given.write:
        write_input(Path(given.inside) / f"in.{given.forms}", given.write)
        return
    if given.inside and given.prepare:
        prepare(Path(given.inside), given.forms, given.prepare)
        return
    if given.inside:
        run(Path(given.inside), given.forms, given.die_at, logs=not given.resumed)
        return
    print("| form | rows | peak memory, MB | × the first | rows/s | resumed | output, MB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for form in given.forms.split(","):
        first = 0.0
        for size in given.sizes:
            found = measure(form, size, killed=given.killed, resumed=given.resumed)
            first = first or found["peak_mb"]
            print(
                f"| {form} | {size:,} | {found['peak_mb']:.1f} | {found['peak_mb'] / first:.2f} "
                f"| {(size - found['resumed']) / found['seconds']:,.0f} | {found['resumed']:,} "
                f"| {found['output_mb']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
