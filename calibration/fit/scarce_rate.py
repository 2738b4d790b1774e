"""Scarce rate: the interval of a rate whose combiner was fitted to few labels for its features.

The law of a fitted rate holds for given scores. A combiner that was fitted to the very rows spreads their confidences
more than those of other rows, so that fewer of these fall below the threshold. How many do is estimated by confidences
of combiners that did not see the row, and the interval holds both.
"""

from __future__ import annotations

import numpy as np

from calibration.combine.rung_fits import RungFits
from calibration.fit.warnings import is_scarce
from calibration.stats.rate import rate_interval
from cascade.policy.operating_point import OperatingPoint

PER_FEATURE = 35
"""Labels per feature from which on a rate's law holds as it stands: with 33 it covered .82 at a target of 5 %."""

CONTINUOUS = 0.9
"""Least share of different confidences: each fold gives a tie group another value, and (t, g) would break."""


def cross_fitted_interval(fits: RungFits, point: OperatingPoint, size: float) -> tuple[float, float] | None:
    """Return the interval of the first rung's rate by combiners that did not see the row.

    None where labels are not scarce, nothing was learnt, or confidences have ties.

    Args:
        fits: the combiners of a task.
        point: the point that serves.
        size: effective sample size.
    """
    laid, rung = fits.table, point.rungs[0]
    if not fits.learns or not point.thresholds or rung not in laid.rungs:
        return None
    k = laid.rungs.index(rung)
    if not is_scarce(laid, k, per_feature=PER_FEATURE):
        return None
    rows = laid.present[:, k]
    free = rows & ~laid.forced[:, k]
    served = fits.served((rung,))[free]
    if not free.any() or len(np.unique(served)) < CONTINUOUS * len(served):
        return None
    up = int(rows.sum()) - int(free.sum()) + int((fits.held_out((rung,))[free] < point.thresholds[0].t).sum())
    n = int(rows.sum())
    return rate_interval(size, min(max(up / n, 1.0 / (n + 1.0)), n / (n + 1.0)))
