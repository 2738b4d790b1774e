"""Speed and memory of `cascade import`: rows a second and peak memory of each format, by number of rows.

    python -m benchmarks.import_speed 100000
    python -m benchmarks.import_speed --formats openai-batch,otel 100000 1000000

The files are made row by row, about a kilobyte of prompt each; each import runs in a process of its own, from the
reading of the first byte to the rename of the output. Of `openai-batch` and `anthropic-batch` a row is a pair of input
and output line. What is told is wall time, CPU time and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cascade.importing.importer import import_files
from tests import foreign_files as made

WORDS = 64
"""Makes prompts of about a kilobyte."""


def _rows(n: int, row: Callable[..., dict[str, Any]], **more: Any) -> Iterator[dict[str, Any]]:
    return (row(number, **more) for number in range(n))


def _parquet(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    writer, held = None, []
    for row in rows:
        held.append({**row, "usage_details": [*row["usage_details"].items()]})
        if len(held) == 5000:
            writer = _group(writer, held, path, pa, parquet)
            held = []
    if held:
        writer = _group(writer, held, path, pa, parquet)
    if writer is not None:
        writer.close()
    return path


def _group(writer: Any, held: list[dict[str, Any]], path: Path, pa: Any, parquet: Any) -> Any:
    columns = {name: [row[name] for row in held] for name in held[0]}
    kinds = {"usage_details": pa.map_(pa.string(), pa.int64()), "tags": pa.list_(pa.string())}
    table = pa.table({name: pa.array(cells, type=kinds.get(name)) for name, cells in columns.items()})
    writer = writer or parquet.ParquetWriter(path, table.schema)
    writer.write_table(table)
    return writer


def make(form: str, n: int, folder: Path) -> list[Path]:
    """Make the files of one format."""
    if form == "openai-batch":
        inputs = made.write_lines(folder / "in.jsonl", _rows(n, made.batch_input, words=WORDS))
        return [inputs, made.write_lines(folder / "out.jsonl", _rows(n, made.batch_output))]
    if form == "anthropic-batch":
        inputs = made.write_lines(folder / "requests.jsonl", _rows(n, made.message_params, words=WORDS))
        return [inputs, made.write_lines(folder / "results.jsonl", _rows(n, made.message_result))]
    if form == "litellm-spend":
        return [made.write_csv(folder / "spend.csv", _rows(n, made.spend_row, words=WORDS))]
    if form == "langfuse":
        scores = made.write_lines(folder / "scores.jsonl", _rows(n // 10, made.score))
        return [_parquet(folder / "observations.parquet", _rows(n, made.observation, words=WORDS)), scores]
    if form == "promptfoo":
        return [made.write_evaluation(folder / "results.json", _rows(n, made.evaluation, words=WORDS))]
    if form == "otel":
        spans = (made.export(made.span(i, made.parts(i, WORDS))) for i in range(n))
        return [made.write_lines(folder / "spans.jsonl", spans)]
    rows = ({"prompt": made.messages(i, WORDS)[1]["content"], "answer": f"It is {i}.", "model": "m"} for i in range(n))
    if form == "csv":
        return [made.write_csv(folder / "answers.csv", rows)]
    message = f"{form} is no format."
    raise SystemExit(message)


def _peak_mb() -> float:
    """Return the peak of this process; `ru_maxrss` would tell its parent's, which forked it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def measure(paths: list[Path], output: Path) -> None:
    """Import in this process, and print what it took as JSON."""
    began, cpu_s = time.perf_counter(), time.process_time()
    tally = import_files(paths, output, rungs={})
    figures = {
        "wall_s": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu_s,
        "peak_mb": _peak_mb(),
        "samples": tally.requests,
        "left_out": tally.n_skipped,
        "output_mb": output.stat().st_size / 1e6,
    }
    print(json.dumps(figures))


def main() -> None:
    """Measure each format at each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[100_000])
    parser.add_argument("--formats", default="openai-batch,anthropic-batch,litellm-spend,langfuse,promptfoo,otel,csv")
    parser.add_argument("--measure", nargs="+", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure[:-1], given.measure[-1])
        return
    print(f"{'format':<16} {'rows':>10} {'input MB':>9} {'rows/s':>8} {'CPU µs/row':>11} {'peak MB':>8}")
    for form in given.formats.split(","):
        for n in given.sizes:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                paths = make(form, n, folder)
                command = [sys.executable, "-m", "benchmarks.import_speed", "--measure"]
                command += [str(path) for path in (*paths, folder / "samples.jsonl")]
                ended = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
                told = json.loads(ended.stdout)
                assert told["samples"] == n, told
                size = sum(path.stat().st_size for path in paths) / 1e6
                print(
                    f"{form:<16} {n:>10,} {size:>9,.0f} {n / told['wall_s']:>8,.0f} {told['cpu_s'] / n * 1e6:>11.0f} "
                    f"{told['peak_mb']:>8.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
