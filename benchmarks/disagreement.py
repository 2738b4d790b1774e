"""Certificates of disagreement by repetition, on recorded sets: how often the bound is broken, and what is saved.

    python -m benchmarks.disagreement [--draws 1000] [--rows 600] [--set NAME …] [--bound 0.05 0.1] [--minutes 25]
        [--judge 0.1]

The rows of a set are the traffic, so that the true disagreement of any policy is known. Each draw takes rows from it
with replacement, which makes them independent, labels and gold answers hidden, and certifies `MaxDisagreement(E)` at
confidence .9, first look. Broken: certified, and the policy differs on more than E of the traffic. A set fails only
where that happens in more than 1 − confidence of the draws, and two standard errors. Draws of all sets take turns, so
that a run that is ended early has as many of each.

With --judge F a judge tells what is the same: what the reader finds the same is the truth, which people know; the judge
calls a share F of what differs the same, and misses one of twenty that are. 200 drawn rows are checked.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.recorded_sets import FOLDER, PAIRS
from calibration.certify.looks import Looks
from calibration.certify.paired import paired_losses
from calibration.certify.verification import serving
from calibration.fit.paired.fit import PairedOptions
from calibration.fit.paired.task import PairedTask
from calibration.samples.checks import CHECKS
from calibration.samples.layout import Layout, lay_out_tasks
from calibration.samples.pairs import pairs_of_sameness
from calibration.samples.recorded import recorded_ladder
from calibration.samples.sameness import Sameness
from calibration.targets.bound import MaxDisagreement
from cascade.exchange import Response
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT
from cascade.samples.jsonl import read_samples
from cascade.samples.sample import Sample

CONFIDENCE = 0.9
MISSED = 0.05
SETS = ("zeroeval_gsm8k", "mz_mmlu", "mz_medmcqa")


def laid_out(name: str) -> Layout:
    """Return the traffic of one set on its pair of models, no label and no group kept."""
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        sys.exit("The recorded sets (../shared/data) are not on this machine; this benchmark needs them.")
    samples = list(read_samples(path))
    task = samples[0].request.task
    ladder = recorded_ladder(samples, PAIRS[name], None)
    layout = lay_out_tasks(samples, ladder, {task: len(samples)}, {}, sameness=Sameness(), contents=True)[task]
    keep = np.flatnonzero(layout.table.present.all(axis=1))
    table = layout.table.take(keep)
    hidden = replace(table, groups=(None,) * len(keep)).relabelled(np.full_like(table.correct, np.nan))
    assert layout.same is not None
    return replace(layout, table=hidden, same=layout.same[keep], unsure=None, repeats=None, propensity=None,
                   contents=tuple(layout.contents[int(i)] for i in keep))  # fmt: skip


def drawn(layout: Layout, rows: NDArray[np.intp]) -> Layout:
    """Return rows drawn with replacement: each a request of its own, with choices hashed by its place."""
    assert layout.same is not None
    table = replace(layout.table.take(rows), ids=tuple(f"{i}" for i in range(len(rows))))
    more = {} if layout.checked is None or layout.alike is None else {
        "checked": layout.checked[rows], "alike": layout.alike[rows]
    }  # fmt: skip
    contents = tuple(f"{i}" for i in range(len(rows)))
    return replace(layout, table=table, same=layout.same[rows], contents=contents, **more)


class Checked:
    """Asks for 200 checks, which stand in the layout."""

    wanted = CHECKS

    def said(self, sample: Sample, rung: str, top: Response) -> float | None:
        """Say nothing more."""

    def ask(self, task: str, ids: Sequence[str]) -> None:
        """Take the rows; all are checked."""


def judged(layout: Layout, share: float) -> Layout:
    """Return the traffic as a judge sees it that calls a share of what differs the same."""
    assert layout.same is not None
    rng = np.random.default_rng(0)
    wrong, missed = (rng.random(layout.same.shape) < one for one in (share, MISSED))
    same = np.where(layout.same, ~missed, wrong)
    same[:, -1] = True
    return replace(layout, same=same, alike=np.zeros_like(same), checked=layout.same.astype(np.float64))


def true_disagreement(layout: Layout, points: tuple[OperatingPoint, ...]) -> tuple[float, float]:
    """Return how often a policy differs on the traffic, in expectation over its mix, and its cost as a share."""
    pairs = pairs_of_sameness(layout)
    differs, cost = 0.0, 0.0
    spent = np.nan_to_num(pairs.table.answer_usd) + pairs.table.verifier_usd
    top = float(np.nansum(pairs.table.answer_usd[:, -1]))
    for point in points:
        served = serving(pairs.table, (replace(point, weight=1.0),), salt=SALT)
        differs += point.weight * float(paired_losses(pairs, served).mean())
        columns = [pairs.table.rungs.index(rung) for rung in point.rungs]
        paid = sum(np.where(served.column >= column, spent[:, column], 0.0) for column in columns[:-1])
        last = np.where(served.column == columns[-1], pairs.table.answer_usd[:, columns[-1]], 0.0)
        cost += point.weight * float(np.nansum(paid + last)) / top if top else math.nan
    return differs, cost


@dataclass(slots=True)
class Cell:
    """One set at one bound."""

    name: str
    layout: Layout
    bound: MaxDisagreement
    seen: Layout
    certified: int = 0
    broken: int = 0
    costs: list[float] = field(default_factory=list)
    truths: list[float] = field(default_factory=list)

    def draw(self, rows: int, number: int) -> None:
        """Certify on one draw, and look at the truth."""
        rng = np.random.default_rng([number, round(1000 * self.bound.value)])
        taken = drawn(self.seen, rng.integers(0, len(self.layout.table), rows))
        told = Sameness() if taken.checked is None else Sameness(name="judge:made", checks=Checked())
        policy = PairedTask(taken, PairedOptions(bound=self.bound, sameness=told), Looks()).certify()
        cost = 1.0
        if policy.certified:
            truth, cost = true_disagreement(self.layout, policy.points)
            self.certified += 1
            self.broken += truth > self.bound.value
            self.truths.append(truth)
        self.costs.append(cost)

    def line(self) -> str:
        """Return the row of the table."""
        n = len(self.costs)
        limit = (1 - CONFIDENCE) + 2 * math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / n)
        same = float(pairs_of_sameness(self.layout).harm[:, 0].mean())
        most = f"{100 * np.quantile(self.truths, 0.95):.1f}" if self.truths else "–"
        return (
            f"| {self.name} | {len(self.layout.table):,} | {100 * (1 - same):.1f} | {100 * self.bound.value:g} | "
            f"{n:,} | "
            f"{100 * self.certified / n:.1f} | {100 * self.broken / n:.2f} | {100 * limit:.2f} | {most} | "
            f"{100 * np.mean(self.costs):.1f} |{' FAILS' if self.broken / n > limit else ''}"
        )


HEAD = (
    "| set | rows | same, % | bound, % | draws | certified, % | broken, % | allowed, % | true disagreement, 95th "
    "percentile, % | cost of always-top, % |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--set", nargs="+", default=list(SETS), choices=list(PAIRS))
    parser.add_argument("--bound", nargs="+", type=float, default=[0.05, 0.1])
    parser.add_argument("--judge", type=float, default=None)
    parser.add_argument("--minutes", type=float, default=25.0)
    given = parser.parse_args()
    began = time.monotonic()
    cells = []
    for name in given.set:
        layout = laid_out(name)
        seen = layout if given.judge is None else judged(layout, given.judge)
        cells += [Cell(name, layout, MaxDisagreement(bound, CONFIDENCE), seen) for bound in given.bound]
    for number in range(given.draws):
        if time.monotonic() - began > 60 * given.minutes:
            break
        for cell in cells:
            cell.draw(given.rows, number)
    print(HEAD)
    for cell in cells:
        print(cell.line(), flush=True)
    draws, seconds = sum(len(cell.costs) for cell in cells), time.monotonic() - began
    print(f"\n{draws:,} draws of {given.rows} rows, {seconds:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
