"""RankMonitor: change detection for confidences, or a feature, against a sample of them, without labels.

A sequential two-sample test: each value becomes its mid-rank u in the sample, whose mean is 1/2 while nothing
changes, and its distance from the middle, |2u − 1|. Bets that either mean has left its band are alternatives of one
`ChangeDetector` (betting as in Waudby-Smith & Ramdas 2024). The band is .03 for changes that do not matter, and
1.96/√(12 n) for what a sample of n is itself off by: without it nearly every long stream alarms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import DataError
from cascade.stats.change_detector import ARL, ChangeDetector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DIGITS = 6
"""Decimals to which values are compared."""

_TOLERANCE = 0.03
"""Shift of a mean rank that is no change."""

_BETS = np.array([0.1, 0.3, 0.6])
"""Sizes of bets, as shares of the largest one that cannot lose everything."""


def half_band(n: int) -> float:
    """Return the half-width of the band around a mean rank, by the size of the sample."""
    return _TOLERANCE + 1.96 / math.sqrt(12.0 * n)


class RankMonitor(ChangeDetector):
    """Change detector for one figure of a rung's answers, in order of requests; not thread-safe."""

    def __init__(self, values: Sequence[float], n: int, *, arl: float = ARL) -> None:
        """Start the detector.

        Args:
            values: figures where nothing has changed, or quantiles of them; one at least.
            n: independent rows behind them.
            arl: average run length until a false alarm, in requests, above 1.

        Raises:
            ConfigError: `arl` is not above 1.
            DataError: there are no values.
        """
        self._values = np.asarray(sorted(round(float(one), DIGITS) for one in values), dtype=np.float64)
        if not len(self._values) or n < 1:
            message = f"A monitor was given {len(self._values)} values of {n} rows; one at least was expected."
            raise DataError(message)
        band = half_band(n)
        spread = float(self._placed(self._values)[:, 1].mean())
        self._centres = np.array([0.5, spread])
        self._highs = np.minimum(self._centres + band, 1.0)
        self._lows = np.maximum(self._centres - band, 0.0)
        super().__init__(4 * len(_BETS), arl=arl)

    def watch(self, values: ArrayLike) -> bool:
        """Add the values of the next requests, in order, (n,); return whether the alarm is raised.

        Raises:
            DataError: a value is not a finite number.
        """
        found = np.asarray(values, dtype=np.float64).ravel()
        if not np.isfinite(found).all():
            raise DataError("found a value that is not a finite number")
        return self._watch(np.round(found, DIGITS), self._log_l)

    def _placed(self, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mid-ranks in the sample, and their distance from the middle, (n, 2)."""
        below, upto = (np.searchsorted(self._values, found, side=side) for side in ("left", "right"))
        ranks = (below + upto) / (2.0 * len(self._values))
        return np.column_stack([ranks, np.abs(2.0 * ranks - 1.0)])

    def _log_l(self, found: NDArray[np.float64]) -> NDArray[np.float64]:
        placed = self._placed(found)
        up, down = (
            placed / np.maximum(self._highs, 1e-9) - 1.0,
            (1.0 - placed) / np.maximum(1.0 - self._lows, 1e-9) - 1.0,
        )
        moved = np.hstack([up, down])  # (n, 4), of mean 0 at most where nothing has changed
        bets: NDArray[np.float64] = np.log1p((moved[:, :, None] * _BETS).reshape(len(found), -1))
        return bets
