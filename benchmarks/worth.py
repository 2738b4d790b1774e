"""Worth of verifiers and cascades on the recorded sets; and the error rates of the gate.

    python benchmarks/worth.py [--json]

First table: out of fold, on all rows of the typical pair. Second table: a synthetic policy whose figure is exactly at
its limit is checked 2,000 times; passing is wrong, and must happen in at most 10 %.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from benchmarks.recorded_sets import PAIRS, laid_out
from calibration.assess.assessment import assess_table
from calibration.assess.worth import measure_worth
from calibration.combine.held_out import hold_out
from calibration.gate.finding import Criterion, judge_figure

REPETITIONS = 2000


def measure(name: str) -> dict[str, Any]:
    """Return the assessment and the verifiers' worth of one set."""
    table, _ = laid_out(name)
    assessment = assess_table(table, hold_out(table))
    (rung,) = assessment.rungs
    worth = [one for one in measure_worth(table) if one.standing != "constant"]
    return {"set": name, "n": rung.n, **assessment.to_json(), "verifiers": [one.to_json() for one in worth]}


def false_passes(n: int, kind: str, seed: int = 0) -> dict[str, Any]:
    """Return how often figures that are exactly at their limit pass or fail, at δ = .10 each."""
    rng, found = np.random.default_rng(seed), []
    known: dict[bytes, tuple[str, str]] = {}
    for _ in range(REPETITIONS):
        groups: list[str] | None = None
        if kind == "accuracy":
            criterion, values = Criterion("min_accuracy", 0.8), (rng.random(n) < 0.8).astype(float)
        elif kind == "fractional":
            criterion, values = Criterion("min_accuracy", 0.8), rng.beta(4.0, 1.0, n)
        elif kind == "loss":
            criterion, values = Criterion("max_loss", 0.02), rng.choice([1.0, -1.0, 0.0], n, p=[0.05, 0.03, 0.92])
        elif kind == "loss, no gains":
            criterion, values = Criterion("max_loss", 0.02), (rng.random(n) < 0.02).astype(float)
        elif kind == "cost":
            criterion, values = Criterion("max_cost", 1.0), rng.lognormal(-0.5, 1.0, n)
        else:
            # Ten turns a session, whose accuracies vary: intra-class correlation .3.
            criterion = Criterion("min_accuracy", 0.8)
            p = np.repeat(rng.beta(0.8 * 7 / 3, 0.2 * 7 / 3, n // 10), 10)
            values, groups = (rng.random(len(p)) < p).astype(float), [f"{i // 10}" for i in range(len(p))]
        # The exact test on pairs is slow and depends on counts only: equal counts are judged once.
        key = np.sort(values).tobytes() if criterion.kind == "max_loss" else values.tobytes()
        if key not in known:
            finding = judge_figure("task", criterion, values, groups, delta=0.1, delta_fail=0.1)
            known[key] = finding.outcome, finding.margin.method
        found.append(known[key])
    outcomes = [outcome for outcome, _ in found]
    return {
        "figure": kind,
        "n": n,
        "method": max({method for _, method in found}, key=[method for _, method in found].count),
        "passed": outcomes.count("pass") / REPETITIONS,
        "failed": outcomes.count("fail") / REPETITIONS,
    }


def main() -> None:
    """Measure all sets and the gate, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    kinds = ("accuracy", "fractional", "loss", "loss, no gains", "cost", "grouped accuracy")
    gates = [false_passes(n, kind) for kind in kinds for n in (100, 200, 500)]
    sets = [measure(name) for name in PAIRS]
    if options.json:
        print(json.dumps({"sets": sets, "gate": gates}, indent=1))
        return
    print("| set | n | reference leads by, points | area, points (90 %) | verdict | informative | at chance level |")
    print("|---|---|---|---|---|---|---|")
    for row in sets:
        (rung,) = row["rungs"]
        named = {
            standing: ", ".join(
                one["verifier"] + (f" {one['auroc']['value']:.2f}" if one["auroc"] else "")
                for one in row["verifiers"]
                if one["standing"] == standing
            )
            for standing in ("informative", "chance")
        }
        area = rung["area"]
        print(
            f"| {row['set']} | {row['n']} | {100 * rung['lead']['value']:.1f} | {100 * area['value']:.2f} "
            f"({100 * area['low']:.2f} to {100 * area['high']:.2f}) | {row['verdict']} | {named['informative']} | "
            f"{named['chance'] or '–'} |"
        )
    print("\n| figure exactly at its limit | n | method | passed, at most .10 | failed, at most .10 |")
    print("|---|---|---|---|---|")
    for row in gates:
        print(f"| {row['figure']} | {row['n']} | {row['method']} | {row['passed']:.3f} | {row['failed']:.3f} |")


if __name__ == "__main__":
    main()
