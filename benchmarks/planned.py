"""`cascade plan --max-loss` on recorded sets: how often a fit with the planned samples keeps the planned share.

    python -m benchmarks.planned [--draws 25] [--sets mz_mmlu,…]

The whole set is the pilot and the truth; each draw takes the planned number of its rows with replacement, fits and
certifies on them, and its share of requests accepted below the top is counted on the whole set. Prints the table of
RESULTS/truth.md: with the rows of the test of one policy (before), and with what `plan` names now.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from benchmarks.recorded_sets import laid_out
from calibration.fit.certified_task import fit_certified
from calibration.planning.pilot import read_pilot
from calibration.planning.plan import MARGIN, plan_loss
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.targets.bound import MaxLoss
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import SALT

SETS = "mz_mmlu,zeroeval_gsm8k,mz_medmcqa,lifeeval_mcq,zeroeval_crux"
SHARES, BOUNDS, MOST, ENOUGH = (0.1, 0.25, 0.5), (0.02, 0.05), 4_000, 0.8


def accepted(table: Table, points: tuple[OperatingPoint, ...]) -> float:
    """Return the share of a set that a policy answers below the top."""
    found = 0.0
    for point in points:
        if len(point.rungs) > 1:
            found += point.weight * (1.0 - float(apply_point(table, point, salt=SALT).escalated[:, 0].mean()))
        else:
            found += point.weight * (point.rungs[0] == table.rungs[0])
    return found


def keeps(table: Table, eps: float, share: float, n: int, draws: int) -> float:
    """Return the share of draws of n rows whose certified policy keeps `ENOUGH` of the planned share."""
    rng, kept = np.random.default_rng(5), 0
    for draw in range(draws):
        rows = rng.integers(0, len(table), n)
        kept += accepted(table, fit_certified(table.take(rows), MaxLoss(eps), seed=draw).points) >= ENOUGH * share
    return kept / draws


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=25)
    parser.add_argument("--sets", default=SETS)
    given = parser.parse_args()
    print("| set | bound | share planned | samples, before | keep .8 of it | samples, now | keep .8 of it |\n"
          "|---|---|---|---|---|---|---|", flush=True)  # fmt: skip
    found = []
    for name in given.sets.split(","):
        table = laid_out(name)[0]
        table = table.take(table.present.all(axis=1) & ~np.isnan(table.correct).any(axis=1))
        table = replace(table, groups=(None,) * len(table))  # the plan is of independent samples, and says so
        same = np.zeros(table.present.shape, dtype=bool)
        for eps in BOUNDS:
            for kept in read_pilot(table, same, SHARES):
                planned = plan_loss(eps, kept.harm, kept.gain, kept.same, confidence=0.9, accept_share=kept.share)
                if planned.samples is None or planned.samples > MOST:
                    continue
                sizes = (round(planned.samples / MARGIN), planned.samples)
                before, now = (keeps(table, eps, kept.share, n, given.draws) for n in sizes)
                found.append((before, now))
                print(f"| {name} | {eps} | {kept.share} | {sizes[0]:,} | {before:.2f} | {sizes[1]:,} | {now:.2f} |",
                      flush=True)  # fmt: skip
    means, least = np.mean(found, axis=0), np.min(found, axis=0)
    print(f"\nmean {means[0]:.2f} → {means[1]:.2f}, least {least[0]:.2f} → {least[1]:.2f} of {len(found)} plans")


if __name__ == "__main__":
    main()
