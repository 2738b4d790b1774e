"""Prediction-powered inference (PPI++): the mean label of all answers, from a few labels and a judge's scores of all.

Some of n rows are labelled, row i with the known propensity pi_i; every row may have a proxy f_i for its label y_i (a
judge's score, a confidence). With S_i = 1 where labelled and w_i = S_i / pi_i the estimate of the mean label is::

    theta = lambda mean(f) + sum_i w_i (y_i - lambda f_i) / sum_i w_i

At lambda = 0 it is the self-normalised weighted mean (Hájek 1971), at lambda = 1 AIPW (Robins, Rotnitzky & Zhao 1994),
and with equal pi_i prediction-powered inference (Angelopoulos et al. 2023, arXiv 2301.09633). Lambda minimises the
variance (PPI++, Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453, section 6): a useless judge gets lambda 0 and does
no harm. A judge used *as* the label would keep its bias, however many rows there are.

Its interval is asymptotic, so it certifies nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cascade.errors import DataError
from cascade.stats.intervals import Interval, caution, proportion_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Estimated mean label of all rows."""

    value: float
    """In [0, 1]."""

    low: float
    """Lower end of the interval."""

    high: float
    """Upper end."""

    n: int
    """Number of rows."""

    n_labelled: int
    """Number of labelled rows."""

    worth: float
    """Relative efficiency: uniform labels without a proxy that give the precision of one label here; else 1."""

    weight_of_proxy: float
    """Lambda; 0 if the proxy was not used."""

    error: float = 0.0
    """Standard error of the value."""


def estimate_mean(
    correct: ArrayLike, *, propensity: ArrayLike | None = None, proxy: ArrayLike | None = None, level: float = 0.9
) -> Estimate:
    """Estimate the mean label of all rows by prediction-powered inference.

    Args:
        correct: (n,) in [0, 1], NaN where not labelled.
        propensity: (n,) in (0, 1], the probability of each row to be chosen for labelling; None if equal for all.
        proxy: (n,) in any unit, NaN if absent; it must not be fitted on these labels.
        level: confidence level of the interval.

    Raises:
        DataError: fewer than two labels, or arrays of different shapes.
    """
    y, pi, f = _checked(correct, propensity, proxy)
    labelled = ~np.isnan(y)
    n, count = y.size, int(labelled.sum())
    w = np.where(labelled, 1.0 / pi, 0.0)
    w /= w.mean()
    mean = float(np.average(y[labelled], weights=w[labelled]))
    # Influence of each row on theta: by its label, and by its proxy, whose mean over all rows is known.
    label_part = w * np.where(labelled, np.nan_to_num(y) - mean, 0.0)
    proxy_mean = float(np.average(f[labelled], weights=w[labelled]))
    proxy_part = w * (f - proxy_mean) - (f - f.mean())
    power = float(proxy_part @ proxy_part)
    share = max(0.0, float(label_part @ proxy_part) / power) if power > 1e-12 else 0.0
    value = min(1.0, max(0.0, mean - share * (proxy_mean - float(f.mean()))))
    heaviest = float(np.square(w[labelled]).mean())
    # One label of error 1/2 is added, so that a few equal labels are not certain; two parameters were fitted.
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
        error=math.sqrt(variance),
    )


def combine(strata: Sequence[tuple[float, Estimate]], level: float = 0.9) -> Estimate:
    """Return the stratified mean (Cochran 1977, section 5.3); weights sum to 1."""
    value = sum(weight * found.value for weight, found in strata)
    variance = sum((weight * found.error) ** 2 for weight, found in strata)
    plain = sum((weight * found.error) ** 2 * found.worth for weight, found in strata)
    size = max(1.0, value * (1.0 - value) / variance) if variance > 0.0 else 1.0
    low, high = proportion_interval(value * size, size, level) or (0.0, 1.0)
    if len(strata) == 1:
        low, high = strata[0][1].low, strata[0][1].high
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=sum(found.n for _, found in strata),
        n_labelled=sum(found.n_labelled for _, found in strata),
        worth=plain / variance if variance > 0.0 else 1.0,
        weight_of_proxy=sum(weight * found.weight_of_proxy for weight, found in strata),
        error=math.sqrt(variance),
    )


def _bounds(value: float, variance: float, labels: Floats, count: int, level: float) -> Interval:
    """Return the exact interval at the effective sample size (Korn & Graubard 1998)."""
    inside, size = value, float(count)
    if np.ptp(labels) > 0.0:
        inside = min(1.0 - 0.5 / count, max(0.5 / count, value))
        size = max(1.0, inside * (1.0 - inside) / variance * caution(max(count - 2, 1), level))
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
            f"found {y.shape} labels, {pi.shape} propensities and {f.shape} proxies; one of each per row was expected"
        )
    if np.any((y < 0.0) | (y > 1.0)) or not np.all((pi > 0.0) & (pi <= 1.0)) or np.any(np.isinf(f)):
        raise DataError("found a label outside [0, 1], a propensity outside (0, 1] or an infinite proxy")
    if np.sum(~np.isnan(y)) < 2:
        raise DataError(f"found {int(np.sum(~np.isnan(y)))} labels; at least 2 were expected for an estimate")
    absent = np.isnan(f)
    return y, pi, np.where(absent, f[~absent].mean() if not absent.all() else 0.0, f)
