"""Calibration measures of confidences against labels: ECE, Brier score and AURC.

All take `confidences` (n_samples,) in [0, 1] or any order-preserving score, and `correct` (n_samples,) in [0, 1]. Rows
where either is NaN are left out. A fractional label counts as that share of a right row and the rest of a wrong one.
All are None without rows. None of them depends on the rows' order: tied rows share the mean of their labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

ECE_BINS = 15


def ece(confidences: ArrayLike, correct: ArrayLike) -> float | None:
    """Expected calibration error: mean |confidence - accuracy| over 15 bins of equal count; 0 is perfect.

    Naeini, Cooper & Hauskrecht (2015), with equal counts (Nguyen & O'Connor 2015). Even perfect confidences have about
    sqrt(15 / n) / 3 of it, so compare like with like.
    """
    scores, labels = _ranked(confidences, correct)
    if not scores.size:
        return None
    bins = [bin_ for bin_ in np.array_split(np.arange(scores.size), ECE_BINS) if bin_.size]
    return float(sum(bin_.size * abs(float((scores[bin_] - labels[bin_]).mean())) for bin_ in bins) / scores.size)


def brier(confidences: ArrayLike, correct: ArrayLike) -> float | None:
    """Mean squared difference of confidence and label (Brier 1950); 0 is perfect, .25 what a coin's .5 gets."""
    scores, labels = _rows(confidences, correct)
    return float(np.square(scores - labels).mean()) if scores.size else None


def aurc(confidences: ArrayLike, correct: ArrayLike) -> float | None:
    """Area under the risk-coverage curve: mean error of the k most confident answers, over all k (Geifman et al. 2019).

    0 is perfect; confidences that say nothing get the error rate. Within a tie, any order is as likely as another.
    """
    scores, labels = _ranked(confidences, correct)
    if not scores.size:
        return None
    wrong = np.cumsum(1.0 - labels[::-1])
    return float(np.mean(wrong / np.arange(1, scores.size + 1)))


def _rows(confidences: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scores, labels = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    known = ~(np.isnan(scores) | np.isnan(labels))
    return scores[known], labels[known]


def _ranked(confidences: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows by rising confidence, tied ones with the mean of their labels."""
    scores, labels = _rows(confidences, correct)
    _, level = np.unique(scores, return_inverse=True)
    order = np.argsort(scores, kind="stable")
    means = np.bincount(level, weights=labels) / np.maximum(np.bincount(level), 1)
    return scores[order], means[level[order]]
