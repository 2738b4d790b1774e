"""Provider batches in waves against a local server: cost against a live run, identical decisions, killed and resumed.

    python -m benchmarks.waves 1000
    python -m benchmarks.waves 1000 --kills 20
    python -m benchmarks.waves 1000 --explore
    python -m benchmarks.waves 100000 --without-live

Both runs are the command line in processes of their own; the server (tests/batch_server.py) bills each answer and
counts it. With --kills the batch commands are killed (SIGKILL) at random moments before each is let through. With
--explore both explore. Memory is the largest of any command's, as the kernel counts it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.batch_server import BatchServer

CONFIG = """
ladder:
  - {{model: openai/small, name: small, api_base: "{url}", price: {{input_usd: 1.0e-7, output_usd: 1.0e-6}}}}
  - {{model: openai/large, name: large, api_base: "{url}", price: {{input_usd: 2.0e-6, output_usd: 2.0e-5}}}}
verify: [refusal, hedging]
log: {log}
"""
CHANGING = {"cost_usd", "latency_s", "decision_id", "answers_usd", "verifiers_usd", "saved_usd"}
"""What differs between any two runs."""


def answer(model: str, prompt: str) -> str:
    """Answer; the small model is unsure of every fourth question."""
    number = int(prompt.rsplit(maxsplit=1)[-1])
    return "I am not sure, but maybe it is 4." if model == "small" and number % 4 == 0 else f"The answer is {number}."


def decisions(path: Path) -> Any:
    """Return an output without times, costs and ids of decisions."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items() if name not in CHANGING}
        return [plain(one) for one in value] if isinstance(value, list) else value

    return [plain(json.loads(line)) for line in path.open()]


def spent(path: Path) -> float:
    """Return what the results or the recordings of a file have cost, in US dollars."""
    lines = [json.loads(line) for line in path.open()]
    return sum(one["cost_usd"] for line in lines for one in line.get("recordings", [line]))


def command(folder: Path, *words: str, kill_after_s: float | None = None) -> int:
    """Run `cascade` in a folder, killed after so many seconds; return its exit code."""
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "OPENAI_API_KEY": "a-key-of-the-benchmark",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "cascade", *words],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return process.wait(kill_after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return process.wait()


def main() -> None:
    """Run both, and print what they cost and how long they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n", type=int, nargs="?", default=1000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--explore", action="store_true")
    parser.add_argument("--without-live", action="store_true")
    given = parser.parse_args()
    draws = random.Random(1)
    with tempfile.TemporaryDirectory() as name, BatchServer(answer) as server:
        folder = Path(name)
        with (folder / "in.jsonl").open("w") as file:
            for number in range(given.n):
                file.write(json.dumps({"id": f"q{number}", "prompt": f"What is number {number}"}) + "\n")
        (folder / "cascade.yaml").write_text(CONFIG.format(url=server.url, log="batches.db"))
        began, killed = time.perf_counter(), 0
        submit = ("batch", "submit", "--input", "in.jsonl", "--output", "out.jsonl", "--json")
        live = ("run", "--input", "in.jsonl", "--output", "live.jsonl")
        if given.explore:
            submit = ("explore", "in.jsonl", "--batch", "--yes", "--output", "out.jsonl", "--json")
            live = ("explore", "in.jsonl", "--yes", "--output", "live.jsonl")
        collect = ("batch", "collect", "out.jsonl", "--wait", "--every", "0.05")
        while not (folder / "out.jsonl").exists():
            for words in (submit, collect):
                limit = draws.uniform(0.5, 2.2) if killed < given.kills else None
                killed += command(folder, *words, kill_after_s=limit) == -signal.SIGKILL
        batch_s, most = time.perf_counter() - began, max(server.billed.values())
        sizes = [len(server.files[one["input_file_id"]].splitlines()) for one in server.batches.values()]
        live_before, most_mb = server.live, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        batch_billed = sum(server.billed.values())
        (folder / "cascade.yaml").write_text(CONFIG.format(url=server.url, log="live.db"))
        began = time.perf_counter()
        figures: dict[str, Any] = {
            "requests": given.n,
            "killed": killed,
            "batches": sizes,
            "live calls of the batch run": live_before,
            "answers billed, of batches": batch_billed,
            "answers billed most often": most,
            "seconds, batches": round(batch_s, 1),
            "largest command, MB": round(most_mb, 1),
            "cost, batches": spent(folder / "out.jsonl"),
            "left behind": [path.name for path in folder.iterdir() if re.search(r"\.part$|\.batches$", path.name)],
        }
        if not given.without_live:
            command(folder, *live)
            figures |= {
                "seconds, live": round(time.perf_counter() - began, 1),
                "cost, live": spent(folder / "live.jsonl"),
                "cost ratio": spent(folder / "out.jsonl") / spent(folder / "live.jsonl"),
                "identical": decisions(folder / "out.jsonl") == decisions(folder / "live.jsonl"),
            }
    for label, figure in figures.items():
        print(f"| {label} | {figure} |")


if __name__ == "__main__":
    main()
