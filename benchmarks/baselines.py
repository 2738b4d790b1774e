"""Baselines on the same recordings: one signal, a learnt text scorer, a random mix, and an oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from calibration.samples.table import Table
from calibration.thresholds.grid import bin_ranks, count_bins, evaluate_grid
from calibration.thresholds.pareto_policies import pareto_hull
from cascade.samples.sample import Sample

Array = np.ndarray[Any, Any]
AIMS = (-0.01, 0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.045, 0.06)
"""Target losses against the top, for every method."""


def summed_up(cost: Array, loss: Array, top: Array) -> tuple[float, float]:
    """Return cost as a share of the top's, and loss."""
    return float(cost.mean() / top.mean()), float(loss.mean())


def searched(
    fit: Table, test: Table, scores: tuple[Array, Array], ladders: Sequence[Sequence[str]], aims: Sequence[float]
) -> list[tuple[float, float, float]]:
    """Search thresholds of ladders on raw labels; `scores` (n, K) of fitting and of test rows; the cheapest in aim.

    Returns cost and loss, and the in-sample cost on the rows of the search, in dollars.
    """
    best: list[tuple[float, Sequence[int], Array]] = [(np.inf, (), np.empty(0))] * len(aims)
    top = fit.correct[:, -1].mean()
    for ladder in ladders:
        at = [fit.rungs.index(rung) for rung in ladder]
        count = count_bins(len(at), len(fit))
        cut = [bin_ranks(scores[0][:, k], count) for k in at[:-1]]
        quality, cost = fit.correct[:, at], (fit.answer_usd + fit.verifier_usd)[:, at]
        grid = evaluate_grid([bins for bins, _ in cut], [size for _, size in cut], quality, cost)
        for i, eps in enumerate(aims):
            fair = np.where(grid.quality >= top - eps - 1e-12, grid.cost, np.inf)
            index = np.unravel_index(int(np.argmin(fair)), fair.shape) if fair.ndim else ()
            if fair[index] < best[i][0]:
                edges = [
                    scores[0][cut[j][0] > index[j], k].min() if (cut[j][0] > index[j]).any() else np.inf
                    for j, k in enumerate(at[:-1])
                ]
                best[i] = (float(fair[index]), at, np.array(edges))
    return [(*followed(test, scores[1], at, edges), seen) for seen, at, edges in best]


def followed(test: Table, scores: Array, at: Sequence[int], edges: Array) -> tuple[float, float]:
    """Return cost and loss of accepting at scores from the edges on."""
    live, correct, cost = np.ones(len(test), dtype=bool), np.zeros(len(test)), np.zeros(len(test))
    for j, k in enumerate(at):
        cost[live] += (test.answer_usd + test.verifier_usd)[live, k]
        stay = live & (scores[:, k] >= edges[j]) if j + 1 < len(at) else live
        correct[stay] = test.correct[stay, k]
        live &= ~stay
    return summed_up(cost, test.correct[:, -1] - correct, test.answer_usd[:, -1])


def texts(table: Table, samples: Sequence[Sample]) -> list[csr_matrix]:
    """Return hashed words and pairs of words of query and answer, for each rung."""
    vectors = HashingVectorizer(n_features=2**16, ngram_range=(1, 2), alternate_sign=False)
    found = []
    for rung in table.rungs:
        query = [" ".join(str(message["content"]) for message in sample.request.messages) for sample in samples]
        answers = [sample.recordings[rung].response.text for sample in samples]
        found.append(vectors.transform([f"{q} {a}" for q, a in zip(query, answers, strict=True)]))
    return found


def text_scores(fit: Table, rows: list[csr_matrix], own: Array, rest: Array) -> tuple[Array, Array]:
    """Return P(right) of fitting rows, which the scorer was fitted on, and of the others."""
    first, second = np.zeros((len(own), len(rows))), np.zeros((len(rest), len(rows)))
    for k, vectors in enumerate(rows):
        if 0.0 < fit.correct[:, k].mean() < 1.0:
            model = LogisticRegression(max_iter=1000).fit(vectors[own], fit.correct[:, k] >= 0.5)
            first[:, k] = model.predict_proba(vectors[own])[:, 1]
            second[:, k] = model.predict_proba(vectors[rest])[:, 1]
    return first, second


def signals(fit: Table, test: Table) -> list[tuple[str, int, Array, Array]]:
    """Return every signal of every rung below the top, with either sign; missing is least confident."""
    found = []
    for k, rung in enumerate(fit.rungs[:-1]):
        one, two = fit.on((rung, fit.rungs[-1])), test.on((rung, fit.rungs[-1]))
        for j, name in enumerate(one.names[rung]):
            for sign in (1.0, -1.0):
                columns = [np.nan_to_num(sign * part.rows[rung][:, j], nan=-1e9) for part in (one, two)]
                found.append((f"{rung}: {'' if sign > 0.0 else '−'}{name}", k, columns[0], columns[1]))
    return found + _agreeing(fit, test)


def _agreeing(fit: Table, test: Table) -> list[tuple[str, int, Array, Array]]:
    """Return agreement with the rung below as a signal: two rungs are asked before the top."""
    found = []
    for k in range(1, len(fit.rungs) - 1):
        pair = (fit.rungs[k - 1], fit.rungs[k])
        ladder = (*pair, fit.rungs[-1])
        parts = fit.on(ladder), test.on(ladder)
        if "agreement" in parts[0].names[pair[1]]:
            one, two = (
                np.nan_to_num(part.rows[pair[1]][:, part.names[pair[1]].index("agreement")], nan=-1.0) for part in parts
            )
            found.append((f"{pair[1]}: agreement with {pair[0]}", k, one, two))
    return found


def single_signals(fit: Table, test: Table) -> dict[str, list[tuple[float, float, float]]]:
    """Return each signal's cost and loss over aims, and its in-sample cost; thresholds searched on the labels."""
    curves = {}
    for name, k, one, two in signals(fit, test):
        scores = np.zeros((len(one), len(fit.rungs))), np.zeros((len(two), len(fit.rungs)))
        scores[0][:, k], scores[1][:, k] = one, two
        if ": agreement with " in name:
            curves[name] = _agreed(fit, test, scores, k)
        else:
            curves[name] = searched(fit, test, scores, [(fit.rungs[k], fit.rungs[-1])], AIMS)
    return curves


def chosen_signal(curves: dict[str, list[tuple[float, float, float]]]) -> list[tuple[float, float]]:
    """Return, for each aim, cost and loss of the signal of least in-sample cost."""
    picked = [min((curve[i] for curve in curves.values()), key=lambda found: found[2]) for i in range(len(AIMS))]
    return [found[:2] for found in picked]


def _agreed(fit: Table, test: Table, scores: tuple[Array, Array], k: int) -> list[tuple[float, float, float]]:
    """Return the same where both rungs of an agreement are always asked."""
    best = []
    edges = [*np.unique(scores[0][:, k]), np.inf]
    at = [k - 1, k, len(fit.rungs) - 1]
    learnt = [(edge, followed(fit, scores[0], at, np.array([np.inf, edge]))) for edge in edges]
    dollars = float(fit.answer_usd[:, -1].mean())
    for eps in AIMS:
        fair = [(cost, edge) for edge, (cost, loss) in learnt if loss <= eps + 1e-12]
        seen, edge = min(fair) if fair else (np.inf, np.inf)
        best.append((*followed(test, scores[1], at, np.array([np.inf, edge])), seen * dollars))
    return best


def random_mix(fit: Table, test: Table) -> list[tuple[float, float]]:
    """Return cost and loss of the cheapest mix of single models that keeps each aim on the labels."""
    cost, quality = (fit.answer_usd + fit.verifier_usd).mean(axis=0), fit.correct.mean(axis=0)
    hull = pareto_hull(cost, quality)
    seen = (test.answer_usd + test.verifier_usd).mean(axis=0), test.correct.mean(axis=0)
    found = []
    for eps in AIMS:
        wanted = min(max(quality[-1] - eps, quality[hull[0]]), quality[hull[-1]])
        weights = np.zeros(len(cost))
        for place, one in enumerate(hull):
            bump = np.zeros(len(hull))
            bump[place] = 1.0
            weights[one] = np.interp(wanted, quality[hull], bump)
        found.append((float(weights @ seen[0] / test.answer_usd[:, -1].mean()), float(seen[1][-1] - weights @ seen[1])))
    return found


def oracle(test: Table) -> tuple[float, float]:
    """Return cost and loss of asking the cheapest model that is right, and the cheapest of all where none is."""
    right = test.correct >= 0.5
    chosen = np.where(right.any(axis=1), right.argmax(axis=1), 0)
    rows = np.arange(len(test))
    return summed_up(
        test.answer_usd[rows, chosen], test.correct[:, -1] - test.correct[rows, chosen], test.answer_usd[:, -1]
    )
