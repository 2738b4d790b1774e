"""Time and memory of `cascade calibrate` and `cascade replay` from files, up to a million samples.

    python -m benchmarks.calibrate_scale [--full] [--computed]

Synthetic samples of four rungs with recorded verdicts (6 features a rung) are written to a temporary folder. Every
command is a process of its own, so its CPU seconds and the peak of its resident memory are its own. `--full` adds 10⁶
samples (1.8 GB of file); `--computed` has the free verifiers judge the answers again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

RUNGS = ("nano", "small", "large", "top")
SKILL = np.array([0.4, 1.2, 2.2, 3.2])
USD = 1e-5 * np.array([1.0, 4.0, 15.0, 60.0])
WORDS = "the sum of these two numbers is about right when carried over and checked once more against what was given"
BLOCK = 10_000
COMPUTED = "refusal,hedging,agreement,sure,logprob"


def write_samples(path: Path, n: int, *, tasks: int = 1) -> None:
    """Write n samples, the tasks in turn, with answers of about 130 characters."""
    rng, words = np.random.default_rng(n), WORDS.split()
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, n, BLOCK):
            hard = 1.5 * rng.normal(size=(BLOCK, 1))
            right = rng.random((BLOCK, 4)) < 1.0 / (1.0 + np.exp(hard - SKILL))
            sure = np.clip(rng.normal(0.45 + 0.25 * right, 0.15), 0.0, 1.0).round(4)
            noise, tokens = rng.random((BLOCK, 4, 4)).round(4), rng.integers(20, 60, (BLOCK, 4))
            turn = rng.integers(0, len(words), (BLOCK, 4))
            for i in range(min(BLOCK, n - start)):
                recordings = [
                    {
                        "model": f"test/{rung}",
                        "rung": rung,
                        "content": " ".join(
                            [*words[turn[i, k] :], *words[: turn[i, k]], str(start + i + (not right[i, k]))]
                        ),
                        "usage": {"input_tokens": 50, "output_tokens": int(tokens[i, k])},
                        "cost_usd": float(USD[k] * tokens[i, k]),
                        "correct": float(right[i, k]),
                        "label_source": "gold",
                        "verdicts": {
                            "sure": {"score": float(sure[i, k])},
                            "logprob": {
                                "score": float(noise[i, k, 0]),
                                "signals": dict(
                                    zip(("mean", "min", "first"), map(float, -noise[i, k, 1:]), strict=True)
                                ),
                            },
                        },
                    }
                    for k, rung in enumerate(RUNGS)
                ]
                at = start + i
                line = {
                    "id": f"q{at}",
                    "task": f"task{at % tasks}",
                    "prompt": f"Question {at}?",
                    "recordings": recordings,
                }
                file.write(json.dumps(line) + "\n")


def run(*arguments: str) -> tuple[float, float]:
    """Run a command of ours; return its CPU seconds (the machine may be shared) and peak resident memory in MB."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen(
        [sys.executable, "-m", "cascade", *arguments],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(said.decode())
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024.0


def measure(
    folder: Path, label: str, n: int, *, tasks: int, verifiers: str, bare: float, options: tuple[str, ...]
) -> None:
    """Write n samples, calibrate and replay them, and print one row."""
    path, policy = folder / f"{n}-{tasks}.jsonl", folder / "policy.json"
    if not path.exists():
        write_samples(path, n, tasks=tasks)
    rungs = ("--rungs", ",".join(RUNGS), "--verifiers", verifiers)
    fit_s, fit_mb = run("calibrate", str(path), *rungs, *options, "--out", str(policy))
    replay_s, replay_mb = run("replay", str(path), "--policy", str(policy))
    size = path.stat().st_size / 1e6
    print(
        f"| {label} | {size:,.0f} MB | {fit_s:.1f} s | {fit_mb:,.0f} MB | {(fit_mb - bare) * 1048.576 / n:.2f} kB | "
        f"{replay_s:.1f} s | {replay_mb:,.0f} MB |",
        flush=True,
    )


def main() -> None:
    """Measure every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--full", action="store_true", help="10⁶ samples too")
    parser.add_argument("--computed", action="store_true", help="judge answers again by the free verifiers")
    given = parser.parse_args()
    verifiers = COMPUTED if given.computed else "sure,logprob"
    print(
        "| samples | file | calibrate, CPU | peak memory | above an idle start, a sample | replay, CPU | peak memory |"
    )
    print("|---|---|---|---|---|---|---|")
    rate, loss = ("--target-escalation", "0.25"), ("--target-loss", "0.01", "--choose-rungs")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder / "idle.jsonl", 100)
        idle = ("calibrate", str(folder / "idle.jsonl"), "--rungs", ",".join(RUNGS), "--verifiers", verifiers)
        _, bare = run(*idle, *rate, "--out", str(folder / "idle.json"))
        for n in [10_000, 100_000, *([1_000_000] if given.full else [])]:
            for label, options in (("rate .25", rate), ("loss .01, rungs chosen", loss)):
                measure(folder, f"{n:,} x 4, {label}", n, tasks=1, verifiers=verifiers, bare=bare, options=options)
        label = "1,000 tasks x 50 x 4, rate .25"
        measure(folder, label, 50_000, tasks=1000, verifiers=verifiers, bare=bare, options=rate)


if __name__ == "__main__":
    main()
