"""Partial pooling over tasks: error of pooled calibration on labels, and of shrunk rate thresholds.

python -m benchmarks.pooling [--repetitions N]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from scipy.special import expit
from scipy.stats import beta, rankdata

from calibration.combine.fit_combiner import fit_combiner
from calibration.combine.pooled_combiners import pooled_priors
from calibration.combine.pooling import fit_pooled
from calibration.samples.table import Table
from calibration.stats.logistic import fit_logistic
from calibration.stats.rate import fit_threshold
from calibration.thresholds.shrinkage import shrink_thresholds

TASKS = 40
RATE = 0.25


def labelled(sd: float, n: int, rng: np.random.Generator) -> dict[str, float]:
    """Mean |p - p_true| in points of own, pooled and partly pooled calibration, 40 tasks of n labels."""
    intercept, slope = rng.normal(0.8, sd, TASKS), np.exp(rng.normal(np.log(1.2), 0.3 * sd, TASKS))
    task, x = np.repeat(np.arange(TASKS), n), rng.normal(0, 1, TASKS * n)
    y = (rng.random(task.size) < expit(intercept[task] + slope[task] * x)).astype(float)
    new = np.repeat(np.arange(TASKS), 1000)
    at = rng.normal(0, 1, new.size)
    truth = expit(intercept[new] + slope[new] * at)
    weights, b = fit_logistic(x[:, None], y, c=10.0)
    own = np.zeros(new.size)
    for t in range(TASKS):
        mine, theirs = task == t, new == t
        if 0 < y[mine].sum() < n:
            found, start = fit_logistic(x[mine][:, None], y[mine], c=1.0)
            own[theirs] = expit(start + found[0] * at[theirs])
        else:
            own[theirs] = y[mine].mean()
    partial = expit(fit_pooled(x, y, task, n_tasks=TASKS, seed=0).log_odds(at, new))
    guesses = {"own": own, "pooled": expit(b + weights[0] * at), "partial": partial}
    return {name: 100 * float(np.abs(guess - truth).mean()) for name, guess in guesses.items()}


def rates(sd: float, n: int, levels: int | None, rng: np.random.Generator) -> dict[str, float]:
    """Mean |true rate - 25 %| in points of own, pooled and shrunk thresholds; scores continuous or of few levels."""
    a, b = 5 * np.exp(rng.normal(0, sd, TASKS)), 2 * np.exp(rng.normal(0, sd, TASKS))
    found = [rng.beta(a[t], b[t], n) for t in range(TASKS)]
    if levels is not None:
        found = [np.ceil(c * levels) / levels for c in found]

    def truth(t: float, g: float, task: int) -> float:
        if levels is None:
            return float(beta.cdf(t, a[task], b[task]))
        edge = np.round(t * levels) / levels
        if abs(edge - t) < 1e-9:
            below, upto = beta.cdf([edge - 1 / levels, edge], a[task], b[task])
            return float(below + g * (upto - below))
        return float(beta.cdf(np.floor(t * levels) / levels, a[task], b[task]))

    everyone = fit_threshold(np.concatenate(found), RATE)
    thresholds = {
        "own": [fit_threshold(c, RATE) for c in found],
        "pooled": [everyone] * TASKS,
        "shrunk": [one.threshold for one in shrink_thresholds(found, RATE)],
        "fixed weight": [
            (n / (n + 50) * t + 50 / (n + 50) * everyone[0], g) for t, g in (fit_threshold(c, RATE) for c in found)
        ],
    }
    return {
        name: 100 * float(np.mean([abs(truth(t, g, task) - RATE) for task, (t, g) in enumerate(pairs)]))
        for name, pairs in thresholds.items()
    }


def recorded() -> dict[str, Table]:
    """Return the recorded sets as tasks of one ladder, cheap and top; none where they are not on this machine."""
    from benchmarks.recorded_sets import FOLDER, PAIRS, laid_out

    tables = {}
    for name in PAIRS if FOLDER.is_dir() else ():
        laid, _ = laid_out(name)
        called = dict(zip(laid.rungs, ("cheap", "top"), strict=True))
        tables[name] = replace(
            laid,
            task=name,
            rungs=("cheap", "top"),
            names={called[rung]: names for rung, names in laid.names.items()},
            rows={called[rung]: rows for rung, rows in laid.rows.items()},
        )
    return tables


def unrelated(tables: dict[str, Table], n: int, seed: int) -> dict[str, tuple[float, float]]:
    """Mean log loss and AUROC over the sets of own, pooled and leaning combiners from n labels of each."""
    rng = np.random.default_rng(seed)
    fit, test = {}, {}
    for name, table in tables.items():
        order = rng.permutation(len(table))
        labels = np.full(table.correct.shape, np.nan)
        labels[order[:n]] = table.correct[order[:n]]
        fit[name] = replace(table, correct=labels).take(np.sort(order[: min(200, len(table) // 2)]))
        test[name] = table.take(np.sort(order[min(200, len(table) // 2) :]))
    priors = pooled_priors(fit, seed=0)
    scores: dict[str, list[tuple[float, float]]] = {"own": [], "pooled": [], "leaning": []}
    for name, table in fit.items():
        rows, names = table.rows["cheap"], table.names["cheap"]
        known = ~np.isnan(table.correct[:, 0])
        prior = priors[name]["cheap"]
        given = (rows[known], table.correct[known, 0], names)
        for kind, combiner in (
            ("own", fit_combiner(*given, seed=0)),
            ("pooled", prior.combiner),
            ("leaning", fit_combiner(*given, seed=0, prior=prior)),
        ):
            y = test[name].correct[:, 0]
            p = np.clip(combiner.confidences(test[name].rows["cheap"], names), 1e-4, 1 - 1e-4)[~np.isnan(y)]
            y = y[~np.isnan(y)]
            right = y >= 0.5
            ranks = rankdata(p)[right].sum() - right.sum() * (right.sum() + 1) / 2
            auroc = ranks / (right.sum() * (~right).sum())
            scores[kind].append((float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))), float(auroc)))
    return {kind: tuple(np.mean(found, axis=0)) for kind, found in scores.items()}


def related(sd: float, n: int, rng: np.random.Generator) -> dict[str, float]:
    """Mean |p - p_true| in points of whole combiners, 40 tasks of n labels that differ by sd log-odds."""
    intercept, slope = rng.normal(0.8, sd, TASKS), np.exp(rng.normal(np.log(1.2), 0.3 * sd, TASKS))
    tables = {str(t): scored(str(t), intercept[t], slope[t], n, rng) for t in range(TASKS)}
    priors = pooled_priors(tables, seed=0)
    at, missed = rng.normal(0, 1, (500, 1)), {"own": 0.0, "pooled": 0.0, "leaning": 0.0}
    for t, (name, table) in enumerate(tables.items()):
        given, prior = (table.rows["cheap"], table.correct[:, 0], table.names["cheap"]), priors[name]["cheap"]
        truth = expit(intercept[t] + slope[t] * at[:, 0])
        combiners = (fit_combiner(*given, seed=0), prior.combiner, fit_combiner(*given, seed=0, prior=prior))
        for kind, combiner in zip(missed, combiners, strict=True):
            missed[kind] += 100 * float(np.abs(combiner.confidences(at) - truth).mean()) / TASKS
    return missed


def scored(task: str, intercept: float, slope: float, n: int, rng: np.random.Generator) -> Table:
    """Return a task whose answers have one score, related to the probability that they are right."""
    x, nothing = rng.normal(0, 1, (n, 1)), np.zeros((n, 1))
    y = (rng.random((n, 1)) < expit(intercept + slope * x)).astype(float)
    return Table(
        task=task,
        ids=tuple(map(str, range(n))),
        groups=(None,) * n,
        rungs=("cheap",),
        names={"cheap": ("score",)},
        rows={"cheap": x},
        present=nothing == 0,
        vetoed=nothing > 0,
        forced=nothing > 0,
        correct=y,
        answer_usd=nothing,
        verifier_usd=nothing,
        input_tokens=nothing,
        output_tokens=nothing,
        use={},
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = parser.parse_args().repetitions
    rng = np.random.default_rng(5)
    print("Labelled calibration, 40 tasks: mean |p - p_true|, points\n")
    print("| tasks differ by (sd) | labels a task | own | all pooled | partly pooled |\n|---|---|---|---|---|")
    for sd in (0.0, 0.5, 1.0):
        for n in (10, 20, 50, 100, 300):
            runs = [labelled(sd, n, rng) for _ in range(repetitions)]
            means = {name: np.mean([run[name] for run in runs]) for name in runs[0]}
            print(f"| {sd} | {n} | {means['own']:.1f} | {means['pooled']:.1f} | {means['partial']:.1f} |", flush=True)
    print("\nRate thresholds at 25 %, 40 tasks: mean |true rate - 25 %|, points\n")
    print("| scores | tasks differ by (sd) | rows a task | own | all pooled | fixed weight | shrunk |")
    print("|---|---|---|---|---|---|---|")
    for levels in (None, 4):
        for sd in (0.0, 0.1, 0.3, 0.6):
            for n in (10, 30, 100, 300):
                runs = [rates(sd, n, levels, rng) for _ in range(repetitions)]
                mean = {name: np.mean([run[name] for run in runs]) for name in runs[0]}
                kind = "continuous" if levels is None else f"{levels} levels"
                fixed = "–" if levels else f"{mean['fixed weight']:.1f}"  # a mean of two levels is no level
                print(
                    f"| {kind} | {sd} | {n} | {mean['own']:.1f} | {mean['pooled']:.1f} | {fixed} | "
                    f"{mean['shrunk']:.1f} |",
                    flush=True,
                )
    print("\nWhole combiners of 40 tasks that are alike: mean |p - p_true|, points\n")
    print("| tasks differ by (sd) | labels a task | own | pooled | own, leaning on the pool (as served) |")
    print("|---|---|---|---|---|")
    for sd in (0.5, 1.0):
        for n in (10, 20, 50, 100):
            found = [related(sd, n, rng) for _ in range(max(2, repetitions // 4))]
            mean = {kind: np.mean([run[kind] for run in found]) for kind in found[0]}
            print(f"| {sd} | {n} | {mean['own']:.1f} | {mean['pooled']:.1f} | {mean['leaning']:.1f} |", flush=True)
    tables = recorded()
    if tables:
        print(f"\n{len(tables)} recorded sets that have little in common, as tasks: mean held-out log loss / AUROC\n")
        print("| labels a set | own | pooled | own, leaning on the pool (as served) |\n|---|---|---|---|")
        for n in (10, 20, 50, 100):
            found = [unrelated(tables, n, seed) for seed in range(max(2, repetitions // 4))]
            cells = [np.mean([run[kind] for run in found], axis=0) for kind in found[0]]
            print(f"| {n} | " + " | ".join(f"{loss:.3f} / {auroc:.2f}" for loss, auroc in cells) + " |", flush=True)
    print("\nSeconds to fit, ridges chosen by cross-validation\n\n| rows | tasks | seconds |\n|---|---|---|")
    for n, tasks in ((10_000, 100), (100_000, 1000), (1_000_000, 1000)):
        task, x = rng.integers(0, tasks, n), rng.normal(0, 1, n)
        y = (rng.random(n) < expit(0.8 + rng.normal(0, 0.5, tasks)[task] + 1.2 * x)).astype(float)
        start = time.perf_counter()
        fit_pooled(x, y, task, n_tasks=tasks, seed=0)
        print(f"| {n:,} | {tasks:,} | {time.perf_counter() - start:.1f} |", flush=True)


if __name__ == "__main__":
    main()
