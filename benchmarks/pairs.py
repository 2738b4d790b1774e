"""Labels only where answers differ, against labels on random rows, on recorded ladders of four models.

    python -m benchmarks.pairs [--splits 20] [--set NAME …] [--labels 100 150 200 300]
        [--part aim|certified|best|validity] [--draws 1000] [--first-draw 0] [--no-logprobs]

Each split draws a quarter of a set (300 rows at least) to measure on; all other rows are recorded traffic, of which the
labels are hidden. Cost is a share of always asking the top, loss in points of accuracy against it.

- aim: what is learnt. Today: L random rows with all their labels. Pairs: rows in random order up to the L-th on which
  some rung differs from the top. Cost at a realised loss of one point along the hull of the mean curve over aims, as
  `benchmarks.frontier` does; at the aim of one point cost, loss, its standard deviation, and the share of splits that
  lose more than two points more.
- certified: `MaxLoss(.02)` at confidence .9. Today: `calibrate --max-loss` on L random rows. Pairs: `cascade certify
  --labels L`, its queues answered by the hidden labels, with an audit of 40 rows beside them. What is not certified
  costs 1 and loses 0.
- validity: traffic is a pool drawn with replacement, so that the truth is exact (`tests/calibration/fit/
  test_paired_validity.py`): in how many draws a certified policy loses more than the bound, the whole way each time;
  and how often a fixed policy passes that loses exactly the bound.
- best: `--target best`, the best expected accuracy at no more than the top's cost; points above the top.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.frontier import cost_at, replayed
from benchmarks.ladders_of_four import LADDERS
from benchmarks.recorded_sets import FOLDER
from calibration.certify.looks import Looks
from calibration.combine.rung_fits import RungFits
from calibration.fit.certified_task import fit_certified
from calibration.fit.paired.fit import LabelBudget, PairedOptions
from calibration.fit.paired.task import PairedTask
from calibration.gate.replays import apply, figures
from calibration.samples.layout import Layout, lay_out_tasks
from calibration.samples.pairs import Pairs, pairs_of_labels
from calibration.samples.recorded import FREE, recorded_ladder
from calibration.samples.sameness import Sameness
from calibration.samples.subladders import list_parts
from calibration.samples.table import Table
from calibration.targets.bound import MaxLoss
from calibration.targets.target import Best
from calibration.thresholds.choice import choose
from calibration.thresholds.path import Path, policy_path
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT, TaskPolicy
from cascade.samples.jsonl import read_samples

SETS = ("zeroeval_gsm8k", "mz_mmlu", "mz_medmcqa", "lifeeval_mcq")
EPS, AIM = 0.02, 0.01
AIMS = (-0.03, -0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.045, 0.06)


@dataclass(frozen=True, slots=True)
class Split:
    """One split: recorded rows and rows to measure on, with ids of its own, so that hashed choices are its own."""

    recorded: Layout
    test: Table


def laid_out(name: str, *, logprobs: bool) -> Layout:
    """Return one set on its ladder of four with its sameness."""
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        sys.exit("The recorded sets (../shared/data) are not on this machine; this benchmark needs them.")
    samples = list(read_samples(path))
    task, rungs = samples[0].request.task, LADDERS[name]
    names = None
    if not logprobs:
        recorded = {v for one in samples for r in one.recordings.values() for v, found in r.verdicts.items()
                    if not found.cost_usd}  # fmt: skip
        names = [one for one in (*FREE, *sorted(recorded - set(FREE))) if "logprob" not in one]
    ladder = recorded_ladder(samples, rungs, names)
    counts, parts = {task: len(samples)}, {task: list_parts(rungs)}
    return lay_out_tasks(samples, ladder, counts, parts, sameness=Sameness(), contents=True)[task]


def taken(layout: Layout, rows: np.ndarray[Any, Any], mark: str) -> Layout:
    """Return some rows of a layout, their ids and contents marked, in the order given."""
    assert layout.same is not None
    assert layout.alike is not None
    table = layout.table.take(rows)
    ids = tuple(f"{one}/{mark}" for one in table.ids)
    parts = {rungs: replace(part, ids=ids) for rungs, part in table.parts.items()}
    return replace(
        layout,
        table=replace(table, ids=ids, parts=parts),
        same=layout.same[rows],
        alike=layout.alike[rows],
        unsure=None,
        repeats=None,
        propensity=None,
        contents=tuple(f"{layout.contents[int(i)]}/{mark}" for i in rows),
    )


def split_of(layout: Layout, number: int) -> Split:
    """Return a random split."""
    n = len(layout.table)
    order = np.random.default_rng(1000 + number).permutation(n)
    size = max(300, n // 4)
    return Split(taken(layout, order[:-size], str(number)), taken(layout, order[-size:], str(number)).table)


def replayed_points(points: tuple[OperatingPoint, ...], test: Table) -> tuple[float, float]:
    """Return cost and loss of a policy on the rows to measure on."""
    rows = apply(test, TaskPolicy(reference=test.rungs[-1], points=points), salt=SALT, rungs=test.rungs)
    seen = figures(rows, test.rungs)
    return float(seen["cost_vs_top"]), float(np.mean(rows.correct_top - rows.correct))


def curve_of(path: Path, test: Table, scale: float) -> list[tuple[float, float]]:
    """Return cost and loss over aims; `scale` is what a loss of one is in the path's quality."""
    from benchmarks.frontier import _Loss
    from calibration.targets.target import ExpectedLoss

    found = []
    for eps in AIMS:
        mix = choose(path.hull, path.reference, {ExpectedLoss: _Loss(eps * scale)})  # type: ignore[arg-type]
        found.append(replayed(path, mix, test))
    return found


def path_today(split: Split, labels: int) -> Path:
    """Return a path that was learnt from L random rows."""
    return policy_path(RungFits(split.recorded.table.take(np.arange(labels))), choose_rungs=True)


def aimed_today(split: Split, labels: int) -> tuple[list[tuple[float, float]], int]:
    """Return the curve of such a path, and the rows recorded."""
    return curve_of(path_today(split, labels), split.test, 1.0), labels


def path_pairs(split: Split, labels: int) -> tuple[Path, Pairs]:
    """Return a path that was learnt from L rows that differ, and the rows recorded."""
    pairs = pairs_of_labels(split.recorded)
    rows = int(np.searchsorted(np.cumsum(pairs.any_differs), labels)) + 1
    learnt = pairs.take(np.arange(min(rows, len(pairs.table))))
    path = policy_path(RungFits(learnt.table, any_class=True), choose_rungs=True, compared=learnt.compared)
    return path, learnt


def aimed_pairs(split: Split, labels: int) -> tuple[list[tuple[float, float]], int]:
    """Return the curve of such a path, and the rows recorded."""
    path, learnt = path_pairs(split, labels)
    return curve_of(path, split.test, learnt.scale), len(learnt.table)


def certified_today(split: Split, labels: int) -> dict[str, float]:
    """Return what L random labelled rows certify."""
    layout = taken(split.recorded, np.arange(labels), "t")
    found = fit_certified(layout.table, MaxLoss(EPS), same=layout.same, choose_rungs=True)
    cost, loss = replayed_points(found.points, split.test)
    done = found.certificate.certified
    return {"certified": done, "cost": cost if done else 1.0, "loss": loss if done else 0.0, "learn": 0.4 * labels,
            "certify": 0.6 * labels, "rows": labels}  # fmt: skip


def certified_pairs(split: Split, labels: int) -> dict[str, float]:
    """Return what `cascade certify --labels L` certifies, its queues answered by the hidden labels."""
    truth = split.recorded.table.correct
    options = PairedOptions(
        bound=MaxLoss(EPS), sameness=Sameness(), budget=LabelBudget(labels=labels), choose_rungs=True
    )
    hidden = replace(split.recorded, table=split.recorded.table.relabelled(np.full_like(truth, np.nan)))
    task, known, asked = PairedTask(hidden, options, Looks()), np.full_like(truth, np.nan), np.zeros(truth.shape, bool)
    counts = {"learn": 0, "audit": 0, "certify": 0}
    while (queue := task.queue(asked)) is not None:
        for part, n in queue.parts.items():
            counts[part] += n
        known, asked = np.where(queue.cells, truth, known), asked | queue.cells
        task.label(known)
    policy = task.certify()
    assert policy.certificate is not None
    cost, loss = replayed_points(policy.points, split.test)
    done = bool(policy.certified)
    learnt = int(pairs_of_labels(split.recorded).split.learn.sum())
    return {"certified": done, "cost": cost if done else 1.0, "loss": loss if done else 0.0, **counts,
            "rows": learnt + policy.certificate["n"]}  # fmt: skip


def aim_rows(name: str, layout: Layout, labels: list[int], splits: int, what: str) -> list[str]:
    """Return the rows of the table of aims."""
    lines = []
    for count in labels:
        for method, learn in (("today", aimed_today), ("pairs", aimed_pairs)):
            found = [learn(split_of(layout, number), count) for number in range(splits)]
            curves = np.array([curve for curve, _ in found])
            at_aim = curves[:, AIMS.index(AIM)]
            over = float(np.mean(at_aim[:, 1] > AIM + 0.02))
            lines.append(
                f"| {name}{what} | {count} | {method} | {cost_at(curves.mean(axis=0), AIM):.3f} | "
                f"{at_aim[:, 0].mean():.3f} | {100 * at_aim[:, 1].mean():+.2f} (sd {100 * at_aim[:, 1].std():.2f}) | "
                f"{over:.0%} | {np.mean([rows for _, rows in found]):.0f} |"
            )
            print(lines[-1], flush=True)
    return lines


def best_rows(name: str, layout: Layout, labels: list[int], splits: int, what: str) -> list[str]:
    """Return the rows of the table of `--target best`: the best accuracy at no more than the top's cost."""
    lines = []
    for count in labels:
        for method in ("today", "pairs"):
            found = []
            for number in range(splits):
                split = split_of(layout, number)
                path = path_today(split, count) if method == "today" else path_pairs(split, count)[0]
                mix = choose(path.hull, path.reference, {Best: Best()})
                assert mix is not None
                found.append(replayed(path, mix, split.test))
            cost, loss = np.mean(found, axis=0)
            error = 100 * np.std([one for _, one in found]) / splits**0.5
            lines.append(
                f"| {name}{what} | {count} | {method} | {-100 * loss:+.2f} (se {error:.2f}) | {cost:.3f} |"
            )  # fmt: skip
            print(lines[-1], flush=True)
    return lines


def certified_rows(name: str, layout: Layout, labels: list[int], splits: int, what: str) -> list[str]:
    """Return the rows of the table of certificates."""
    lines = []
    for count in labels:
        for method, certify in (("today", certified_today), ("pairs", certified_pairs)):
            found = [certify(split_of(layout, number), count) for number in range(splits)]
            mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
            over = float(np.mean([one["loss"] > EPS for one in found]))
            error = np.std([one["cost"] for one in found]) / splits**0.5
            audit = f" + {mean['audit']:.0f}" if "audit" in mean else ""
            cost = f"{mean['cost']:.3f} (se {error:.3f})"
            lines.append(
                f"| {name}{what} | {count} | {method} | {mean['certified']:.0%} | {cost} | "
                f"{100 * mean['loss']:+.2f} | {over:.0%} | {mean['learn']:.0f} + {mean['certify']:.0f}{audit} | "
                f"{mean['rows']:.0f} |"
            )
            print(lines[-1], flush=True)
    return lines


HEADS = {
    "best": "| set | L | labels | points above the top | cost |\n|---|---|---|---|---|",
    "aim": "| set | L | labels | cost at 1 point | aim .01: cost | loss | over by 2 | rows recorded |\n"
    "|---|---|---|---|---|---|---|---|",
    "certified": "| set | L | labels | certified | cost | loss | over the bound | learn + certify + audit | rows |\n"
    "|---|---|---|---|---|---|---|---|---|",
}


def print_validity(draws: int, first: int) -> None:
    """Print how often bounds are broken where the truth is known, in draws numbered from `first` on."""
    from tests.calibration.fit.test_paired_validity import SCENARIOS, at_the_bound, broken

    print("| what | draws | cheaper than the reference | bound broken |\n|---|---|---|---|")
    for name, scenario in SCENARIOS.items():
        wrong, cheaper = broken(draws, first=first, **scenario)  # type: ignore[arg-type]
        print(f"| {name} | {draws:,} | {cheaper} | {wrong} |", flush=True)
    for untold in (0.0, 0.2):
        found = at_the_bound(1500, untold=untold)
        print(f"| exactly at the bound, {untold:.0%} untold | 1,500 | | {found} ({found / 1500:.3f}) |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--set", nargs="+", default=list(SETS), choices=list(LADDERS))
    parser.add_argument("--labels", nargs="+", type=int, default=[100, 150, 200, 300])
    parser.add_argument("--part", choices=[*HEADS, "validity"])
    parser.add_argument("--draws", type=int, default=1000, help="of each scenario of validity")
    parser.add_argument("--first-draw", type=int, default=0, help="its seed: draws that are not those of another run")
    parser.add_argument("--no-logprobs", action="store_true")
    given = parser.parse_args()
    if given.part == "validity":
        print_validity(given.draws, given.first_draw)
        return
    began = time.monotonic()
    what = ", no log-probabilities" if given.no_logprobs else ""
    for part, rows in (("aim", aim_rows), ("certified", certified_rows), ("best", best_rows)):
        if given.part in (None, part):
            print(f"\n{HEADS[part]}", flush=True)
            for name in given.set:
                rows(name, laid_out(name, logprobs=not given.no_logprobs), given.labels, given.splits, what)
    print(f"\n{given.splits} splits, {time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
