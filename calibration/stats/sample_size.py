"""Sample sizes: how many rows a test needs, to plan labels and to report how many are missing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from cascade.errors import ConfigError

POWER = 0.8
"""Power: the probability that the rows suffice, if the assumptions hold."""

MOST = 10_000_000
"""Beyond this many rows the answer is None: labelling so many is not practical."""

_STEP = 1.02
"""Sizes are tried 2 % apart: finer would be false precision."""


def size_for_share(share: float, limit: float, delta: float, *, power: float = POWER) -> int | None:
    """Return the sample size that separates a probability of `share` from `limit`; None if no size does.

    That is the least n (to 2 %) at which the exact binomial bound of level 1 − delta on the far side of `share` does
    not reach `limit`, with probability `power` (Clopper & Pearson 1934). All in [0, 1].

    Raises:
        ConfigError: a value is out of range.
    """
    _require(share=share, limit=limit, delta=delta, power=power)
    if share == limit:
        return None
    if share > limit:
        share, limit = 1.0 - share, 1.0 - limit  # few failures below a limit on them
    from scipy.stats import binom

    sizes = _sizes()
    # The most failures with which P(Bin(n, limit) ≤ e) ≤ delta; −1 where even none is too many.
    e = binom.ppf(delta, sizes, limit)
    e = np.where(binom.cdf(e, sizes, limit) <= delta, e, e - 1)
    enough = np.flatnonzero((e >= 0) & (binom.cdf(e, sizes, share) >= power))
    return int(sizes[enough[0]]) if enough.size else None


def size_for_mean(gap: float, spread: float, delta: float, *, power: float = POWER) -> int | None:
    """Return the approximate sample size that separates a mean from a limit `gap` away, by the normal law.

    `spread` is the standard deviation of one row; `delta` the level of the one-sided bound. None where the gap is 0.
    """
    from scipy.special import ndtri

    if gap == 0.0:
        return None
    n = math.ceil(((float(ndtri(1.0 - delta)) + float(ndtri(power))) * spread / gap) ** 2)
    return max(2, n) if n <= MOST else None


def size_for_rate(rate: float, tolerance: float, confidence: float) -> int | None:
    """Return the sample size at which a fitted rate's true value is within `tolerance`, with `confidence`.

    By the rate law Beta(k, n + 1 − k), k = rate (n + 1). No labels are needed for it.

    Raises:
        ConfigError: a value is out of range.
    """
    _require(rate=rate, confidence=confidence)
    if tolerance <= 0.0:
        raise ConfigError(f"found a tolerance of {tolerance}; expected a positive share, such as 0.03 for 3 points")
    if rate in (0.0, 1.0):
        return 1
    from scipy.special import betainc

    sizes = _sizes()
    k = rate * (sizes + 1.0)
    inside = betainc(k, sizes + 1.0 - k, min(1.0, rate + tolerance)) - betainc(
        k, sizes + 1.0 - k, max(0.0, rate - tolerance)
    )
    enough = np.flatnonzero(inside >= confidence)
    return int(sizes[enough[0]]) if enough.size else None


def find_least(passes: Callable[[int], bool], *, start: int, most: int, share: int) -> int | None:
    """Return about the least size from `start` on that passes; None if above `most`.

    Sizes are doubled until one passes, then halved in between until what is left open is one part in `share`.
    """
    size, failed = start, start - 1
    while not passes(size):
        failed, size = size, 2 * size
        if size > most:
            return None
    while size - failed > max(1, size // share):
        middle = (size + failed) // 2
        if passes(middle):
            size = middle
        else:
            failed = middle
    return size


def _sizes() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    grown = np.floor(np.exp(np.arange(math.log(100.0), math.log(MOST), math.log(_STEP))))
    return np.concatenate([np.arange(1.0, 100.0), grown])


def _require(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 <= value <= 1.0:
            raise ConfigError(f"found {name} = {value}; expected a number in [0, 1]")
