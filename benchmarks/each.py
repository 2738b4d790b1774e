"""`--each`: how often slices at the bound pass, and are named; against one test of all requests together.

    python -m benchmarks.each [--draws 3000]

Six slices of about equal size; a disagreement of at most 10 % at δ = .1. Prints the table of RESULTS/truth.md.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from calibration.certify.each_slice import EachSlice
from calibration.certify.paired import PairedTester
from calibration.fit.paired.fit import PairedOptions, part_rows
from calibration.samples.sameness import Sameness
from calibration.targets.bound import MaxDisagreement
from tests.calibration.fit.test_paired_validity import pool

EPS, DELTA, SLICES, ELSE = 0.1, 0.1, 6, 0.01


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=3000)
    given = parser.parse_args()
    layout = pool()
    layout = replace(layout, slices=tuple(f"s{i % SLICES}" for i in range(len(layout.table))))
    held = part_rows(layout, PairedOptions(bound=MaxDisagreement(EPS), sameness=Sameness())).held
    whole = PairedTester(
        pairs=held, bound=MaxDisagreement(EPS), eps=EPS, delta=DELTA, salt="s", drawn=np.arange(len(held.table))
    )  # fmt: skip
    mine = [layout.slices[int(i)] for i in held.index]
    each = EachSlice.of(whole, "x", mine, sorted(set(mine)))
    print("| slices at the bound | rows | the whole passes (before) | every slice passes | "
          "one at the bound passes at δ | one is named |\n|---|---|---|---|---|---|", flush=True)  # fmt: skip
    for at_bound in (0, 1, 3, SLICES):
        rng = np.random.default_rng(3)
        rate = np.array([EPS * 1.0001 if int(one[1]) < at_bound else ELSE for one in mine])
        counts = np.zeros(4)
        for _ in range(given.draws):
            losses = (rng.random(len(mine)) < rate).astype(float)
            p = [one.p_value((), losses[rows]) for name, (rows, one) in each.parts.items() if int(name[1]) < at_bound]
            counts += (
                whole.p_value((), losses) <= DELTA,
                each.p_value((), losses) <= DELTA,
                min(p, default=1.0) <= DELTA,
                min(p, default=1.0) <= DELTA / SLICES,
            )
        shares = " | ".join(f"{one / given.draws:.3f}" for one in counts)
        print(f"| {at_bound} of {SLICES} | {len(mine)} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
