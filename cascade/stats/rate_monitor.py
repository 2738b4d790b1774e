"""RateMonitor: change detection for a task's escalation rate, with a bound on false alarms.

Ten alternatives, five above the promised band and five below it, each by its likelihood ratio (`ChangeDetector`). While
the rate stays inside the band, the mean number of requests until a false alarm is at least ARL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import ConfigError, DataError
from cascade.stats.change_detector import ARL, ChangeDetector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TOLERANCE = 0.03
"""Minimum half-width of the null band around the target, however narrow the calibrated interval."""

_UPWARDS = (0.02, 0.05, 0.1, 0.2, 0.4)
_DOWNWARDS = (0.05, 0.1, 0.2, 0.4, 0.7)
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


class RateMonitor(ChangeDetector):
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
        if not 0.0 <= low <= high <= 1.0:
            message = f"A monitor was given the band {band!r}; shares were expected."
            raise ConfigError(message)
        self.band = band
        """The rates without alarm."""
        # A band that reaches 0 or 1 leaves no alternative beyond it.
        odds = [(high, high + (1.0 - high) * step) for step in _UPWARDS if high < 1.0]
        odds += [(low, low * (1.0 - step)) for step in _DOWNWARDS if low > 0.0]
        held = [(min(max(p, _EDGE), 1.0 - _EDGE), min(max(q, _EDGE), 1.0 - _EDGE)) for p, q in odds]
        self._up = np.array([math.log(q / p) for p, q in held])
        self._stay = np.array([math.log((1.0 - q) / (1.0 - p)) for p, q in held])
        super().__init__(len(held), arl=arl)

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
        return self._watch(steps, lambda part: np.where(part[:, None] == 1.0, self._up, self._stay))


def first_alarm(
    escalated: ArrayLike, target: float, interval: Sequence[float] | None = None, *, arl: float = ARL
) -> int | None:
    """Return the number of requests before the alarm; None if there was none.

    Args:
        escalated: 1 if the first rung's answer was escalated, else 0, (n,), in order of time.
        target: the target rate, in [0, 1].
        interval: the calibrated interval; None for the target alone.
        arl: average run length until a false alarm, in requests, above 1.

    Raises:
        ConfigError: the target or the interval is not in [0, 1].
        DataError: a value is neither 0 nor 1.
    """
    held = None if interval is None else (float(interval[0]), float(interval[1]))
    monitor = RateMonitor(null_band(target, held), arl=arl)
    monitor.watch(escalated)
    return monitor.alarm_at
