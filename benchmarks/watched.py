"""Watched certificates, simulated: quiet months, a month with a change on day 12, and streams exactly at the bound.

    python -m benchmarks.watched

A day has 10,000 requests, of which 1 % are watched; the bound is 5 % disagreement at δ = .1, the usual risk 2 %. Prints
the table of RESULTS/truth.md.
"""

from __future__ import annotations

import numpy as np

from cascade.stats.watched_promise import WatchedPromise, watch_promise

BOUND, DELTA, USUAL, PER_DAY, DAYS, MONTHS = 0.05, 0.1, 0.02, 100, 30, 200


def month(risks: np.ndarray, seed: int, labelled: float = 1.0) -> WatchedPromise:
    """Watch one month, with a risk a day."""
    rng = np.random.default_rng(seed)
    days = np.repeat(np.arange(len(risks)), PER_DAY)
    harmed = (rng.random(len(days)) < risks[days]).astype(float)
    known = rng.random(len(days)) < labelled
    return watch_promise(
        np.where(known, harmed, 0.0).tolist(),
        np.where(known, harmed, 1.0).tolist(),
        days.tolist(),
        bound=BOUND,
        delta=DELTA,
    )


def main() -> None:
    """Print a row for each kind of month."""
    quiet = np.full(DAYS, USUAL)
    kinds = {
        "quiet: 2 % every day": (quiet, 1.0),
        "at the bound every day": (np.full(DAYS, BOUND), 1.0),
        "at the bound, half labelled": (np.full(DAYS, BOUND), 0.5),
        "12 % from day 12 on": (np.where(np.arange(DAYS) < 12, USUAL, 0.12), 1.0),
        "12 % from day 12 on, half labelled": (np.where(np.arange(DAYS) < 12, USUAL, 0.12), 0.5),
        "up by .5 points a day from day 12 on": (USUAL + 0.005 * np.maximum(np.arange(DAYS) - 11, 0), 1.0),
    }
    print("| month | months | refuted | holds | too few | refuted on day (median) |")
    print("|---|---|---|---|---|---|")
    for name, (risks, labelled) in kinds.items():
        found = [month(risks, seed, labelled) for seed in range(MONTHS)]
        states = [one.state for one in found]
        days = [(one.refuted_at - 1) // PER_DAY for one in found if one.refuted_at is not None]
        day = f"{np.median(days):.0f}" if days else "–"
        shares = (f"{states.count(state) / MONTHS:.1%}" for state in ("refuted", "holds", "too few"))
        print(f"| {name} | {MONTHS} | {' | '.join(shares)} | {day} |")


if __name__ == "__main__":
    main()
