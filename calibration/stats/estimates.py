"""Estimates: a mean with its 90 % confidence interval; rows of one group do not count as independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.stats.margin import bound_mean
from cascade.stats.influence import independent
from cascade.stats.intervals import mean_interval


def mean(values: Floats) -> float | None:
    """Return the mean; None without values."""
    return float(values.mean()) if values.size else None


def estimate(values: Floats, groups: Sequence[str | None] | None = None) -> dict[str, float | None]:
    """Return the mean of values (n,) in [0, 1] as `value`, with the `low` and `high` end of its 90 % interval.

    `groups` (n,): rows of one group count as many independent rows as the variance between groups says (Kish 1965).
    """
    if groups is not None and independent(len(values), groups) < len(values):
        margin = bound_mean(values, 0.05, groups=groups, exact_below=0)
        return {"value": margin.value, "low": margin.low, "high": margin.high}
    low, high = mean_interval(values) or (None, None)
    return {"value": mean(values), "low": low, "high": high}


def pick(groups: Sequence[str | None] | None, keep: Flags) -> tuple[str | None, ...] | None:
    """Return the groups of the rows to keep, (n,); None without groups."""
    return None if groups is None else tuple(groups[int(i)] for i in np.flatnonzero(keep))
