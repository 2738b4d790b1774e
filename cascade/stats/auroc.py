"""AUROC: how well a score separates right from wrong answers, with a confidence interval.

Its standard error is that of a mean of influences (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44), which supports
ties, fractional labels and groups and assumes no distribution of the scores; the interval is Student's t.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cascade.stats.influence import Statistic, weight_below


def auroc(confidences: ArrayLike, correct: ArrayLike) -> float | None:
    """Return the AUROC: the probability that a right answer has more confidence than a wrong one; ties count half.

    Args:
        confidences: (n,), any score that rises with confidence.
        correct: (n,), in [0, 1]; rows where either is NaN are left out.

    None where all labels are of one kind.
    """
    scores, labels = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    known = ~(np.isnan(scores) | np.isnan(labels))
    found = measure_auroc(scores[known], labels[known])
    return None if found is None else found.value


def measure_auroc(confidences: ArrayLike, correct: ArrayLike) -> Statistic | None:
    """Return the AUROC of confidences (n,) for labels (n,) in [0, 1]; None if all labels are equal.

    A fractional label counts as that share of a right row and the rest of a wrong one. Neither may be NaN.
    """
    c, y = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    n, right = y.size, float(y.sum())
    wrong = n - right
    if right <= 0.0 or wrong <= 0.0:
        return None
    beats = weight_below(c, 1.0 - y) / wrong  # V10: share of wrong rows below each row
    beaten = 1.0 - weight_below(c, y) / right  # V01: share of right rows above each row
    value = float(np.sum(y * beats) / right)
    influence = n / right * y * (beats - value) + n / wrong * (1.0 - y) * (beaten - value)
    return Statistic(value=value, influence=influence, within=(0.0, 1.0), pairs=min(right, wrong))
