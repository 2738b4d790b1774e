"""Rates of tasks with few samples, shrunk towards the others': error and coverage, on made-up and on recorded tasks.

python -m benchmarks.lending [--repetitions N]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace

import numpy as np
from scipy.stats import beta

from benchmarks.pooling import recorded
from calibration.combine.pooled_combiners import pooled_priors
from calibration.fit.partial_pooling import pool_thresholds, shapes_of
from calibration.fit.task_fit import finish_task, start_task
from calibration.gate.replays import apply
from calibration.samples.table import Table
from calibration.stats.rate import fit_threshold, rate_interval
from calibration.targets.target import EscalationRate
from calibration.thresholds.shrinkage import shrink_thresholds
from cascade.ladder import Ladder, Rung
from cascade.policy.policy import SALT

RATE = 0.25
SIZES = (0, 10, 30, 100, 300)
LADDER = Ladder(Rung("made/cheap", name="cheap"), Rung("made/top", name="top"))


def made_up(tasks: int, sd: float, rng: np.random.Generator, *, odd: bool = False) -> dict[int, list[list[float]]]:
    """Return error of shrunk and own, cover of both, and widths, by samples of the task; `odd`: the third is unlike."""
    a, b = 5 * np.exp(rng.normal(0, sd, tasks)), 2 * np.exp(rng.normal(0, sd, tasks))
    sizes = (list(SIZES) * tasks)[:tasks]
    if odd:
        a[2], b[2] = 2.0, 5.0
    rows = [rng.beta(a[i], b[i], n) for i, n in enumerate(sizes)]
    found: dict[int, list[list[float]]] = defaultdict(list)
    for i, (one, n) in enumerate(zip(shrink_thresholds(rows, RATE), sizes, strict=True)):
        if odd and i != 2:
            continue
        rate = float(beta.cdf(one.threshold[0], a[i], b[i]))
        own, low, high = np.nan, 0.0, 1.0
        if n:
            own, (low, high) = float(beta.cdf(fit_threshold(rows[i], RATE)[0], a[i], b[i])), rate_interval(n, RATE)
        found[n].append(
            [
                abs(rate - RATE),
                abs(own - RATE),
                one.low <= rate <= one.high,
                low <= own <= high,
                one.high - one.low,
                high - low,
            ]
        )
    return found


def recorded_tasks(tables: dict[str, Table], n: int, seed: int, *, alike: bool) -> list[list[float]]:
    """Return, for every task with n samples beside others with 300: |realised - 25 %| pooled and own, inside, widths.

    `alike`: the tasks are random parts of one set; else they are the recorded sets, which have little in common.
    """
    rng = np.random.default_rng(seed)
    parts: dict[str, tuple[Table, Table]] = {}
    if alike:
        whole = tables["mz_mmlu"]
        # Parts that differ a little: each prefers some of the questions, by a hidden direction of its own.
        hidden = np.random.default_rng(seed + 1).normal(size=len(whole))
        for k in range(10):
            own = np.argsort(hidden * rng.normal(0, 0.7) + rng.gumbel(size=len(whole)))
            parts[f"part {k}"] = whole.take(np.sort(own[:300])), whole.take(np.sort(own[:900]))
    else:
        for name, table in tables.items():
            order = rng.permutation(len(table))
            size = min(300, len(table) // 2)
            parts[name] = table.take(np.sort(order[:size])), table.take(np.sort(order[size:]))
    fit = {name: replace(table, task=name) for name, (table, _) in parts.items()}
    few = list(fit)[int(rng.integers(len(fit)))]
    fit[few] = fit[few].take(np.sort(rng.permutation(len(fit[few]))[:n]))
    priors = pooled_priors(fit, seed=0)
    target = EscalationRate(RATE)
    started = {name: start_task(table, LADDER, target, priors=priors[name]) for name, table in fit.items()}
    shapes = [
        shape
        for name, one in started.items()
        if name != few
        for shape in shapes_of(one.fits, one.aimed.parts[0].rungs, one.aimed.parts[0].rates)
    ]
    found = pool_thresholds(shapes, {few: started[few].ways})[few]
    later = replace(parts[few][1], task=few)
    line = []
    for policy in (finish_task(started[few], shrunk=found, pooled_with=len(shapes)), finish_task(started[few])):
        realised = apply(later, policy, salt=SALT, rungs=("cheap", "top")).rate
        told = policy.measured["escalation_rate"]
        line.append(
            (abs(realised.mean() - RATE), told["low"] <= realised.mean() <= told["high"], told["high"] - told["low"])
        )
    (one, inside, width), (own, own_inside, own_width) = line
    return [[one, own, inside, own_inside, width, own_width]]


def show(label: str, rows: list[list[float]]) -> None:
    """Print one line of a table."""
    one, own, inside, own_inside, width, own_width = np.mean(np.array(rows, dtype=float), axis=0)
    cells = (f"{100 * one:.1f}", "–" if np.isnan(own) else f"{100 * own:.1f}", f"{inside:.3f}")
    rest = ("–" if np.isnan(own) else f"{own_inside:.3f}", f"{100 * width:.0f}", f"{100 * own_width:.0f}")
    print(f"| {label} | {' | '.join((*cells, *rest))} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    repetitions = parser.parse_args().repetitions
    heads = "| error, shrunk | own | inside, shrunk | own | width, shrunk | own |"
    rng = np.random.default_rng(3)
    print("Made-up tasks at 25 %: mean |true rate - 25 %|, how often its 90 % interval holds, and the width (points)\n")
    print(f"| tasks | differ by (sd) | rows {heads}\n|{'---|' * 9}")
    for tasks in (5, 10, 40):
        for sd in (0.0, 0.1, 0.3, 0.6):
            found: dict[int, list[list[float]]] = defaultdict(list)
            for _ in range(max(1, repetitions * 5 // tasks)):
                for n, rows in made_up(tasks, sd, rng).items():
                    found[n] += rows
            for n in SIZES:
                show(f"{tasks} | {sd} | {n}", found[n])
    print(f"\nA task of 30 rows that is unlike 9 others which are alike\n\n| rows {heads}\n|{'---|' * 7}")
    show("30", [row for _ in range(repetitions) for row in made_up(10, 0.05, rng, odd=True)[30]])
    tables = recorded()
    if not tables:
        return
    print(
        "\nRecorded tasks, one of them with few samples, the others with 300: realised rates on the rest of its rows\n"
    )
    print(f"| tasks | samples {heads}\n|{'---|' * 8}")
    for alike, label in ((True, "ten parts of mz_mmlu"), (False, f"{len(tables)} sets, unlike each other")):
        for n in (30, 60, 120):
            rows = [
                row for seed in range(max(4, repetitions // 5)) for row in recorded_tasks(tables, n, seed, alike=alike)
            ]
            show(f"{label} | {n}", rows)


if __name__ == "__main__":
    main()
