"""AUROC: how well a score tells right answers from wrong ones."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cascade.report.values.figure import Figure


def auroc(scores: NDArray[np.float64], correct: NDArray[np.float64], level: float) -> Figure:
    """Estimate the probability that a right answer scores above a wrong one, ties counting half.

    Args:
        scores: (n,), in [0, 1].
        correct: (n,), in [0, 1]; a fraction counts as right and wrong in proportion.
        level: that of the interval, by Hanley and McNeil's (1982) standard error.

    No value where all answers are right, or all are wrong.
    """
    right, wrong = float(correct.sum()), float((1.0 - correct).sum())
    n = int(scores.size)
    if right <= 0.0 or wrong <= 0.0:
        return Figure(n=n)
    _, place = np.unique(scores, return_inverse=True)
    right_at = np.bincount(place, weights=correct)
    wrong_at = np.bincount(place, weights=1.0 - correct)
    below = np.concatenate(([0.0], np.cumsum(wrong_at)[:-1]))
    area = float((right_at * (below + wrong_at / 2.0)).sum() / (right * wrong))
    q1, q2 = area / (2.0 - area), 2.0 * area * area / (1.0 + area)
    variance = area * (1.0 - area) + (right - 1.0) * (q1 - area * area) + (wrong - 1.0) * (q2 - area * area)
    half = NormalDist().inv_cdf((1.0 + level) / 2.0) * math.sqrt(max(variance, 0.0) / (right * wrong))
    return Figure(value=area, low=max(0.0, area - half), high=min(1.0, area + half), n=n)
