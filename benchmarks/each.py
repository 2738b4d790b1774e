"""`--each`: how often slices at the bound pass, and are named; against one test of all requests together.

    python -m benchmarks.each [--draws 3000]

Six slices of about equal size; a disagreement of at most 10 % at δ = .1. Prints the table of RESULTS/truth.md.
"""

from __future__ import annotations

import argparse

import numpy as np

from tests.calibration.certify.test_each_slice import DELTA, SLICES, six_slices


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=3000)
    given = parser.parse_args()
    print("| slices at the bound | rows | the whole passes (before) | every slice passes | "
          "some slice at the bound passes at δ | some such slice is named |", flush=True)  # fmt: skip
    print("|---|---|---|---|---|---|", flush=True)
    for at_bound in (0, 1, 3, SLICES):
        rng = np.random.default_rng(3)
        each, rate = six_slices(at_bound)
        counts = np.zeros(4)
        for _ in range(given.draws):
            losses = (rng.random(len(rate)) < rate).astype(float)
            p = [one.p_value((), losses[rows]) for name, (rows, one) in each.parts.items() if int(name[1]) < at_bound]
            counts += (
                each.whole.p_value((), losses) <= DELTA,
                each.p_value((), losses) <= DELTA,
                min(p, default=1.0) <= DELTA,
                min(p, default=1.0) <= DELTA / SLICES,
            )
        shares = " | ".join(f"{one / given.draws:.3f}" for one in counts)
        print(f"| {at_bound} of {SLICES} | {len(rate)} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
