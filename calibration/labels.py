"""What labels say about all traffic: estimates that a judge sharpens and chosen labels do not bias, and exact bounds.

Of n rows some are labelled, row i with the known probability pi_i; every row may have a proxy f_i for its label y_i (a
judge's score, a confidence). With S_i = 1 where labelled and w_i = S_i / pi_i the estimate of the mean label is::

    theta = lambda mean(f) + sum_i w_i (y_i - lambda f_i) / sum_i w_i

At lambda = 0 it is the self-normalised weighted mean (Hájek 1971), at lambda = 1 AIPW (Robins, Rotnitzky & Zhao 1994),
and with equal pi_i prediction-powered inference (Angelopoulos et al. 2023, arXiv 2301.09633). Lambda is chosen so that
the variance is least (PPI++, Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453, section 6): a useless judge gets none
and costs nothing. A judge *as* the label would be wrong by whatever the judge is wrong by, however many rows there are.

Certificates take no estimates: they need rows that were labelled with one and the same probability. `uniform_rows`
finds such rows among labels that were chosen with different ones, and `exact_interval` bounds their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibration.risk import betting_p
from cascade.errors import DataError
from cascade.watch.interval import Interval, proportion_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The mean label of all rows, estimated from some."""

    value: float
    """In [0, 1]."""

    low: float
    """Lower end of the interval."""

    high: float
    """Upper end."""

    n: int
    """Rows in all."""

    n_labelled: int
    """Labelled ones among them."""

    worth: float
    """How many labels chosen uniformly and used without a proxy tell as much as one of these; 1 where they are that."""

    weight_of_proxy: float
    """Lambda: 0 where the proxy was not used."""


def estimate_mean(
    correct: ArrayLike, *, propensity: ArrayLike | None = None, proxy: ArrayLike | None = None, level: float = 0.9
) -> Estimate:
    """Estimate the mean label of all rows from those that are labelled.

    Args:
        correct: (n,) in [0, 1], NaN where not labelled.
        propensity: (n,) in (0, 1], the probability with which each row was chosen to be labelled; None: one for all.
        proxy: (n,) in any unit, NaN where there is none; it must not have been fitted on these labels.
        level: of the interval.

    Raises:
        DataError: fewer than two labels, or arrays that do not fit together.
    """
    y, pi, f = _checked(correct, propensity, proxy)
    labelled = ~np.isnan(y)
    n, count = y.size, int(labelled.sum())
    w = np.where(labelled, 1.0 / pi, 0.0)
    w /= w.mean()
    mean = float(np.average(y[labelled], weights=w[labelled]))
    # What each row adds to theta's error: of the label, and of the proxy, whose mean over all rows is known.
    label_part = w * np.where(labelled, np.nan_to_num(y) - mean, 0.0)
    proxy_mean = float(np.average(f[labelled], weights=w[labelled]))
    proxy_part = w * (f - proxy_mean) - (f - f.mean())
    power = float(proxy_part @ proxy_part)
    share = max(0.0, float(label_part @ proxy_part) / power) if power > 1e-12 else 0.0
    value = min(1.0, max(0.0, mean - share * (proxy_mean - float(f.mean()))))
    heaviest = float(np.square(w[labelled]).mean())
    # One label of error 1/2 is added, so that a few equal labels do not pass for certainty; two figures were fitted.
    squares = float(np.square(label_part - share * proxy_part).sum()) + 0.25 * heaviest
    variance = squares / n**2 * count / max(count - 2, 1)
    plain = float(np.average(np.square(y[labelled] - mean), weights=w[labelled])) / count
    low, high = _bounds(value, variance, y[labelled], count, level)
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=n,
        n_labelled=count,
        worth=plain / variance if plain > 0.0 else 1.0,
        weight_of_proxy=share,
    )


def exact_interval(correct: ArrayLike, level: float = 0.9) -> Interval | None:
    """Bound the mean of independent, uniformly chosen labels in [0, 1] at any n; None without labels.

    Right or wrong: Clopper & Pearson (1934). Fractions: the means that betting does not refute (`risk.betting_p`), half
    of the error on each side; the rows' order must not depend on their labels. NaN are left out.
    """
    y = np.asarray(correct, dtype=np.float64)
    y = y[~np.isnan(y)]
    if np.all((y == 0.0) | (y == 1.0)):
        return proportion_interval(float(y.sum()), y.size, level)
    tail = (1.0 - level) / 2.0
    return 1.0 - _greatest(1.0 - y, tail), _greatest(y, tail)


def uniform_rows(propensity: ArrayLike, known: ArrayLike, u: ArrayLike) -> Flags:
    """Return which known rows, (n,), make up a sample in which every row had the same probability to be.

    Row i is kept where u_i < min(pi) / pi_i (von Neumann's rejection), so each row that could be chosen ends up in it
    with probability min(pi). `propensity` (n,) in (0, 1] of every row, labelled or not; `known` (n,): labelled, or
    known without a label (propensity 1), such as the loss where two rungs answer the same; `u` (n,) uniform hashed
    choices of a purpose of their own. Restrict the arrays to the rows in question (those accepted) before.
    """
    pi, chosen = np.asarray(propensity, dtype=np.float64), np.asarray(known, dtype=np.bool_)
    if not chosen.any():
        return chosen
    kept: Flags = chosen & (np.asarray(u, dtype=np.float64) < pi.min() / pi)
    return kept


def _greatest(values: Floats, tail: float) -> float:
    """The greatest mean that betting does not refute at `tail`, by bisection; p falls as the mean rises."""
    low, high = float(values.mean()), 1.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if betting_p(values, middle) <= tail else (middle, high)
    return high


def _bounds(value: float, variance: float, labels: Floats, count: int, level: float) -> Interval:
    """The interval of as many yes-or-no trials as would tell the mean as well (Korn & Graubard 1998)."""
    from scipy.special import ndtri, stdtrit

    inside, size = value, float(count)
    if np.ptp(labels) > 0.0:
        tail = (1.0 + level) / 2.0
        caution = float(ndtri(tail) / stdtrit(max(count - 2, 1), tail)) ** 2
        inside = min(1.0 - 0.5 / count, max(0.5 / count, value))
        size = max(1.0, inside * (1.0 - inside) / variance * caution)
    low, high = proportion_interval(inside * size, size, level) or (0.0, 1.0)
    return min(low, value), max(high, value)


def _checked(
    correct: ArrayLike, propensity: ArrayLike | None, proxy: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    y = np.asarray(correct, dtype=np.float64)
    pi = np.ones(y.shape) if propensity is None else np.asarray(propensity, dtype=np.float64)
    f = np.zeros(y.shape) if proxy is None else np.asarray(proxy, dtype=np.float64)
    if y.ndim != 1 or not y.shape == pi.shape == f.shape:
        raise DataError(
            f"found {y.shape} labels, {pi.shape} propensities and {f.shape} proxies; expected one each a row"
        )
    if np.any((y < 0.0) | (y > 1.0)) or not np.all((pi > 0.0) & (pi <= 1.0)) or np.any(np.isinf(f)):
        raise DataError("found a label outside [0, 1], a propensity outside (0, 1] or an infinite proxy")
    if np.sum(~np.isnan(y)) < 2:
        raise DataError(f"found {int(np.sum(~np.isnan(y)))} labels; at least 2 are needed for an estimate")
    absent = np.isnan(f)
    return y, pi, np.where(absent, f[~absent].mean() if not absent.all() else 0.0, f)
