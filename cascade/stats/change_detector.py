"""ChangeDetector: sequential change detection with a bound on false alarms, whatever is watched.

A Shiryaev–Roberts e-detector (Shin, Ramdas & Rinaldo 2022, arXiv 2203.03532): for each alternative, M ← (1 + M) · L,
where L is the likelihood ratio, or the bet, of the observation; the alarm is raised once the mean of all M reaches ARL.
While nothing changes, the mean number of observations until a false alarm is at least ARL, however often it is checked:
a repeated test on a sliding window has no such bound. Several detectors share one ARL where each has its multiple.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ARL = 20_000.0
"""Average run length (ARL): minimum mean number of requests until a false alarm."""

_MOST = math.log(1e12)
"""Cap of M: a raised alarm stays, and the sums stay finite."""

_CHUNK = 4096
"""Batch size in observations: larger sums would lose precision."""


class ChangeDetector:
    """Detector of a change, in order of observations; not thread-safe."""

    def __init__(self, alternatives: int, *, arl: float = ARL) -> None:
        """Start with a number of alternatives.

        Args:
            alternatives: how many are mixed, with equal weights.
            arl: average run length until a false alarm, in observations, above 1.

        Raises:
            ConfigError: `arl` is not above 1.
        """
        if not 1.0 < arl < math.inf:
            message = f"A monitor was given ARL {arl!r}; a number above 1 was expected."
            raise ConfigError(message)
        self.arl = arl
        """Average run length until a false alarm, in observations."""
        self.seen = 0
        """Observations so far."""
        self.alarm_at: int | None = None
        """Number of observations before the alarm; None if there was none."""
        self._log_m = np.full(alternatives, -np.inf)

    @property
    def alarmed(self) -> bool:
        """True once the alarm is raised, until `reset`."""
        return self.alarm_at is not None

    @property
    def evidence(self) -> float:
        """Detection statistic: the mean of all M; 0 at the start."""
        return float(np.exp(self._log_m).mean()) if len(self._log_m) else 0.0

    def reset(self) -> None:
        """Reset the state, as after a new calibration."""
        self.seen, self.alarm_at = 0, None
        self._log_m = np.full(len(self._log_m), -np.inf)

    def _watch(self, steps: NDArray[np.float64], log_l: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> bool:
        """Add observations (n,), whose log L by alternative is `log_l`, (n, A); return whether the alarm is raised."""
        for start in range(0, len(steps), _CHUNK):
            part = steps[start : start + _CHUNK]
            if len(self._log_m):
                self._take(log_l(part))
            self.seen += len(part)
        return self.alarmed

    def _take(self, log_l: NDArray[np.float64]) -> None:
        # log M_t = S_t + log(M_0 + Σ_{i ≤ t} exp(−S_{i−1})), with S the running sum of log L.
        sums = np.cumsum(log_l, axis=0)
        before = np.vstack([np.zeros(len(self._log_m)), -sums[:-1]])
        started = np.logaddexp.accumulate(np.vstack([self._log_m, before]), axis=0)[1:]
        log_m = np.minimum(sums + started, _MOST)
        over = np.exp(log_m).mean(axis=1) >= self.arl
        if self.alarm_at is None and over.any():
            self.alarm_at = self.seen + int(np.argmax(over)) + 1
        self._log_m = log_m[-1]
