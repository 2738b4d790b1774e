"""RateMonitor: change detection for a task's escalation rate, with a bound on false alarms.

A Shiryaev–Roberts e-detector (Shin, Ramdas & Rinaldo 2022, arXiv 2203.03532): for each of ten alternatives, five above
the promised band and five below it, M ← (1 + M) · L, where L is the likelihood ratio of the observation; the alarm is
raised once the mean of all M reaches ARL. While the rate stays inside the band, the mean number of requests until a
false alarm is at least ARL, however often it is checked: a repeated test on a sliding window has no such bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ARL = 20_000.0
"""Average run length (ARL): minimum mean number of requests until a false alarm."""

TOLERANCE = 0.03
"""Minimum half-width of the null band around the target, however narrow the calibrated interval."""

_UPWARDS = (0.02, 0.05, 0.1, 0.2, 0.4)
_DOWNWARDS = (0.05, 0.1, 0.2, 0.4, 0.7)
_MOST = math.log(1e12)
"""Cap of M: a raised alarm stays, and the sums stay finite."""

_EDGE = 1e-6


def null_band(target: float, interval: tuple[float, float] | None = None) -> tuple[float, float]:
    """Return the null band, the rates without alarm: `TOLERANCE` around the target, and the calibrated interval.

    It includes the interval: at 200 samples, a third of fresh calibrations are more than 3 points off.

    Raises:
        ConfigError: target or interval is not in [0, 1].
    """
    low, high = interval or (target, target)
    if not (0.0 <= target <= 1.0 and 0.0 <= low <= high <= 1.0):
        message = f"A monitor was given the target {target!r} and the interval {interval!r}; shares were expected."
        raise ConfigError(message)
    return max(0.0, min(target - TOLERANCE, low)), min(1.0, max(target + TOLERANCE, high))


class RateMonitor:
    """Change detector for one task's escalation rate, in order of requests; not thread-safe."""

    def __init__(self, band: tuple[float, float], *, arl: float = ARL) -> None:
        """Start the detector.

        Args:
            band: the rates without alarm, see `null_band`.
            arl: average run length until a false alarm, in requests, above 1.

        Raises:
            ConfigError: the band is not valid, or `arl` is not above 1.
        """
        low, high = band
        if not (0.0 <= low <= high <= 1.0 and 1.0 < arl < math.inf):
            message = (
                f"A monitor was given the band {band!r} and ARL {arl!r}; shares and a number above 1 were expected."
            )
            raise ConfigError(message)
        self.band = band
        """The rates without alarm."""
        self.arl = arl
        """Average run length until a false alarm, in requests."""
        self.seen = 0
        """Requests watched so far."""
        self.alarm_at: int | None = None
        """Number of requests before the alarm; None if there was none."""
        # A band that reaches 0 or 1 leaves no alternative beyond it.
        odds = [(high, high + (1.0 - high) * step) for step in _UPWARDS if high < 1.0]
        odds += [(low, low * (1.0 - step)) for step in _DOWNWARDS if low > 0.0]
        held = [(min(max(p, _EDGE), 1.0 - _EDGE), min(max(q, _EDGE), 1.0 - _EDGE)) for p, q in odds]
        self._up = np.array([math.log(q / p) for p, q in held])
        self._stay = np.array([math.log((1.0 - q) / (1.0 - p)) for p, q in held])
        self._log_m = np.full(len(held), -np.inf)

    @property
    def alarmed(self) -> bool:
        """True once the alarm is raised, until `reset`."""
        return self.alarm_at is not None

    @property
    def evidence(self) -> float:
        """Detection statistic: the mean of all M; 0 at the start."""
        return float(np.exp(self._log_m).mean()) if len(self._log_m) else 0.0

    def watch(self, escalated: ArrayLike) -> bool:
        """Add the escalations of the next requests, in order; return whether the alarm is raised.

        Args:
            escalated: 1 if the first rung's answer was escalated, else 0, (n,); the batch size makes no difference.

        Raises:
            DataError: a value is neither 0 nor 1.
        """
        steps = np.asarray(escalated, dtype=np.float64).ravel()
        if not np.all((steps == 0.0) | (steps == 1.0)):
            raise DataError("found an escalation that is neither 0 nor 1; one of them was expected")
        for start in range(0, len(steps), _CHUNK):
            self._take(steps[start : start + _CHUNK])
        return self.alarmed

    def reset(self) -> None:
        """Reset the state, as after a new calibration."""
        self.seen, self.alarm_at = 0, None
        self._log_m = np.full(len(self._log_m), -np.inf)

    def _take(self, steps: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        if len(self._log_m):
            # log M_t = S_t + log(M_0 + Σ_{i ≤ t} exp(−S_{i−1})), with S the running sum of log L.
            sums = np.cumsum(np.where(steps[:, None] == 1.0, self._up, self._stay), axis=0)
            before = np.vstack([np.zeros(len(self._log_m)), -sums[:-1]])
            started = np.logaddexp.accumulate(np.vstack([self._log_m, before]), axis=0)[1:]
            log_m = np.minimum(sums + started, _MOST)
            over = np.exp(log_m).mean(axis=1) >= self.arl
            if self.alarm_at is None and over.any():
                self.alarm_at = self.seen + int(np.argmax(over)) + 1
            self._log_m = log_m[-1]
        self.seen += len(steps)


_CHUNK = 4096
"""Batch size in requests: larger sums would lose precision."""


def first_alarm(escalated: ArrayLike, target: float, interval: Sequence[float] | None = None) -> int | None:
    """Return the number of requests before the alarm; None if there was none.

    Args:
        escalated: 1 if the first rung's answer was escalated, else 0, (n,), in order of time.
        target: the target rate, in [0, 1].
        interval: the calibrated interval; None for the target alone.

    Raises:
        ConfigError: the target or the interval is not in [0, 1].
        DataError: a value is neither 0 nor 1.
    """
    held = None if interval is None else (float(interval[0]), float(interval[1]))
    monitor = RateMonitor(null_band(target, held))
    monitor.watch(escalated)
    return monitor.alarm_at
