"""Cost of observability: an unrecorded trace, a scrape, an export, in time and memory.

python -m benchmarks.observability [--decisions 150000]
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import sys
import tempfile
import time
import timeit
from contextlib import closing
from pathlib import Path

from cascade.clients.scripted import scripted
from cascade.exchange import ModelCall, Request
from cascade.flow.climb import climb, drive
from cascade.ladder import Ladder, Rung
from cascade.log import open_log
from cascade.log.export import export
from cascade.plugins import verifier
from cascade.serve.log_totals import LogTotals
from cascade.serve.metrics import exposition
from cascade.telemetry import begin
from cascade.verdict import Ask, Reply

STACK = tuple(verifier(name) for name in ("refusal", "hedging"))
SEED = 1_000


def fill(path: Path, decisions: int) -> None:
    """Write a thousand decisions, one in four escalated, and repeat their rows under other ids."""
    ladder = Ladder(*(Rung(f"test/{name}", name=name, verify=STACK) for name in ("small", "large")))
    with open_log(path) as log:
        for number in range(SEED):
            first = "Perhaps it is 4, I am not sure; it might be 5." if number % 4 == 0 else "It is 4."

            def answer(ask: Ask, first: str = first) -> Reply:
                assert isinstance(ask, ModelCall)
                return scripted(first if ask.rung == "small" else "It is 4.", cost_usd=0.0001)

            request = Request.of("What is 2 + 2?", id=f"r-{number}")
            log.write(drive(climb(request, ladder), answer), request)
    with closing(sqlite3.connect(path)) as file:
        for table in ("decisions", "attempts", "verdicts"):
            names = [row[1] for row in file.execute(f"PRAGMA table_info({table})") if row[1] != "sequence"]
            own = ", ".join(f'"{name}"' for name in names)
            others = own.replace('"decision_id"', "printf('%06d', k.v) || decision_id")
            file.execute(
                f"WITH RECURSIVE k(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM k WHERE v < {decisions // SEED - 1}) "
                f"INSERT INTO {table} ({own}) SELECT {others} FROM k, (SELECT * FROM {table})"
            )
        file.commit()


def peak_mb() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure, and print the figures as a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--decisions", type=int, default=150_000)
    n = parser.parse_args().decisions
    print("| figure | value |\n|---|---|")
    request = Request.of("?")
    assert "opentelemetry.trace" not in sys.modules

    def each() -> float:
        return 1e6 * min(timeit.repeat(lambda: begin(request), number=10_000, repeat=5)) / 10_000

    print(f"| a request's trace, OpenTelemetry not imported | {each():.1f} µs |")
    import opentelemetry.trace  # noqa: F401 - as a program would that traces something else

    print(f"| the same, imported, no SDK | {each():.1f} µs |")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.db"
        fill(path, n)
        print(f"| decisions in the log | {n:,}, {path.stat().st_size / 1e6:.0f} MB |")
        with open_log(path, read_only=True) as log:
            totals, base = LogTotals(log), peak_mb()
            began = time.process_time()
            totals.refresh()
            took = time.process_time() - began
            print(f"| first scrape | {took:.1f} s of CPU, {peak_mb() - base:.0f} MB |")
            began = time.process_time()
            exposition(totals.refresh())
            print(f"| a scrape without news | {1000 * (time.process_time() - began):.0f} ms |")
            for form in ("parquet", "csv"):
                began = time.process_time()
                rows = export(log, Path(folder) / form, "parquet" if form == "parquet" else "csv")
                took = time.process_time() - began
                size = sum(file.stat().st_size for file in (Path(folder) / form).iterdir()) / 1e6
                print(
                    f"| export as {form} | {sum(rows.values()):,} rows, {took:.1f} s of CPU, {size:.0f} MB; "
                    f"{peak_mb():.0f} MB peak |"
                )


if __name__ == "__main__":
    main()
