"""Shrinkage of rate thresholds (partial pooling): a task with few samples borrows the others' score distribution.

The distribution F_i of task i's confidences is taken to vary between tasks like a Dirichlet process around their mean m
(Ferguson 1973): at every t, F_i(t) is Beta(kappa m(t), kappa (1 - m(t))). Its posterior mean,
(n_i F̂_i + kappa m) / (n_i + kappa), is set equal to the rate. Kappa comes from how much, beyond luck, the tasks' shares
differ at the threshold that has the rate in the mean (empirical Bayes by moments: Morris 1983). Where tasks have little
in common, kappa is small and every task keeps its own threshold; a fixed weight instead of kappa was up to 12 points
worse than that.

Shrinkage would bias a task that is unlike the others, so it is limited (Efron & Morris 1972): t moves no further than
where the share of the task's own rows below t leaves the interval of its own threshold's law. The true rate is then
about Beta(r s, (1 - r) s) with s = n_i + 1 + kappa'. kappa' is below kappa, since the spread between tasks is itself
estimated from few tasks: its upper confidence limit is used, with the degrees of freedom of Student's t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calibration.arrays import Floats
from calibration.stats.rate import fit_threshold, rate_interval
from cascade.errors import ConfigError, DataError
from cascade.stats.intervals import caution

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


GRID = 400
"""Values of t, quantiles of all confidences together, at which shares are compared."""

MAX_KAPPA = 1e4
"""Greatest strength of the prior, in rows: beyond, tasks count as identical."""

DOUBT = 0.1
"""Probability that tasks differ by more than the interval of a rate allows."""

_FORCED = -1.0
"""Stands for rows that always escalate: below every confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """One task's shrunk threshold, with the interval of its rate."""

    threshold: tuple[float, float]
    """(t, g): escalate if c < t, or if c == t and u < g."""

    borrowed: float
    """Weight of the other tasks in the rate, in rows: kappa' above; 0 if none."""

    low: float
    """Lower end of the 90 % interval of the true rate."""

    high: float
    """Upper end."""


def shrink_thresholds(
    confidences: Sequence[ArrayLike],
    rate: float | Sequence[float],
    *,
    forced: Sequence[ArrayLike] | None = None,
    level: float = 0.9,
) -> tuple[Shrunk, ...]:
    """Fit the thresholds (t, g) of all tasks with shrinkage, ties included; see `rate.fit_threshold` for one task.

    Args:
        confidences: of each task, (n_i,) in [0, 1]; an empty one is a new task and gets the prior's threshold.
        rate: of all tasks or of each, in [0, 1].
        forced: of each task, (n_i,): rows that always escalate; they count towards the rate, and where they alone
            exceed it the threshold is (0, 0).
        level: of the intervals.

    Raises:
        ConfigError: a rate is out of range.
        DataError: no confidences, or one out of range.
    """
    rates = [float(one) for one in ([rate] * len(confidences) if isinstance(rate, int | float) else rate)]
    for one in rates:
        if not 0.0 <= one <= 1.0:
            raise ConfigError(f"found an escalation rate of {one}, expected a number in [0, 1]")
    rows = [np.asarray(found, dtype=np.float64) for found in confidences]
    pooled = np.concatenate(rows) if rows else np.empty(0)
    if not pooled.size or not np.all((pooled >= 0.0) & (pooled <= 1.0)):
        raise DataError(
            "found no confidences, or some outside [0, 1]: shares of tasks are compared on their own traffic"
        )
    up = [np.asarray(found, dtype=np.bool_) for found in forced or [np.zeros(found.size) for found in rows]]
    known = [i for i, found in enumerate(rows) if found.size]
    if len(known) < 2:
        t, g = fit_threshold(rows[known[0]], rates[known[0]], vetoed=up[known[0]])
        alone = [
            rate_interval(found.size, one, level) if found.size else (0.0, 1.0)
            for found, one in zip(rows, rates, strict=True)
        ]
        return tuple(Shrunk(threshold=(t, g), borrowed=0.0, low=low, high=high) for low, high in alone)
    placed = [np.sort(np.where(veto, _FORCED, found)) for found, veto in zip(rows, up, strict=True)]
    grid = _grid(np.concatenate(placed))
    sizes = np.array([found.size for found in rows], dtype=np.float64)
    shares = np.stack([_shares(found, grid) for found in placed])
    told = sizes > 0
    priors = {one: _prior(shares[told], sizes[told], one) for one in dict.fromkeys(rates) if 0.0 < one < 1.0}
    return tuple(
        _shrunk(grid, share, size, priors.get(one), one, level)
        for share, size, one in zip(shares, sizes, rates, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prior:
    """The prior of all tasks."""

    mean: Floats
    """m at every t, F(t-) and F(t) in turn, (2 G,)."""

    kappa: float
    """Strength of the prior, in rows."""

    sure: float
    """kappa' of the module's docstring: a conservative strength."""


def _shrunk(grid: Floats, share: Floats, size: float, prior: _Prior | None, rate: float, level: float) -> Shrunk:
    if prior is None:
        return Shrunk(threshold=(rate, rate), borrowed=0.0, low=rate, high=rate)
    posterior = (share * size + prior.kappa * prior.mean) / (size + prior.kappa)
    if size:
        # Shrinkage ends where the task's own rows contradict it.
        low, high = rate_interval(size, rate, level)
        posterior = np.where(share > high, np.maximum(posterior, rate + 1e-12), posterior)
        posterior = np.where(share < low, np.minimum(posterior, rate - 1e-12), posterior)
    n = size + prior.sure
    low, high = rate_interval(n, rate, level) if n >= 1.0 else (0.0, 1.0)
    return Shrunk(threshold=_cross(grid, posterior, rate), borrowed=prior.sure, low=low, high=high)


def _grid(pooled: Floats) -> Floats:
    """The values of t: all observed ones if few, else observed quantiles, atoms included."""
    values = np.unique(pooled)
    if values.size > GRID:
        values = np.unique(np.quantile(pooled, np.linspace(0.0, 1.0, GRID), method="nearest"))
    return np.asarray(values, dtype=np.float64)


def _shares(found: Floats, grid: Floats) -> Floats:
    """F(t-) and F(t) of every t in turn, (2 G,), from sorted confidences; 0 without confidences."""
    if not found.size:
        return np.zeros(2 * grid.size)
    below = np.searchsorted(found, grid, side="left")
    upto = np.searchsorted(found, grid, side="right")
    return np.stack([below, upto], axis=1).ravel() / float(found.size)


def _prior(shares: Floats, sizes: Floats, rate: float) -> _Prior:
    """Estimate mean and strength of the prior by moments, from the tasks that have rows, (T, 2 G) and (T,).

    Each task's weight is 1 / (tau + r (1 - r) / n): tasks with few rows carry little information on how much tasks
    differ, but enough on the mean (DerSimonian & Laird 1986, two steps).
    """
    from scipy.special import chdtri

    freedom = sizes.size - 1
    weight = np.ones(sizes.size)
    for _ in range(3):
        weight /= weight.sum()
        mean = weight @ shares
        found, variance = _at(mean, shares, rate)
        noise = variance / sizes
        spread = float(weight @ np.square(found - rate))
        within = weight * (1.0 - weight)
        # The spread of shares around their mean is the difference of tasks plus sampling error; subtract the error.
        luck, left = float(within @ noise), float(within.sum())
        tau = max((spread - luck) / left, 0.0)
        # The same with the upper confidence limit of the spread, at probability `DOUBT`.
        most = max((spread * freedom / float(chdtri(freedom, 1.0 - DOUBT)) - luck) / left, 0.0)
        weight = 1.0 / np.maximum(tau + noise, 1e-12)
    error = 1.0 / float(weight.sum())  # variance of the mean, which is estimated too
    sure = min(max(variance / max(most + error, 1e-9) - 1.0, 0.0), MAX_KAPPA) * caution(freedom)
    # Never exactly 0: a task without rows has only the prior.
    kappa = min(max(variance / max(tau, 1e-9) - 1.0, 1e-3), MAX_KAPPA)
    return _Prior(mean=mean, kappa=kappa, sure=min(sure, kappa))


def _at(mean: Floats, shares: Floats, rate: float) -> tuple[Floats, float]:
    """Return the share of each task, (T,), that the threshold with `rate` in the mean takes, and one row's variance.

    A row of a tie that is shared out counts with its share, so that its variance is less than that of a yes or no.
    """
    after = min(int(np.searchsorted(mean, rate)), mean.size - 1)
    low = np.zeros(len(shares)) if after == 0 else shares[:, after - 1]
    below = 0.0 if after == 0 else float(mean[after - 1])
    step = float(mean[after]) - below
    part = (rate - below) / max(step, 1e-12)
    tie = bool(after % 2)
    variance = below + part**2 * step - rate**2 if tie else rate * (1.0 - rate)
    return np.asarray(low + part * (shares[:, after] - low)), max(variance, 1e-9)


def _cross(grid: Floats, share: Floats, rate: float) -> tuple[float, float]:
    """Where the rising share, F(t-) and F(t) of every t in turn, passes the rate: at a t (g), or between two."""
    after = int(np.searchsorted(share, rate))
    if after >= share.size:
        return float(grid[-1]), 1.0
    before = float(share[after - 1]) if after else 0.0
    part = (rate - before) / max(float(share[after]) - before, 1e-12)
    at, atom = divmod(after, 2)
    if grid[at] == _FORCED:
        return 0.0, 0.0
    if atom:
        return float(grid[at]), float(part)
    lower = max(float(grid[at - 1]), 0.0) if at else 0.0
    return lower + part * (float(grid[at]) - lower), 0.0
