"""SPEND, a group-sequential test: the loosest threshold of one rung whose error among accepted answers is certified.

Rows come in order of falling confidence; after k_1 < … < k_G of them ("looks", always whole groups of ties) the errors
so far, S_k, are held against critical values e_j. Each look has the same level δ′:

    e_j = max {e : P(Bin(k_j, α) ≤ e) ≤ δ′},   δ′ the largest with  P(some j has S_{k_j} ≤ e_j) ≤ δ

for sums S of independent Bernoulli(α): a group-sequential test (Pocock 1977) whose spending is computed exactly, by
dynamic programming over the looks. Where P(correct | c) does not fall as c rises, every answer below the confidence at
which the error among accepted answers reaches α is wrong with probability at least α, so that later sums only
exceed those; hence the loosest look that passes may be taken. Fractional losses, and looks after every row: `bet`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.stats.risk import betting_wealth, required_draws
from cascade.errors import DataError

LOOKS = 20
"""G: more looks find the loosest threshold more closely, but leave less of delta to each."""

FIRST = 0.05
"""Share of the rows below which no look is taken."""

_STEPS = 14
"""Bisections of δ′ on a logarithmic scale: to within 0.02 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Result of SPEND; looks in order, from the highest confidence down."""

    threshold: float | None
    """The confidence from which on answers are accepted; None if nothing can be certified."""

    passed: int | None
    """The index of the look that was taken; None if none passed."""

    looks: tuple[int, ...]
    """k_j: how many rows are accepted at each look; empty where there are too few rows."""

    errors: tuple[float, ...]
    """S at each look, in answers."""

    critical: tuple[int, ...]
    """e_j: the most errors with which a look passes; −1: none does. Empty for `bet`, which has none."""

    level: float
    """δ′: the level of each look."""


def spend(confidences: ArrayLike, correct: ArrayLike, alpha: float, delta: float) -> Spent:
    """Find the lowest threshold with an error among accepted answers of at most `alpha`, at confidence 1 − delta.

    `confidences` (n,) of one rung, of a combiner that was fitted on other rows; `correct` (n,) of 0 and 1.

    Raises `DataError` for fractional correctness (take `bet`) and for rows that do not match.
    """
    scores, wrong = _ordered(confidences, correct)
    if np.any((wrong != 0.0) & (wrong != 1.0)):
        raise DataError("found fractional correctness; expected 0 or 1 for SPEND")
    ks = place_looks(scores, alpha, delta)
    if not ks:
        return Spent(threshold=None, passed=None, looks=(), errors=(), critical=(), level=delta)
    level, critical = spend_level(ks, alpha, delta)
    errors = np.cumsum(wrong)[np.array(ks) - 1]
    passing = np.flatnonzero(errors <= critical)
    passed = int(passing[-1]) if passing.size else None
    return Spent(
        threshold=None if passed is None else float(scores[ks[passed] - 1]),
        passed=passed,
        looks=ks,
        errors=tuple(map(float, errors)),
        critical=critical,
        level=level,
    )


def bet(confidences: ArrayLike, correct: ArrayLike, alpha: float, delta: float) -> Spent:
    """Find the same threshold by betting, for fractional correctness; arguments and result as for `spend`.

    Wealth spread over constant bets is symmetric in the losses. So at the confidence where the error among accepted
    answers reaches alpha its expectation is at most 1, whatever the order above, and from there on it is a
    supermartingale in falling confidence: it exceeds 1 / delta anywhere below with probability at most delta (Ville).
    Exact with ties, and with a look after every group of them.
    """
    scores, wrong = _ordered(confidences, correct)
    ends = _ends(scores)
    if not len(ends):
        return Spent(threshold=None, passed=None, looks=(), errors=(), critical=(), level=delta)
    wealth = betting_wealth(wrong, alpha)[ends - 1]
    passing = np.flatnonzero(wealth >= -np.log(delta))
    passed = int(passing[-1]) if passing.size else None
    # A policy file stores a few looks, not one for every row.
    kept = ends[np.unique(np.linspace(0, len(ends) - 1, LOOKS).astype(int))]
    if passed is not None:
        kept = np.unique([*kept, ends[passed]])
    return Spent(
        threshold=None if passed is None else float(scores[ends[passed] - 1]),
        passed=None if passed is None else int(np.searchsorted(kept, ends[passed])),
        looks=tuple(map(int, kept)),
        errors=tuple(map(float, np.cumsum(wrong)[kept - 1])),
        critical=(),
        level=delta,
    )


def place_looks(scores: NDArray[np.float64], alpha: float, delta: float) -> tuple[int, ...]:
    """Return k_1 < … < k_G for scores in falling order: evenly spread, each moved down to the end of its ties.

    From max(⌈ln δ / ln(1 − α)⌉, 5 % of the rows) on; fewer than G where there are fewer ends, none with too few rows.
    """
    n = len(scores)
    first = max(required_draws(alpha, delta), int(FIRST * n))
    if n < first:
        return ()
    ends = _ends(scores)
    wanted = np.floor(np.linspace(first, n, LOOKS))
    return tuple(int(k) for k in np.unique(ends[np.searchsorted(ends, wanted)]))


def spend_level(looks: Sequence[int], alpha: float, delta: float) -> tuple[float, tuple[int, ...]]:
    """Return δ′ and the critical values e_j of looks k_1 < … < k_G; e_j is −1 where no count of errors passes."""
    return _spend_level(tuple(looks), float(alpha), float(delta))


@lru_cache(maxsize=4096)
def _spend_level(looks: tuple[int, ...], alpha: float, delta: float) -> tuple[float, tuple[int, ...]]:
    ks = np.array(looks)
    steps = [_binomial_window(int(step), alpha) for step in np.diff(ks, prepend=0)]

    def holds(level: float) -> bool:
        return _crossing(steps, ks, _critical(ks, alpha, level), alpha) <= delta

    low, high = delta / len(ks), delta
    if holds(high):
        low = high
    else:
        for _ in range(_STEPS):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if holds(middle) else (low, middle)
    return low, tuple(map(int, _critical(ks, alpha, low)))


def _critical(ks: NDArray[np.intp], alpha: float, level: float) -> NDArray[np.intp]:
    """Return the critical values e_j = max {e : P(Bin(k_j, α) ≤ e) ≤ level}; −1 if none."""
    from scipy.special import bdtr
    from scipy.stats import binom

    # ppf is the smallest e with P ≥ level: the wanted one or the next, and a step more against rounding.
    e = np.asarray(binom.ppf(level, ks, alpha)).astype(np.intp) + 1
    while True:
        over = (e >= 0) & (bdtr(np.maximum(e, 0).astype(float), ks, alpha) > level)
        if not over.any():
            return e
        e = e - over


def _crossing(
    steps: Sequence[tuple[int, NDArray[np.float64]]], ks: NDArray[np.intp], critical: NDArray[np.intp], alpha: float
) -> float:
    """Return P(some j has S_{k_j} ≤ e_j), S sums of iid Bernoulli(α): the mass that leaves, look by look."""
    mass, first, left = np.ones(1), 0, 0.0  # mass[i] = P(S = first + i, and no look passed so far)
    for (low, step), e, k in zip(steps, critical, ks, strict=True):
        mass, first = np.convolve(mass, step), first + low
        if e >= first:
            left += float(mass[: e - first + 1].sum())
            mass[: e - first + 1] = 0.0
        start, stop = _window(int(k), alpha)
        cut = max(0, start - first)
        mass, first = mass[cut : max(0, stop + 1 - first)], first + cut
    return left


def _binomial_window(n: int, alpha: float) -> tuple[int, NDArray[np.float64]]:
    """Return the first count of the window, and the probabilities of Bin(n, α) in it."""
    from scipy.stats import binom

    low, high = _window(n, alpha)
    return low, np.asarray(binom.pmf(np.arange(low, high + 1), n, alpha))


def _window(n: int, alpha: float) -> tuple[int, int]:
    """Return the counts outside of which Bin(n, α) has less than 1e-12: eight standard deviations and a few more."""
    spread = 8.0 * float(np.sqrt(n * alpha * (1.0 - alpha))) + 8.0
    return max(0, int(n * alpha - spread)), min(n, int(n * alpha + spread) + 1)


def _ends(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return after how many rows each group of equal scores is complete; scores in falling order."""
    return np.flatnonzero(np.r_[scores[1:] != scores[:-1], True][: len(scores)]) + 1


def _ordered(confidences: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return confidences in falling order, and how wrong the answers are, in [0, 1]."""
    scores, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if scores.ndim != 1 or scores.shape != right.shape:
        raise DataError(f"found confidences {scores.shape} and correctness {right.shape}; expected one each a row")
    if np.isnan(scores).any() or not np.all((right >= 0.0) & (right <= 1.0)):
        raise DataError("found a row without confidence or label; certify on labelled rows only")
    order = np.argsort(-scores, kind="stable")
    return scores[order], 1.0 - right[order]
