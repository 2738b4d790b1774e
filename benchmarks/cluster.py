"""A bulk run on Ray against one process: identical results, seconds, and what a kill in the middle costs.

    .venv-ray/bin/python -m benchmarks.cluster 4000

Everything is on this machine: a server that answers after 20 ms, and clusters of two CPUs, which each run starts for
itself (tests/ray/runner.py). The kill (SIGKILL of the driver) comes when the first block is written.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.waves import answer
from tests.batch_server import BatchServer

ROOT = Path(__file__).parents[1]
CONFIG = """
ladder:
  - {{model: openai/small, name: small, api_base: "{url}", price: {{input_usd: 1.0e-7, output_usd: 1.0e-6}}}}
  - {{model: openai/large, name: large, api_base: "{url}", price: {{input_usd: 2.0e-6, output_usd: 2.0e-5}}}}
verify: [refusal, hedging]
"""
CHANGING = ("cost_usd", "latency_s", "decision_id", "answers_usd", "verifiers_usd", "saved_usd", "attempts")


def slowly(model: str, prompt: str) -> str:
    """Answer after 20 ms."""
    time.sleep(0.02)
    return answer(model, prompt)


def results(path: Path) -> list[dict[str, Any]]:
    """Return the results by id, without what differs between any two runs."""
    rows = pq.read_table(path).drop_columns(list(CHANGING)).to_pylist()
    return sorted(rows, key=lambda row: row["id"])


def on_ray(folder: Path, output: str, actors: int) -> subprocess.Popen[str]:
    """Start a run on a cluster of its own."""
    words = (str(folder / "cascade.yaml"), str(folder / "in-*.parquet"), str(folder / output), str(actors))
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", str(ROOT / "tests/ray/runner.py"), *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the summary of a run."""
    found: dict[str, Any] = json.loads(process.communicate()[0].strip().splitlines()[-1])
    return found


def main() -> None:
    """Run one process, one actor, two, and one that is killed and run again; print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n", type=int, nargs="?", default=4000)
    n = parser.parse_args().n
    os.environ["OPENAI_API_KEY"] = "a-key-of-the-benchmark"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = pa.table({"id": [f"q{i}" for i in range(n)], "prompt": [f"What is number {i}" for i in range(n)]})
        pq.write_table(rows, folder / "whole.parquet")
        for part in range(2):
            pq.write_table(rows.slice(part * n // 2, n // 2), folder / f"in-{part}.parquet", row_group_size=300)
        print("| run | seconds | calls billed | billed twice | identical to one process |")
        print("|---|---:|---:|---:|---|")
        for label, actors in (("one process", 0), ("one actor", 1), ("two actors", 2), ("two actors, killed", 2)):
            with BatchServer(slowly) as server:
                (folder / "cascade.yaml").write_text(CONFIG.format(url=server.url))
                shown, began, output = label, time.perf_counter(), f"out-{label}".replace(" ", "-").replace(",", "")
                if not actors:
                    output += ".parquet"
                    words = ("-c", str(folder / "cascade.yaml"), "--input", "whole.parquet", "--output", output)
                    command = [sys.executable, "-W", "ignore", "-m", "cascade", "run", *words]
                    subprocess.run(
                        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True
                    )
                else:
                    process = on_ray(folder, output, actors)
                    if "killed" in label:
                        while not list((folder / output).glob("*.parquet")):
                            time.sleep(0.05)
                        process.send_signal(signal.SIGKILL)
                        process.communicate()
                        shown += f" after {sum(server.billed.values()):,} calls"
                        process = on_ray(folder, output, actors)
                    assert told(process)["n"] == n
                seconds, twice = time.perf_counter() - began, sum(times - 1 for times in server.billed.values())
                same = results(folder / output) == results(folder / "out-one-process.parquet")
                print(f"| {shown} | {seconds:.0f} | {sum(server.billed.values()):,} | {twice} | {same} |", flush=True)


if __name__ == "__main__":
    main()
