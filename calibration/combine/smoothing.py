"""Label smoothing: labels replaced by P(correct | confidences), since single labels are too noisy for a search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats
from calibration.stats.logistic import fit_logistic

C = 0.2
"""Inverse ridge of the slopes. On recorded ladders of four models at 300 labels .2 gave the cheapest policies at equal
realised loss, and losses near the aim; 1 was up to a tenth dearer and lost .3 points more than the aim."""

EDGE = 0.005
"""Clip of confidences away from 0 and 1, so that no single sure answer dominates the slope."""

MAX_ROWS = 20_000
"""Most rows of a fit; with more, the few coefficients hardly move."""


def smooth_correct(
    confidences: Floats, correct: Floats, *, forced: NDArray[np.bool_] | None = None, weights: Floats | None = None
) -> Floats:
    """Return P(correct_k | c_1 .. c_k) of every row and rung, (n, K) in [0, 1].

    `confidences` (n, D) out of fold, D = K or K - 1: the last rung's own decides nothing and is not needed;
    `correct` (n, K) in [0, 1], NaN where unlabelled; `forced` (n, D): rows that a veto escalates; `weights` (n,).
    Ridge logistic regression on the log-odds of the confidences, fitted on the labelled rows: the mean over them is
    that of the labels. A rung with labels of one class gets their mean; one without labels gets NaN.
    """
    log_odds = _log_odds(confidences)
    probabilities = np.full(correct.shape, np.nan)
    for k in range(correct.shape[1]):
        own = min(k + 1, confidences.shape[1])
        columns = [log_odds[:, :own]]
        if forced is not None and forced[:, :own].any():
            columns.append(forced[:, :own].astype(np.float64))
        probabilities[:, k] = _smooth(np.hstack(columns), correct[:, k], weights)
    return probabilities


def smooth_pairs(
    confidences: Floats, correct: Floats, *, forced: NDArray[np.bool_] | None = None, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return P(correct_k | c_1 .. c_k), (n, K), and P(exactly one of rung k and the last is right), (n, K).

    The first is the mean of two estimates: a rung's own (`smooth_correct`, which documents the arguments), and that on
    pairs, P(correct_K) − P(harm_k) + P(gain_k), harm meaning that only the last rung is right. Models of two rungs
    fitted separately differ even where labels agree; pairs show no loss where both answers get the same label.
    A rung of which less than half of the labels are in pairs is smoothed by itself.
    """
    found = smooth_correct(confidences, correct, forced=forced, weights=weights)
    better = correct[:, :-1] - correct[:, -1:]
    known = ~np.isnan(correct[:, :-1])
    paired = np.flatnonzero(2 * (~np.isnan(better)).sum(axis=0) >= np.maximum(known.sum(axis=0), 1))
    harm = smooth_correct(confidences, np.maximum(-better, 0.0), forced=forced, weights=weights)
    gain = smooth_correct(confidences, np.maximum(better, 0.0), forced=forced, weights=weights)
    found[:, paired] = (found[:, paired] + found[:, -1:] - harm[:, paired] + gain[:, paired]) / 2.0
    differs = np.zeros_like(found)
    differs[:, :-1] = np.nan_to_num(harm + gain)
    return found, differs


def _smooth(rows: Floats, correct: Floats, weights: Floats | None) -> Floats:
    known = np.flatnonzero(~np.isnan(correct))
    if not known.size:
        return np.full(len(correct), np.nan)
    known = known[:: max(1, -(-len(known) // MAX_ROWS))]
    y = correct[known]
    w = None if weights is None else weights[known]
    if rows.shape[1] == 0 or y.min() == y.max():
        return np.full(len(correct), float(np.average(y, weights=w)))
    coefficients, intercept = fit_logistic(rows[known], y, c=C, weights=w)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(rows @ coefficients + intercept, -60.0, 60.0))))


def _log_odds(confidences: Floats) -> Floats:
    """Log-odds, standardised by column: the ridge must not depend on how sure a combiner is."""
    held = np.clip(confidences, EDGE, 1.0 - EDGE)
    found = np.log(held / (1.0 - held))
    spread = found.std(axis=0)
    return np.asarray((found - found.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0))
