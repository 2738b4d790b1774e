"""Advice on missing labels: share of new samples of the advised size that get a certificate.

python -m benchmarks.labels_needed [--pilots 60]
"""

from __future__ import annotations

import argparse

import numpy as np

from calibration.fit.certified_task import fit_certified
from calibration.samples.table import Table
from calibration.targets.bound import Bound, MaxError, MaxLoss
from tests.synthetic import ladder_traffic

MOST = 20_000
"""Impractically many labels: such advice is counted, and not followed."""


def traffic(rng: np.random.Generator, n: int, *, pair: bool, fractional: bool) -> Table:
    """Return n samples of a ladder of four rungs, or of its cheapest and its top."""
    whole = ladder_traffic(rng, n, fractional=fractional)
    return whole.on((whole.rungs[0], whole.rungs[-1])) if pair else whole


def follow(bound: Bound, n: int, *, pair: bool, fractional: bool, pilots: int) -> dict[str, float]:
    """Return the advice to pilots of n samples, and the share of new samples of that size that are certified."""
    rng = np.random.default_rng(n)
    told, certified, hopeless, without = [], [], 0, 0
    for _ in range(pilots):
        first = fit_certified(traffic(rng, n, pair=pair, fractional=fractional), bound).certificate
        if first.certified:
            without += 1
        elif first.labels_needed is None or first.labels_needed > MOST:
            hopeless += 1
        else:
            told.append(first.labels_needed)
            later = traffic(rng, n + first.labels_needed, pair=pair, fractional=fractional)
            certified.append(fit_certified(later, bound).certificate.certified)
    return {
        "certified at once": without / pilots,
        "no number": hopeless / pilots,
        "told, median": float(np.median(told)) if told else np.nan,
        "certified then": float(np.mean(certified)) if certified else np.nan,
        "pilots told": float(len(told)),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pilots", type=int, default=60)
    pilots = parser.parse_args().pilots
    print("| bound | rungs | labels | n | certified at once | no number | more labels, median | certified then | of |")
    print("|---|---|---|---|---|---|---|---|---|")
    for bound, pair, fractional in (
        (MaxError(0.1), True, False),
        (MaxError(0.1), False, False),
        (MaxLoss(0.02), True, False),
        (MaxLoss(0.02), False, False),
        (MaxLoss(0.05), False, True),
    ):
        for n in (100, 300):
            found = follow(bound, n, pair=pair, fractional=fractional, pilots=pilots)
            cells = (
                f"{type(bound).__name__}({bound.value:g})",
                "2" if pair else "4",
                "fractional" if fractional else "right or wrong",
                str(n),
                f"{found['certified at once']:.2f}",
                f"{found['no number']:.2f}",
                "–" if np.isnan(found["told, median"]) else f"{found['told, median']:,.0f}",
                "–" if np.isnan(found["certified then"]) else f"{found['certified then']:.2f}",
                f"{found['pilots told']:.0f}",
            )
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
