"""Rate thresholds of many tasks at once: a task with little traffic borrows the shape of the others' confidences.

For a threshold t, the share F_i(t) of task i's confidences below it varies between tasks like
Beta(kappa m, kappa (1 - m)) around their mean m(t). Mean and kappa are estimated by moments at every t (empirical
Bayes: Morris 1983), and the task's posterior mean, (n_i F̂_i + kappa m) / (n_i + kappa), is set equal to the rate. Where
tasks have little in common, kappa is small and every task keeps its own threshold; a fixed weight instead of kappa was
up to 12 points worse than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibration.rate import fit_threshold
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = NDArray[np.float64]

GRID = 400
"""Values of t, quantiles of all confidences together, at which shares are compared."""

MAX_KAPPA = 1e4
"""Greatest strength of the prior, in rows: beyond, tasks are the same."""


def shrink_thresholds(confidences: Sequence[ArrayLike], rate: float) -> tuple[tuple[float, float], ...]:
    """Fit the thresholds (t, g) of all tasks together, ties and all; see `rate.fit_threshold` for one task alone.

    `confidences`: of each task, (n_i,) in [0, 1], vetoed rows as 0; an empty one is a new task and gets the prior's
    threshold. `rate` in [0, 1]. Vetoes beyond the rate are the caller's to tell. Raises `ConfigError`, `DataError`.
    """
    if not 0.0 <= rate <= 1.0:
        raise ConfigError(f"found an escalation rate of {rate}, expected a number in [0, 1]")
    rows = [np.sort(np.asarray(found, dtype=np.float64)) for found in confidences]
    pooled = np.concatenate(rows) if rows else np.empty(0)
    if not pooled.size or not np.all((pooled >= 0.0) & (pooled <= 1.0)):
        raise DataError(
            "found no confidences, or some outside [0, 1]: shares of tasks are compared on their own traffic"
        )
    if rate in (0.0, 1.0):
        return ((rate, rate),) * len(rows)
    known = [found for found in rows if found.size]
    if len(known) < 2:
        alone = fit_threshold(known[0], rate)
        return (alone,) * len(rows)
    grid = _grid(pooled)
    sizes = np.array([found.size for found in rows], dtype=np.float64)
    shares = np.stack([_shares(found, grid) for found in rows])
    mean, kappa = _prior(shares[sizes > 0], sizes[sizes > 0])
    posterior = (shares * sizes[:, None] + kappa * mean) / (sizes[:, None] + kappa)
    return tuple(_cross(grid, np.maximum.accumulate(share), rate) for share in posterior)


def _grid(pooled: Floats) -> Floats:
    """The values of t: all that occur where they are few, else quantiles that do occur, atoms among them."""
    values = np.unique(pooled)
    if values.size > GRID:
        values = np.unique(np.quantile(pooled, np.linspace(0.0, 1.0, GRID), method="nearest"))
    return np.asarray(values, dtype=np.float64)


def _shares(found: Floats, grid: Floats) -> Floats:
    """F(t-) and F(t) of every t in turn, (2 G,), from sorted confidences; 0 where there are none."""
    if not found.size:
        return np.zeros(2 * grid.size)
    below = np.searchsorted(found, grid, side="left")
    upto = np.searchsorted(found, grid, side="right")
    return np.stack([below, upto], axis=1).ravel() / float(found.size)


def _prior(shares: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Mean share and strength kappa of the prior at every t, (2 G,), by moments over the tasks that have rows.

    Each task counts by what its share tells, 1 / (tau + m (1 - m) / n): tasks with few rows say little about how much
    tasks differ, but enough about the mean (DerSimonian & Laird 1986, two steps).
    """
    weight = np.ones((sizes.size, 1))
    mean = tau = np.zeros(shares.shape[1])
    for _ in range(3):
        total = weight.sum(axis=0)
        mean = (weight * shares).sum(axis=0) / total
        noise = mean * (1.0 - mean) / sizes[:, None]
        within = weight * (1.0 - weight / total)
        spread = (weight * (shares - mean) ** 2).sum(axis=0)
        # The spread of shares around their mean is what tasks differ by and what luck adds; take luck away.
        tau = np.maximum((spread - (within * noise).sum(axis=0)) / within.sum(axis=0), 0.0)
        weight = 1.0 / np.maximum(tau + noise, 1e-12)
    # Never quite 0: a task without rows has nothing else.
    kappa = np.clip(mean * (1.0 - mean) / np.maximum(tau, 1e-9) - 1.0, 1e-3, MAX_KAPPA)
    return mean, kappa


def _cross(grid: Floats, share: Floats, rate: float) -> tuple[float, float]:
    """Where the rising share, F(t-) and F(t) of every t in turn, passes the rate: at a t (g), or between two."""
    after = int(np.searchsorted(share, rate))
    if after >= share.size:
        return float(grid[-1]), 1.0
    before = float(share[after - 1]) if after else 0.0
    part = (rate - before) / max(float(share[after]) - before, 1e-12)
    at, atom = divmod(after, 2)
    if atom:
        return float(grid[at]), float(part)
    lower = float(grid[at - 1]) if at else 0.0
    return lower + part * (float(grid[at]) - lower), 0.0
