"""Worth of a label: error of accepted answers, estimated from few labels, a judge for all, and chosen labels.

python -m benchmarks.labels [--repetitions N]
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from calibration.planning.selection import draw, spread_budget
from calibration.stats.margin import bound_mean
from cascade.stats.ppi import estimate_mean

Floats = NDArray[np.float64]
ACCEPT = 0.6


def world(n: int, base: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return errors and the judge's doubts of the accepted among n requests; the judge's AUROC is about .94."""
    c = rng.beta(4, 1.6, n)
    right = (rng.random(n) < expit(base + 4.5 * c)).astype(float)
    judge = expit(1.3 * (2 * right - 1) + 4.8 * (c - 0.6) + rng.normal(0, 1.2, n))
    taken = c >= ACCEPT
    return 1 - right[taken], 1 - judge[taken]


def one(n: int, labels: int, base: float, rng: np.random.Generator) -> dict[str, tuple[float, float, float]]:
    """Return value, low and high of every estimator, on one draw of traffic and of labels."""
    error, doubt = world(n, base, rng)
    uniform = draw(np.full(error.size, labels / error.size), rng.random(error.size), float(rng.random()))
    y = np.where(uniform, error, np.nan)
    known = error[uniform]
    exact = bound_mean(known, 0.05)
    found = {
        "uniform labels, exact": (float(known.mean()), exact.low or 0.0, 1.0 if exact.high is None else exact.high)
    }
    for name, proxy in (("uniform labels, no judge", None), ("uniform labels, judge as proxy", doubt)):
        guess = estimate_mean(y, proxy=proxy)
        found[name] = (guess.value, guess.low, guess.high)
    # The doubt known before any label, roughly calibrated; labels go where it is undecided.
    before = expit(logit(np.clip(doubt, 1e-3, 1 - 1e-3)) * 0.8 - 0.3)
    pi = spread_budget(np.sqrt(before * (1 - before)), labels, floor=0.2)
    chosen = draw(pi, rng.random(error.size), float(rng.random()))
    y = np.where(chosen, error, np.nan)
    for name, proxy in (("chosen labels, no judge", None), ("chosen labels, judge as proxy", doubt)):
        guess = estimate_mean(y, propensity=pi, proxy=proxy)
        found[name] = (guess.value, guess.low, guess.high)
    # Labels as production gives them: where a user complained or was unsure, used as if they were uniform.
    biased = rng.random(error.size) < np.minimum(1.0, labels / error.size * 2.2 * before / before.mean())
    guess = estimate_mean(np.where(biased, error, np.nan))
    found["labels where in doubt, unweighted"] = (guess.value, guess.low, guess.high)
    spread = 1.645 * doubt.std() / np.sqrt(doubt.size)
    found["judge as label"] = (float(doubt.mean()), float(doubt.mean() - spread), float(doubt.mean() + spread))
    return found


def main() -> None:
    """Print a table for each amount of traffic and labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=800)
    repetitions = parser.parse_args().repetitions
    rng = np.random.default_rng(6)
    for base, n, labels in ((-1.2, 5000, 50), (-1.2, 5000, 100), (-1.2, 5000, 300), (0.5, 5000, 100), (0.5, 5000, 300)):
        truth = float(world(2_000_000, base, rng)[0].mean())
        runs = [one(n, labels, base, rng) for _ in range(repetitions)]
        print(f"\n{n:,} requests, {labels} labels, true error of the accepted {100 * truth:.1f} %\n")
        print(
            "| estimate | bias, points | rms error, points | 90 % interval covers | width, points | a label is worth |"
        )
        print("|---|---|---|---|---|---|")
        usual = float(np.sqrt(np.mean([(run["uniform labels, no judge"][0] - truth) ** 2 for run in runs])))
        for name in runs[0]:
            found = np.array([run[name] for run in runs])
            rms = float(np.sqrt(np.mean((found[:, 0] - truth) ** 2)))
            cover = float(np.mean((found[:, 1] <= truth) & (truth <= found[:, 2])))
            print(
                f"| {name} | {100 * (found[:, 0].mean() - truth):+.2f} | {100 * rms:.2f} | {cover:.3f} | "
                f"{100 * (found[:, 2] - found[:, 1]).mean():.2f} | {(usual / rms) ** 2:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
