"""Rates and savings on recorded sets: calibrate on 200 samples at 25 %, replay on the rest, many random splits.

    python benchmarks/rates.py [--splits 20] [--n 200] [--rate 0.25] [--json]

Prints for every set: the mean error of the realised rate and how it compares with the law's own (BetaBinomial), the
share of splits inside the law's 90 % interval, accuracy and cost against always asking the top, and how far the
estimate of what was saved is from what recorded always-top really cost.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from benchmarks.recorded_sets import PAIRS, laid_out
from calibration.fit.task_fit import fit_task
from calibration.gate.replays import apply, figures
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.stats.rate import predictive_mean_error, rate_predictive
from calibration.targets.target import EscalationRate
from cascade.ladder import Ladder
from cascade.policy.policy import SALT, TaskPolicy

SETS: list[tuple[str, list[str] | None]] = [
    *((name, None) for name in PAIRS),
    ("lifeeval_mcq", ["schema"]),
    ("ner_extract", ["schema"]),
]


def measure(name: str, verifiers: list[str] | None, *, splits: int, n: int, rate: float) -> dict[str, Any]:
    """Return the figures of one set over random splits."""
    table, ladder = laid_out(name, verifiers)
    rng = np.random.default_rng(0)
    rows = [_split(table, ladder, rng.permutation(len(table)), n=n, rate=rate) for _ in range(splits)]
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    law = predictive_mean_error(n, rate, len(table) - n)
    return {
        "set": name + ("" if verifiers is None else f" ({','.join(verifiers)} only)"),
        "rungs": " → ".join(table.rungs), "m": len(table) - n, "splits": splits, "law": law,
        "of_law": mean["error"] / law, **mean,
    }  # fmt: skip


def _split(table: Table, ladder: Ladder, order: Any, *, n: int, rate: float) -> dict[str, float]:
    fit, rest = table.take(order[:n]), table.take(order[n:])
    task = fit_task(fit, ladder, EscalationRate(rate))
    found = figures(apply(rest, task, salt=SALT, rungs=table.rungs), table.rungs)
    realised = found["escalation_rate"]["value"]
    low, high = rate_predictive(n, rate, found["n"])
    return {
        "error": abs(realised - rate),
        "bias": realised - rate,
        "inside": float(low <= realised <= high),
        "accuracy": found["accuracy"]["value"],
        "accuracy_top": found["accuracy_top"],
        "cost_vs_top": found["cost_vs_top"],
        "saved_share": 1.0 - found["cost_vs_top"],
        "saved_error": saved_error(rest, task),
    }


def saved_error(table: Table, task: TaskPolicy) -> float:
    """Return (estimated saving − true saving) / always-top's cost, net of verifiers, as results would report it."""
    served = apply_point(table, task.points[0], salt=SALT)
    top = table.answer_usd[:, -1]
    assert task.reference_cost is not None
    guess = np.array(
        [
            task.reference_cost.estimate_usd(int(i), int(o), float(c))
            for i, o, c in zip(
                table.input_tokens[:, 0], table.output_tokens[:, 0], served.confidence[:, 0], strict=True
            )
        ]
    )
    asked = served.reached[:, -1]
    return float((np.where(asked, top, guess) - top).sum() / top.sum())


def main() -> None:
    """Measure every set and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--rate", type=float, default=0.25)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure(name, v, splits=options.splits, n=options.n, rate=options.rate) for name, v in SETS]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(
        "| set | m | mean error, points | law's own | ratio | inside 90 % | accuracy | always top | cost | "
        "saved: estimate − truth |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['set']} | {row['m']} | {100 * row['error']:.1f} | {100 * row['law']:.1f} | {row['of_law']:.2f} | "
            f"{row['inside']:.2f} | {row['accuracy']:.3f} | {row['accuracy_top']:.3f} | {row['cost_vs_top']:.2f} | "
            f"{100 * row['saved_error']:+.1f} % |"
        )


if __name__ == "__main__":
    main()
