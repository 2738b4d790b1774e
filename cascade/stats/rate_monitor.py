"""RateMonitor: notices that a task's escalation rate has left what calibration promised, without crying wolf.

A Shiryaev–Roberts e-detector (Shin, Ramdas & Rinaldo 2022, arXiv 2203.03532): for each of ten alternatives, five above
the promised band and five below it, M ← (1 + M) · L, where L is the likelihood ratio of what was seen; the alarm is
raised once the mean of all M reaches ARL. While the rate stays inside the band, the mean number of requests until a
false alarm is at least ARL, however often one looks: a test repeated on a sliding window has no such bound.
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
"""Average run length: how many requests pass, on average and at least, until a false alarm."""

TOLERANCE = 0.03
"""A rate this close to its target is no news, however narrow the calibration's interval."""

_UPWARDS = (0.02, 0.05, 0.1, 0.2, 0.4)
_DOWNWARDS = (0.05, 0.1, 0.2, 0.4, 0.7)
_MOST = math.log(1e12)
"""M is capped here: an alarm that has been raised stays one, and the sums stay finite."""

_EDGE = 1e-6


def null_band(target: float, interval: tuple[float, float] | None = None) -> tuple[float, float]:
    """Return the rates that are no news: `TOLERANCE` around the target, and the calibration's own interval.

    The interval belongs in it: at 200 samples a third of fresh calibrations truly lie more than 3 points off.

    Raises:
        ConfigError: target or interval are no shares.
    """
    low, high = interval or (target, target)
    if not (0.0 <= target <= 1.0 and 0.0 <= low <= high <= 1.0):
        message = f"A monitor was given the target {target!r} and the interval {interval!r}; shares were expected."
        raise ConfigError(message)
    return max(0.0, min(target - TOLERANCE, low)), min(1.0, max(target + TOLERANCE, high))


class RateMonitor:
    """Watches one task's escalations, in the order in which they come; not safe to share between threads."""

    def __init__(self, band: tuple[float, float], *, arl: float = ARL) -> None:
        """Begin to watch.

        Args:
            band: the rates that raise no alarm, see `null_band`.
            arl: average run length until a false alarm, in requests, above 1.

        Raises:
            ConfigError: the band is none, or `arl` is not above 1.
        """
        low, high = band
        if not (0.0 <= low <= high <= 1.0 and 1.0 < arl < math.inf):
            message = (
                f"A monitor was given the band {band!r} and ARL {arl!r}; shares and a number above 1 were expected."
            )
            raise ConfigError(message)
        self.band = band
        """The rates that raise no alarm."""
        self.arl = arl
        """Average run length until a false alarm, in requests."""
        self.seen = 0
        """Requests watched so far."""
        self.alarm_at: int | None = None
        """After how many requests the alarm was raised; None: it was not."""
        # A band that reaches to an end leaves no rate beyond it, and no alternative.
        odds = [(high, high + (1.0 - high) * step) for step in _UPWARDS if high < 1.0]
        odds += [(low, low * (1.0 - step)) for step in _DOWNWARDS if low > 0.0]
        held = [(min(max(p, _EDGE), 1.0 - _EDGE), min(max(q, _EDGE), 1.0 - _EDGE)) for p, q in odds]
        self._up = np.array([math.log(q / p) for p, q in held])
        self._stay = np.array([math.log((1.0 - q) / (1.0 - p)) for p, q in held])
        self._log_m = np.full(len(held), -np.inf)

    @property
    def alarmed(self) -> bool:
        """True once the alarm was raised; it stays until `reset`."""
        return self.alarm_at is not None

    @property
    def evidence(self) -> float:
        """The mean of all M, the alarm's own measure; 0 at the beginning."""
        return float(np.exp(self._log_m).mean()) if len(self._log_m) else 0.0

    def watch(self, escalated: ArrayLike) -> bool:
        """Take what the next requests did, in order, and tell whether the alarm is raised.

        Args:
            escalated: 1 where the first rung's answer was left upwards, else 0, (n,); one or many at a time come to
                the same.

        Raises:
            DataError: a value is neither 0 nor 1.
        """
        steps = np.asarray(escalated, dtype=np.float64).ravel()
        if not np.all((steps == 0.0) | (steps == 1.0)):
            raise DataError("found an escalation that is neither 0 nor 1")
        for start in range(0, len(steps), _CHUNK):
            self._take(steps[start : start + _CHUNK])
        return self.alarmed

    def reset(self) -> None:
        """Forget everything, as after a new calibration."""
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
"""Requests that are taken at once: the sums over more would lose digits."""


def first_alarm(escalated: ArrayLike, target: float, interval: Sequence[float] | None = None) -> int | None:
    """Return after how many of the requests the rate was noticed to have left its promise; None: it was not.

    Args:
        escalated: 1 where the first rung's answer was left upwards, else 0, (n,), in order of time.
        target: the rate that was asked for, in [0, 1].
        interval: low and high end of what calibration promised; None: the target alone.

    Raises:
        ConfigError: the target or the interval are no shares.
        DataError: a value is neither 0 nor 1.
    """
    held = None if interval is None else (float(interval[0]), float(interval[1]))
    monitor = RateMonitor(null_band(target, held))
    monitor.watch(escalated)
    return monitor.alarm_at
