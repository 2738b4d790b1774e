"""AUROC of a rung's combiner on held-out rows, beside a logistic regression and single signals.

    python -m benchmarks.combiner [--splits 50]

Fitted on n random rows, AUROC on all others, mean over splits; the features that calibrate has of that
rung, without the confidence of a rung below it.

- plain logistic: scikit-learn's, ridge 1, on the same features standardised, with a flag where one is missing.
- single signal: one feature either way round, missing last; once the best of the n rows, once with hindsight the best
  of the mean on the test rows, which is not known in practice.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.ladders_of_four import laid_out_of_four
from benchmarks.recorded_sets import PAIRS
from calibration.combine.fit_combiner import fit_combiner
from cascade.stats.auroc import auroc

Array = np.ndarray[Any, Any]
LADDERS = {name: PAIRS[name] for name in ("lifeeval_mcq", "mz_mmlu", "mz_truthfulqa")} | {
    "zeroeval_gsm8k": ("Meta-Llama-3.1-8B-Instruct", "gpt-4o-mini-2024-07-18", "claude-3-5-sonnet-20241022")
}
"""The typical pair; where agreement between rungs is the signal, with a model between that can agree."""


def measure(name: str, n: int, splits: int) -> str:
    """Return the row of the dearest rung below the top of one set."""
    rungs = LADDERS[name]
    rung = rungs[-2]
    table, _ = laid_out_of_four(name, rungs)
    kept = np.flatnonzero(~np.isnan(table.correct[:, len(rungs) - 2]))
    x, y, names = table.rows[rung][kept], table.correct[kept, len(rungs) - 2], table.names[rung]
    # Missing comes last for either sign of a signal.
    columns = {f"{mark}{one}": np.nan_to_num(sign * x[:, j], nan=-1e9) for j, one in enumerate(names)
               for sign, mark in ((1.0, ""), (-1.0, "−"))}  # fmt: skip
    found: dict[str, list[float]] = {}
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(len(y))
        own, rest = order[:n], order[n:]
        seen = {one: _area(column[own], y[own]) for one, column in columns.items()}
        tested = {one: _area(column[rest], y[rest]) for one, column in columns.items()}
        tested["ours"] = _area(fit_combiner(x[own], y[own], names, seed=0).confidences(x[rest], names), y[rest])
        tested["logistic"] = _area(plain_logistic(x[own], y[own], x[rest]), y[rest])
        tested["chosen"] = tested[max(seen, key=seen.__getitem__)]
        for method, area in tested.items():
            found.setdefault(method, []).append(area)
    mean = {method: float(np.mean(areas)) for method, areas in found.items()}
    best = max(columns, key=mean.__getitem__)
    ahead = [np.mean(np.array(found["ours"]) > np.array(found[other])) for other in ("logistic", "chosen")]
    return (
        f"| {name} | {rung} | {n} | {mean['ours']:.3f} | {mean['logistic']:.3f} | {mean['chosen']:.3f} | "
        f"{mean[best]:.3f} {best} | {ahead[0]:.0%} | {ahead[1]:.0%} |"
    )


def plain_logistic(x: Array, y: Array, rest: Array) -> Array:
    """Return the log-odds of other rows; all alike where the labels are of one class."""
    if len(np.unique(y >= 0.5)) < 2:
        return np.zeros(len(rest))
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    ).fit(x, y >= 0.5)
    return np.asarray(model.decision_function(rest))


def _area(scores: Array, y: Array) -> float:
    area = auroc(scores, y)
    return 0.5 if area is None else area


def main() -> None:
    """Measure the sets and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=50)
    splits = parser.parse_args().splits
    print(
        "| set | rung | n | ours | plain logistic | single signal, chosen on the n rows | best in hindsight "
        "| ours ahead of logistic | of the chosen signal |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in LADDERS:
        for n in (50, 200, 500):
            print(measure(name, n, splits), flush=True)


if __name__ == "__main__":
    main()
