"""Active label selection for certificates: share of recorded traffic certifiably accepted, by labels spent.

Labels are drawn evenly over all traffic, or as `cascade next-labels` draws them; certificates take the rows that
`uniform_rows` leaves. The combiner comes from 200 other rows. Run with the recorded sets beside the checkout:

python -m benchmarks.next_labels [--repetitions N]
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from benchmarks.recorded_sets import FOLDER, PAIRS, laid_out
from calibration.combine.fit_combiner import fit_combiner
from calibration.planning.selection import draw, spread_budget, weigh_for_certificate
from calibration.samples.sameness import same_answers
from calibration.stats.labels import uniform_rows
from calibration.stats.risk import binomial_p, fixed_sequence
from calibration.stats.spending import spend
from cascade.samples.jsonl import read_samples

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DELTA, ALPHA, EPSILON = 0.1, 0.1, 0.05
SETS = ("mz_mmlu", "mz_medmcqa", "lifeeval_mcq", "zeroeval_crux")


def drawn(importance: Floats, labels: int, rng: np.random.Generator) -> tuple[Floats, Flags]:
    """Return propensities and which rows are labelled."""
    pi = spread_budget(importance, labels)
    return pi, draw(pi, rng.random(pi.size), float(rng.random()))


def certify_error(c: Floats, correct: Floats, importance: Floats, labels: int, rng: np.random.Generator) -> float:
    """Return the confidence from which on errors are certified at most ALPHA; infinity where none is."""
    pi, labelled = drawn(importance, labels, rng)
    region = c >= c[pi >= pi.max() - 1e-12].min()
    kept = np.flatnonzero(region)[uniform_rows(pi[region], labelled[region], rng.random(int(region.sum())))]
    found = spend(c[kept], correct[kept], ALPHA, DELTA).threshold if kept.size else None
    return np.inf if found is None else found


def certify_loss(
    c: Floats, harm: Floats, importance: Floats, known: Flags, labels: int, rng: np.random.Generator
) -> float:
    """Return the confidence from which on the loss against the reference is certified at most EPSILON."""
    open_rows = np.flatnonzero(~known)
    pi, labelled = np.ones(c.size), known.copy()
    pi[open_rows], labelled[open_rows] = drawn(importance[open_rows], labels, rng)
    # Rows below are never accepted, so their loss is 0 without a label.
    lowest = c[open_rows][pi[open_rows] >= pi[open_rows].max() - 1e-12].min()
    below = c < lowest
    sure = np.where(below, 1.0, pi)
    kept = uniform_rows(sure, labelled | below, rng.random(c.size))
    thresholds = np.unique(np.quantile(c[c >= lowest], np.linspace(0.98, 0.0, 40)))[::-1]
    losses = [float((harm * (c >= t))[kept & ~below].sum()) for t in thresholds]
    p = binomial_p(np.array(losses), np.full(len(losses), int(kept.sum())), EPSILON)
    passed = fixed_sequence(p, DELTA)
    return float(thresholds[passed - 1]) if passed else np.inf


def main() -> None:
    """Print a row for each set and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=100)
    repetitions = parser.parse_args().repetitions
    print(f"Accepted share of traffic, certified at confidence {1 - DELTA:.0%}; share of draws over the bound\n")
    print(f"| set | labels | error ≤ {ALPHA}: even | chosen | over | loss ≤ {EPSILON}: even | chosen | over |")
    print("|---|---|---|---|---|---|---|---|")
    for name in SETS:
        laid, _ = laid_out(name)
        samples = list(read_samples(FOLDER / f"{name}.jsonl.gz"))
        same = same_answers(samples, PAIRS[name])[:, 0]
        whole = np.all(~np.isnan(laid.correct), axis=1)
        for labels in (50, 100, 200):
            found: dict[str, list[tuple[float, bool]]] = {}
            for seed in range(repetitions):
                rng = np.random.default_rng(seed)
                order = rng.permutation(np.flatnonzero(whole))
                learn, rest = order[:200], order[200:]
                rung = laid.rungs[0]
                combiner = fit_combiner(laid.rows[rung][learn], laid.correct[learn, 0], laid.names[rung], seed=0)
                c = combiner.confidences(laid.rows[rung][rest], laid.names[rung])
                c = c + 1e-9 * rng.random(c.size)
                right, top, known = laid.correct[rest, 0], laid.correct[rest, 1], same[rest]
                harm = ((top > right) & ~known).astype(float)
                flat, none = np.ones(c.size), np.zeros(c.size, dtype=bool)
                for_error = weigh_for_certificate(c, bound=ALPHA, per_accepted=True)
                for_loss = weigh_for_certificate(c, bound=EPSILON, per_accepted=False, harmless=known)
                for kind, t in (
                    ("error even", certify_error(c, right, flat, labels, rng)),
                    ("error chosen", certify_error(c, right, for_error, labels, rng)),
                    ("loss even", certify_loss(c, harm, flat, none, labels, rng)),
                    ("loss chosen", certify_loss(c, harm, for_loss, known, labels, rng)),
                ):
                    taken = c >= t
                    risk = float((1 - right)[taken].mean()) if kind[0] == "e" and taken.any() else 0.0
                    if kind[0] == "l":
                        risk = float((harm * taken).mean())
                    limit = ALPHA if kind[0] == "e" else EPSILON
                    found.setdefault(kind, []).append((float(taken.mean()), risk > limit))
            mean = {kind: np.mean([share for share, _ in runs]) for kind, runs in found.items()}
            over = {kind: np.mean([bad for _, bad in runs]) for kind, runs in found.items()}
            print(
                f"| {name} | {labels} | {mean['error even']:.2f} | {mean['error chosen']:.2f} | "
                f"{over['error chosen']:.2f} | {mean['loss even']:.2f} | {mean['loss chosen']:.2f} | "
                f"{over['loss chosen']:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
