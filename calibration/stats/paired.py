"""Two policies on the same rows: whether one is worse, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibration.stats.risk import betting_p


def sign_test(drops: ArrayLike) -> float:
    """Return the p-value of "the second policy is on average no worse than the first".

    `drops` (n,) in [−1, 1]: how much less right the second is on each row. Where they are −1, 0 or 1, the exact test of
    McNemar (1947, Psychometrika 12): P(Bin(h + g, ½) ≥ h) with h rows worse and g better. Else betting. 1 where no row
    differs.
    """
    x = np.asarray(drops, dtype=np.float64)
    worse, better = int(np.sum(x > 0.0)), int(np.sum(x < 0.0))
    if not worse + better:
        return 1.0
    if np.isin(x, (-1.0, 0.0, 1.0)).all():
        from scipy.stats import binom

        return float(binom.sf(worse - 1, worse + better, 0.5))
    # "The mean drop is at most 0" turned over, since betting refutes means that are too great.
    return betting_p(np.random.default_rng(0).permutation(-x), 0.0, low=-1.0, high=1.0)
