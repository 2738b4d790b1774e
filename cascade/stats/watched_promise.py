"""Watched promise: whether a stream of served answers refutes a certified bound, or shows that it holds.

Two betting tests that are valid after every row (Waudby-Smith & Ramdas 2024). *Refuted* rejects "the risk is at most
the bound": a mixture over the day on which the risk may have changed (day k has the prior weight 1 / (k (k + 1))) and
over the size of the bet, so that good weeks do not hide a bad one. *Holds* rejects "the risk is at least the bound"
over the whole stream. A row that nobody labelled counts as unharmed for the first test, and as harmed for the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from cascade.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

State = Literal["refuted", "holds", "too few"]
"""What the stream shows about a bound."""

_BETS = np.array([0.03, 0.08, 0.15, 0.25, 0.4, 0.6, 0.8])
"""Sizes of bets, as shares of the largest one that cannot lose everything; mixed with equal weights."""

_MOST = 1e12
"""Evidence is capped here: a refuted promise stays refuted, and sums stay finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPromise:
    """What a stream shows about one bound."""

    state: State
    """`refuted`: the risk is above the bound. `holds`: it is below. `too few`: neither is shown yet."""
    n: int
    """Rows of the stream."""
    harmed: int
    """Rows known to be harmed."""
    unknown: int
    """Rows that differ and have no label."""
    against: float
    """Evidence against the promise, an e-value: `refuted` from 1 / δ on."""
    in_favour: float
    """Evidence for it, an e-value: `holds` from 1 / δ on."""
    refuted_at: int | None = None
    """Number of rows after which it was refuted; None if it is not."""


def watch_promise(
    low: Sequence[float], high: Sequence[float], days: Sequence[int], *, bound: float, delta: float, least: float = 0.0
) -> WatchedPromise:
    """Test a bound on the mean harm of a stream.

    Args:
        low: the harm of each row, in [least, 1], in order of time; that of an unlabelled row is 0.
        high: the same, where that of an unlabelled row is 1.
        days: the day of each row, never falling.
        bound: the promised bound on the mean harm, in (0, 1).
        delta: error probability of each test, in (0, 1).
        least: the smallest possible harm: 0, or −1 where an answer may be better than the reference's.

    Raises:
        DataError: lengths differ, a value is out of range, or days fall.
    """
    found, worst, order = np.asarray(low, float), np.asarray(high, float), np.asarray(days, int)
    if not len(found) == len(worst) == len(order):
        message = (
            f"A stream has {len(found)} harms, {len(worst)} upper ones and {len(order)} days; as many were expected."
        )
        raise DataError(message)
    if not (0.0 < bound < 1.0 and 0.0 < delta < 1.0):
        message = f"The bound is {bound!r} and delta {delta!r}; numbers between 0 and 1 were expected."
        raise DataError(message)
    if len(found) and (found.min() < least or worst.max() > 1.0 or (found > worst).any() or (np.diff(order) < 0).any()):
        message = "Harms of a stream must lie between the smallest possible and 1, in order of days."
        raise DataError(message)
    against, refuted_at = _against(found - bound, order, 1.0 / (bound - least), 1.0 / delta)
    in_favour = _in_favour(bound - worst, 1.0 / (1.0 - bound))
    state: State = "refuted" if refuted_at is not None else "holds" if in_favour >= 1.0 / delta else "too few"
    return WatchedPromise(
        state=state,
        n=len(found),
        harmed=int((found > 0.0).sum()),
        unknown=int((found != worst).sum()),
        against=against,
        in_favour=in_favour,
        refuted_at=refuted_at,
    )


def _against(
    excess: NDArray[np.float64], days: NDArray[np.int_], most: float, enough: float
) -> tuple[float, int | None]:
    """Return the largest value of the mixture over starts and bets, and the row at which it was enough."""
    started, largest, waiting, number = np.zeros(len(_BETS)), 1.0, 1.0, 0
    refuted_at: int | None = None
    day: int | None = None
    for at, one in enumerate(excess, start=1):
        if days[at - 1] != day:
            day, number = int(days[at - 1]), number + 1
            started += 1.0 / (number * (number + 1))
            waiting = 1.0 / (number + 1)
        started = np.minimum(started * (1.0 + _BETS * most * one), _MOST)
        value = float(started.mean()) + waiting
        largest = max(largest, value)
        if refuted_at is None and value >= enough:
            refuted_at = at
    return largest, refuted_at


def _in_favour(room: NDArray[np.float64], most: float) -> float:
    """Return the largest value of the mixture over bets."""
    value, largest = np.ones(len(_BETS)), 1.0
    for one in room:
        value = np.minimum(value * (1.0 + _BETS * most * one), _MOST)
        largest = max(largest, float(value.mean()))
    return largest
