"""Cost–quality frontier: the cascade beside always one rung, random mixing, the best single signal and the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.samples.table import Table
from calibration.stats.area import measure_area

POINTS = 201
"""The most points of a curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Accuracy by mean cost, of one strategy."""

    cost_usd: Floats
    """Mean cost of a request in US dollars, (P,), rising; verifiers included if needed."""

    accuracy: Floats
    """Accuracy of the served answers, (P,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """All curves on the same rows."""

    n: int
    """Rows with label and cost of every rung's answer."""

    always: Mapping[str, tuple[float, float]]
    """Mean cost and accuracy of always asking one rung, by rung; without verifiers."""

    cascade: Curve
    """Cascades of two rungs, by out-of-fold confidence: the upper hull over the first rung. A fitted path is better."""

    random_mix: Curve
    """Random mix of two rungs, in every proportion: the upper hull of `always`."""

    best_signal: Curve | None
    """First rung and reference, by the feature with the greatest area on these rows; None without features."""

    signal: str | None
    """That feature."""

    oracle: Curve
    """Oracle: stops at the cheapest rung of greatest correctness, dearest gains last; no strategy is better."""


def draw_frontier(table: Table, confidences: Mapping[str, Floats], rows: Flags) -> Frontier | None:
    """Compute all curves on those of `rows` (n,) whose costs are known; None without such rows.

    Args:
        table: the samples of one task.
        confidences: out of fold, by rung below the top, (n,) each.
        rows: those labelled on every rung, (n,).
    """
    rows = rows & ~np.isnan(table.answer_usd).any(axis=1)
    if not rows.any():
        return None
    correct, answer = table.correct[rows], table.answer_usd[rows]
    paid = answer + table.verifier_usd[rows]
    always = {rung: (float(answer[:, k].mean()), float(correct[:, k].mean())) for k, rung in enumerate(table.rungs)}
    swept = [
        _cut(_order(table, k, confidences[rung], rows), correct[:, [k, -1]], paid[:, [k, -1]])
        for k, rung in enumerate(table.rungs[:-1])
    ]
    signal, best = _best_signal(table, rows, correct)
    return Frontier(
        n=int(rows.sum()),
        always=always,
        cascade=_hull(*map(np.concatenate, zip(*swept, strict=True))) if swept else _hull(*_points(always)),
        random_mix=_hull(*_points(always)),
        best_signal=None if best is None else _curve(*_cut(best, correct[:, [0, -1]], paid[:, [0, -1]])),
        signal=signal,
        oracle=_oracle(correct, paid),
    )


def _order(table: Table, k: int, confidences: Floats, rows: Flags) -> Floats:
    return np.where(table.forced[rows, k], -np.inf, confidences[rows])


def _best_signal(table: Table, rows: Flags, correct: Floats) -> tuple[str | None, Floats | None]:
    """Return the first rung's feature, of either sign, with the greatest area above random mixing, and its values."""
    if len(table.rungs) < 2:
        return None, None
    gain = correct[:, -1] - correct[:, 0]
    found: list[tuple[float, str, Floats]] = []
    for j, name in enumerate(table.names[table.rungs[0]]):
        raw = table.rows[table.rungs[0]][rows, j]
        for sign in (1.0, -1.0):
            value = np.where(np.isnan(raw) | table.forced[rows, 0], -np.inf, sign * raw)
            found.append((measure_area(value, gain).value, name, value))
    if not found or max(found, key=lambda one: one[0])[0] <= 0.0:
        return None, None
    _, name, value = max(found, key=lambda one: one[0])
    return name, value


def _cut(order: Floats, correct: Floats, paid: Floats) -> tuple[Floats, Floats]:
    """Return mean cost and accuracy of escalating the lowest of `order` (n,), for every share, ties averaged.

    `correct` and `paid` (n, 2): of the rung and of the reference.
    """
    n = len(order)
    _, level = np.unique(order, return_inverse=True)
    place = np.argsort(level, kind="stable")
    count = np.maximum(np.bincount(level), 1)

    def summed(figures: Floats) -> Floats:
        means = np.bincount(level, weights=figures) / count
        return np.concatenate([[0.0], np.cumsum(means[level[place]])])

    cost = (paid[:, 0].sum() + summed(paid[:, 1])) / n
    return cost, (correct[:, 0].sum() + summed(correct[:, 1] - correct[:, 0])) / n


def _oracle(correct: Floats, paid: Floats) -> Curve:
    """Return the oracle's cost and accuracy: rows stop at their best rung one by one, by gain per dollar."""
    reached = np.cumsum(paid, axis=1)
    best = np.argmax(correct >= correct.max(axis=1, keepdims=True), axis=1)  # the cheapest of the best
    row = np.arange(len(correct))
    gain, extra = correct[row, best] - correct[:, 0], reached[row, best] - reached[:, 0]
    worth = np.flatnonzero(gain > 0.0)
    order = worth[np.argsort(-gain[worth] / np.maximum(extra[worth], 1e-300), kind="stable")]
    n = len(correct)
    cost = (reached[:, 0].sum() + np.concatenate([[0.0], np.cumsum(extra[order])])) / n
    return _curve(cost, (correct[:, 0].sum() + np.concatenate([[0.0], np.cumsum(gain[order])])) / n)


def _points(always: Mapping[str, tuple[float, float]]) -> tuple[Floats, Floats]:
    cost, accuracy = np.array(list(always.values())).T
    return cost, accuracy


def _hull(cost: Floats, accuracy: Floats) -> Curve:
    """Return the upper concave hull: a random mix of two of its points reaches every point of the line between."""
    order = np.lexsort((-accuracy, cost))
    kept: list[int] = []
    for i in order.tolist():
        if kept and accuracy[i] <= accuracy[kept[-1]]:
            continue
        while len(kept) >= 2 and _above(kept[-2], kept[-1], i, cost, accuracy):
            kept.pop()
        kept.append(i)
    return _curve(cost[kept], accuracy[kept])


def _above(a: int, b: int, c: int, cost: Floats, accuracy: Floats) -> bool:
    """Return whether b lies on or below the line from a to c."""
    rise = (accuracy[b] - accuracy[a]) * (cost[c] - cost[a])
    return bool(rise <= (accuracy[c] - accuracy[a]) * (cost[b] - cost[a]))


def _curve(cost: Sequence[float] | Floats, accuracy: Sequence[float] | Floats) -> Curve:
    at = np.unique(np.linspace(0, len(cost) - 1, min(len(cost), POINTS)).round().astype(np.intp))
    ends = np.array(cost, dtype=np.float64)[at], np.array(accuracy, dtype=np.float64)[at]
    for one in ends:
        one.setflags(write=False)
    return Curve(cost_usd=ends[0], accuracy=ends[1])
