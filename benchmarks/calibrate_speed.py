"""Time of calibrate from arrays, and of the path search alone, beside evaluating policies one by one.

    python -m benchmarks.calibrate_speed [--n 10000 100000 1000000]

Four rungs, six verifier signals each, seeded synthetic samples; processor seconds on one thread. The first three
columns are the whole fit of one task: combiners, out-of-fold confidences, path, thresholds and figures. `path alone`
searches 64 bins a rung, given confidences. `one by one` evaluates some of 64,000 threshold vectors on all rows, and
scales up.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from calibration.combine.smoothing import smooth_correct
from calibration.fit.task_fit import fit_task
from calibration.samples.table import Table
from calibration.targets.target import EscalationRate, ExpectedLoss
from calibration.thresholds.grid import bin_ranks, evaluate_grid
from calibration.thresholds.pareto_policies import pareto_hull
from cascade.ladder import Ladder, Rung

RUNGS = ("nano", "small", "large", "top")
PRICES = np.array([1.0, 4.0, 15.0, 60.0]) * 1e-5
SIGNALS = ("schema", "hedging", "logprob", "logprob.mean", "logprob.min", "length")
BINS = 64
DIRECT = 64_000


def synthetic(n: int) -> Table:
    """Return n samples whose signals separate right from wrong partly."""
    rng = np.random.default_rng(n)
    skill, hard = np.array([0.4, 1.2, 2.2, 3.2]), rng.normal(size=n) * 1.5
    correct = (rng.random((n, 4)) < 1.0 / (1.0 + np.exp(hard[:, None] - skill))).astype(np.float64)
    rows = {}
    for k, rung in enumerate(RUNGS):
        rows[rung] = correct[:, k, None] * 0.9 - 0.3 * hard[:, None] + rng.normal(size=(n, len(SIGNALS)))
    usd = PRICES * rng.uniform(0.5, 1.5, (n, 1))
    none, flags = np.zeros((n, 4)), np.zeros((n, 4), dtype=bool)
    return Table(
        task="synthetic", ids=tuple(map(str, range(n))), groups=(None,) * n, rungs=RUNGS,
        names=dict.fromkeys(RUNGS, SIGNALS), rows=rows, present=~flags, vetoed=flags, forced=flags, correct=correct,
        answer_usd=usd, verifier_usd=none, input_tokens=none + 100.0, output_tokens=none + 50.0, use={},
    )  # fmt: skip


def path_alone(confidences: np.ndarray[Any, Any], quality: np.ndarray[Any, Any], cost: np.ndarray[Any, Any]) -> int:
    """Evaluate every threshold vector on 64 bins a rung and take the hull; return how many were evaluated."""
    cut = [bin_ranks(confidences[:, k], BINS) for k in range(confidences.shape[1])]
    grid = evaluate_grid([bins for bins, _ in cut], [size for _, size in cut], quality, cost)
    pareto_hull(grid.cost.ravel(), grid.quality.ravel())
    return grid.cost.size


def one_by_one(
    confidences: np.ndarray[Any, Any], quality: np.ndarray[Any, Any], cost: np.ndarray[Any, Any], count: int
) -> None:
    """Evaluate some threshold vectors as FrugalGPT's optimiser does: each on all rows."""
    for t in np.random.default_rng(0).random((count, confidences.shape[1])):
        live = np.ones(len(quality), dtype=bool)
        right = spent = 0.0
        for k in range(quality.shape[1]):
            spent += cost[live, k].sum()
            stay = live & (confidences[:, k] >= t[k]) if k + 1 < quality.shape[1] else live
            right += quality[stay, k].sum()
            live &= ~stay


def timed(work: Callable[[], object]) -> float:
    """Return the processor seconds of one run: on one thread, and on a quiet machine, the wall clock's."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--n", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    ladder = Ladder(*(Rung(f"test/{name}", name=name) for name in RUNGS))
    print(
        "| n | rate .25, K = 4 | loss .01 | loss .01, rungs chosen | path alone, G = 64 | policies | 64,000 one by one "
        "| peak memory |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for n in options.n:
        table = synthetic(n)
        rate = timed(lambda table=table: fit_task(table, ladder, EscalationRate(0.25)))
        loss = timed(lambda table=table: fit_task(table, ladder, ExpectedLoss(0.01)))
        chosen = timed(lambda table=table: fit_task(table, ladder, ExpectedLoss(0.01), choose_rungs=True))
        c = np.column_stack([table.rows[rung][:, 0] for rung in RUNGS[:-1]])
        c = 1.0 / (1.0 + np.exp(-c))
        quality = smooth_correct(c, table.correct)
        policies = path_alone(c, quality, table.answer_usd)
        alone = min(timed(lambda: path_alone(c, quality, table.answer_usd)) for _ in range(3))  # noqa: B023 - at once
        some = max(4, min(400, 40_000_000 // n))
        direct = timed(lambda: one_by_one(c, quality, table.answer_usd, some)) / some * DIRECT  # noqa: B023 - at once
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(
            f"| {n:,} | {rate:.2f} s | {loss:.2f} s | {chosen:.2f} s | {alone:.2f} s | {policies:,} | "
            f"{direct / 60:.1f} min (from {some}) | {peak:.1f} GB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
