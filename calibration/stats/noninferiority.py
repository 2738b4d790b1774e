"""Exact non-inferiority test on paired rows: does a policy lose more than allowed, where gains make up for harm?

Of n rows h are harmed (wrong where the reference is right) and g gained; the loss is P(harm) − P(gain). Counting harm
alone is exact too, but where both err about as often it can never show a loss that is not there. Outcomes (h, g) are
ordered by the score statistic, whose variance is fitted under the null hypothesis (Nam 1997, Biometrics 53, 1422); the
p-value is the probability of what looks as good or better, maximised over what the null hypothesis leaves open, P(gain)
(Hsueh, Liu & Chen 2001, Biometrics 57, 478). It is attained where the loss is exactly the bound, since more harm or
fewer gains never look better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST = 5_000
"""Draws up to which the test is exact within some hundredths of a second; beyond, betting costs little power."""

_GRID, _ZOOMS, _WITHIN = 64, 2, 13
"""Grid of P(gain), denser near 0; then points between the best one's neighbours, and how often that is repeated."""

_EXTREME, _HALVINGS = 12.0, 24
"""Standard errors beyond which no level lies, and how often what is between is halved to find one."""

_NOTHING = -35.0
"""Log-probabilities below which an outcome is left out: 10^-15 each."""


def noninferiority_p(harmed: int, gained: int, n: int, eps: float) -> float:
    """Return the exact p-value of "the loss exceeds `eps`", in (0, 1]; 1 where n = 0.

    `harmed` and `gained` of n independent rows, each row one of them at most; `eps` in (0, 1).
    """
    if harmed < 0 or gained < 0 or harmed + gained > n:
        raise DataError(
            f"found {harmed} rows harmed and {gained} gained of {n}; expected at most n in all, none below 0"
        )
    if not 0.0 < eps < 1.0:
        raise ConfigError(f"found a loss of {eps}; expected a number between 0 and 1")
    if n == 0:
        return 1.0
    seen = _score(np.array([float(harmed)]), np.array([float(gained)]), n, eps)[0]
    most = _most_harmed(seen, n, eps)
    return _greatest_tail(most, eps)


def noninferiority_power(harm: float, gain: float, n: int, eps: float, delta: float) -> float:
    """Return the power: the probability that n rows show a loss of at most `eps` at level `delta`.

    `harm` and `gain`: the shares of rows that are harmed and that gain; in [0, 1], at most 1 together. For planning.
    """
    if gain >= 1.0:
        return 1.0
    low, high = -_EXTREME, _EXTREME
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        passes = _greatest_tail(_most_harmed(middle, n, eps), eps) <= delta
        low, high = (middle, high) if passes else (low, middle)
    return float(_tails(np.array([gain]), _most_harmed(low, n, eps), np.array([harm]))[0])


def _greatest_tail(most: NDArray[np.intp], eps: float) -> float:
    """Return the p-value: the greatest probability of at most `most` harmed, over all P(gain), at a loss of `eps`."""
    gains = np.linspace(0.0, 1.0, _GRID) ** 2 * (1.0 - eps) / 2.0
    tails = _tails(gains, most, gains + eps)
    for _ in range(_ZOOMS):
        best = int(np.argmax(tails))
        closer = np.linspace(gains[max(best - 1, 0)], gains[min(best + 1, len(gains) - 1)], _WITHIN)
        gains, tails = np.concatenate([gains, closer]), np.concatenate([tails, _tails(closer, most, closer + eps)])
        order = np.argsort(gains, kind="stable")
        gains, tails = gains[order], tails[order]
    return min(1.0, float(tails.max()))


def _score(harmed: Floats, gained: Floats, n: int, eps: float) -> Floats:
    """Return the score statistic: loss seen minus `eps`, in standard errors under the null hypothesis."""
    # P(gain) of greatest likelihood where P(harm) = P(gain) + eps is the positive root of 2 n q² − b q − c.
    b = harmed * (1.0 - eps) + gained * (1.0 - 3.0 * eps) - 2.0 * (n - harmed - gained) * eps
    c = gained * eps * (1.0 - eps)
    q = np.clip((b + np.sqrt(b * b + 8.0 * n * c)) / (4.0 * n), 0.0, (1.0 - eps) / 2.0)
    return np.asarray((harmed - gained - n * eps) / np.sqrt(n * (2.0 * q + eps - eps * eps)))


def _most_harmed(seen: float, n: int, eps: float) -> NDArray[np.intp]:
    """Return the critical values: most harmed rows no worse than `seen`, for 0 .. n gained; −1: none."""
    gained = np.arange(n + 1)
    low, high = np.full(n + 1, -1), n - gained
    while (open_ := low < high).any():
        middle = (low + high + 1) // 2
        good = _score(middle.astype(np.float64), gained.astype(np.float64), n, eps) <= seen + 1e-9
        low, high = np.where(open_ & good, middle, low), np.where(open_ & ~good, middle - 1, high)
    # The statistic rises with harm and falls with gains; rounding must not break that, for the maximum rests on it.
    return np.minimum(np.maximum.accumulate(low), n - gained).astype(np.intp)


def _tails(gain: Floats, most: NDArray[np.intp], harm: Floats) -> Floats:
    """Return, for each pair of P(gain) and P(harm), (m,), the probability of at most so many harmed at each gained."""
    from scipy.special import bdtr, gammaln, xlog1py, xlogy

    n = len(most) - 1
    g, q = np.arange(n + 1), gain[:, None]
    choices = gammaln(n + 1) - gammaln(g + 1) - gammaln(n - g + 1)
    log_p = choices + xlogy(g, q) + xlog1py(n - g, -q)
    found = np.zeros(log_p.shape)
    i, j = np.nonzero((log_p > _NOTHING) & (most >= 0))
    # Of the rows that gain nothing, each is harmed with the same probability.
    found[i, j] = np.exp(log_p[i, j]) * bdtr(most[j], n - j, np.minimum(1.0, harm[i] / (1.0 - gain[i])))
    return np.asarray(found.sum(axis=1))
