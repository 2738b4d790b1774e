"""Overshoot of aims, frequency and size, on random, grouped and temporal splits of recorded sets.

    python -m benchmarks.aims [--splits 20] [--n 300] [--set NAME …]

Ladders of four models, rungs chosen except for the rate; fitted on n samples, measured on the others. Random: rows
drawn at random. Grouped: blocks of 25 rows that follow each other in the file stay on one side, and are held out
together. Temporal: a window of the file is fitted, and what comes after it is measured. The recordings carry no time
and no session; the order of the file stands in for both (lifeeval_mcq goes through several exams one after another).
Overshoots of a cost are relative to the aim, the others in points.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.ladders_of_four import LADDERS, laid_out_of_four
from calibration.fit.task_fit import fit_task
from calibration.gate.replays import Rows, apply
from calibration.samples.table import Table
from calibration.targets.target import Aim, EscalationRate, ExpectedError, ExpectedLoss, MeanCost
from cascade.ladder import Ladder, Rung
from cascade.policy.policy import SALT

BLOCK = 25
KINDS = ("random", "grouped", "temporal")


def splits_of(kind: str, table: Table, n: int, count: int) -> Iterator[tuple[Table, Table]]:
    """Yield fitting and test rows."""
    rng, size = np.random.default_rng(0), len(table)
    blocks = np.arange(size) // BLOCK
    for split in range(count):
        if kind == "random":
            order = rng.permutation(size)
            own, rest = order[:n], order[n:]
        elif kind == "grouped":
            mine = np.isin(blocks, rng.permutation(blocks[-1] + 1)[: n // BLOCK])
            own, rest = np.flatnonzero(mine), np.flatnonzero(~mine)
        else:
            start = int(split / max(1, count - 1) * max(0, size - n - 100))
            own, rest = np.arange(start, start + n), np.arange(start + n, size)
        fit = table.take(own)
        if kind == "grouped":
            fit = replace(fit, groups=tuple(str(block) for block in blocks[own]))
        yield fit, table.take(rest)


def aims_of(table: Table) -> dict[str, tuple[Aim, Any]]:
    """Return aims by name, each with its realised overshoot."""
    usd = 0.4 * float(np.nanmean(table.answer_usd[:, -1]))
    return {
        "rate .25": (EscalationRate(0.25), lambda rows: rows.rate.mean() - 0.25),
        "cost .4 of top": (MeanCost(usd), lambda rows: rows.cost_usd.mean() / usd - 1.0),
        "loss .01": (ExpectedLoss(0.01), lambda rows: (rows.correct_top - rows.correct).mean() - 0.01),
        "error .15": (ExpectedError(0.15), lambda rows: _error(rows) - 0.15),
    }


def _error(rows: Rows) -> float:
    accepted = rows.below > 0
    return float(1.0 - rows.correct[accepted].mean()) if accepted.any() else 0.0


def main() -> None:
    """Measure every set, kind of split and aim, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--set", action="append", choices=list(LADDERS))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| set | aim | " + " | ".join(f"{kind}: mean, overshoots, by" for kind in KINDS) + " |")
    print("|---|---|---|---|---|")
    for name in options.set or LADDERS:
        table, _ = laid_out_of_four(name)
        ladder = Ladder(*(Rung(f"recorded/{rung}", name=rung) for rung in table.rungs))
        for label, (target, excess) in aims_of(table).items():
            cells = []
            for kind in KINDS:
                over = []
                for fit, test in splits_of(kind, table, options.n, options.splits):
                    chosen = not isinstance(target, EscalationRate)
                    task = fit_task(fit, ladder, target, choose_rungs=chosen)
                    over.append(float(excess(apply(test, task, salt=SALT, rungs=table.rungs))))
                found = np.array(over)
                beyond = found[found > 0].mean() if (found > 0).any() else 0.0
                unit = " %" if "cost" in label else ""
                cells.append(f"{100 * found.mean():+.1f}{unit}, {np.mean(found > 0):.0%}, {100 * beyond:.1f}{unit}")
            print(f"| {name} | {label} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
