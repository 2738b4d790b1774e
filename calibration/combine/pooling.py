"""Partial pooling: one logistic model of all tasks with a random intercept and slope for each task.

For a row of task t with log-odds x of some confidence, the log-odds that its answer is right are::

    logit p = b_0 + u_t + (b_1 + v_t) x        u_t ~ N(0, 1 / lambda_u),  v_t ~ N(0, 1 / lambda_v)

the classic random intercept and slope (Gelman & Hill 2007, ch. 13), fitted at its mode. Given b, the tasks are
independent, so a Newton step is one 2 x 2 block a task and one 2 x 2 Schur complement: O(n). The ridges are chosen by
cross-validation; large ones mean that the tasks are alike, small ones that they have little in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats
from calibration.stats.folds import assign_folds
from cascade.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Indices = NDArray[np.intp]

RIDGES_U = (0.3, 1.0, 3.0, 10.0, 100.0, 1000.0)
"""Ridges tried for the intercepts, smallest first: standard deviations between tasks of 1.8 down to 0.03 log-odds."""

RIDGES_V = (3.0, 30.0, 300.0)
"""Ridges tried for the slopes, which differ less than intercepts do."""

MAX_TASKS = 200
"""Most tasks that the ridges are chosen on; more would hardly change them."""

MAX_ROWS = 50_000
"""Rows that they are chosen on, about; of large tasks fewer are taken, but at least 20."""

_FOLDS = 5
_STEPS = 50
_WEAK = 0.01
"""Ridge of the common coefficients: keeps them finite where the classes are separable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """The fitted model: two coefficients for all tasks, two more for each."""

    common: tuple[float, float]
    """Intercept b_0 and slope b_1 of a new task, on the scaled x."""

    own: Floats
    """u_t and v_t, (n_tasks, 2), on the scaled x; 0 without labels."""

    centre: float
    """Subtracted from x before scaling, in log-odds."""

    scale: float
    """Divisor of x, in log-odds; positive."""

    ridge: tuple[float, float]
    """lambda_u and lambda_v."""

    def line(self, task: int | None) -> tuple[float, float]:
        """Return intercept and slope of a task on unscaled x; for None, those of a new task."""
        u, v = (0.0, 0.0) if task is None else (float(self.own[task, 0]), float(self.own[task, 1]))
        slope = (self.common[1] + v) / self.scale
        return self.common[0] + u - slope * self.centre, slope

    def log_odds(self, x: ArrayLike, task: ArrayLike) -> Floats:
        """Return the log-odds (n_samples,) of rows with log-odds `x` and task indices `task`."""
        index = np.asarray(task, dtype=np.intp)
        scaled = (np.asarray(x, dtype=np.float64) - self.centre) / self.scale
        return _line(np.asarray(self.common), self.own, scaled, index)


def fit_pooled(
    x: ArrayLike,
    correct: ArrayLike,
    task: ArrayLike,
    *,
    n_tasks: int,
    seed: int,
    ridge: tuple[float, float] | None = None,
) -> Pooled:
    """Fit the model to labelled rows.

    `x` (n_samples,) finite log-odds; `correct` (n_samples,) in [0, 1], a fraction counting as that share of a right
    row; `task` (n_samples,) in 0 .. n_tasks - 1. `ridge` (lambda_u, lambda_v); None: cross-validated, folds by `seed`.
    Raises `DataError` where shapes do not match, or no row is labelled.
    """
    at, y, group = np.asarray(x, np.float64), np.asarray(correct, np.float64), np.asarray(task, np.intp)
    if not at.shape == y.shape == group.shape or at.ndim != 1 or not at.size:
        raise DataError(f"found {at.shape} log-odds, {y.shape} labels and {group.shape} tasks, expected one each a row")
    if not (np.all(np.isfinite(at)) and np.all((y >= 0.0) & (y <= 1.0)) and group.min() >= 0 and group.max() < n_tasks):
        raise DataError("found log-odds that are not finite, labels outside [0, 1], or tasks out of range")
    centre, scale = float(at.mean()), float(at.std()) or 1.0
    scaled = (at - centre) / scale
    chosen = ridge if ridge is not None else choose_ridge(scaled, y, group, n_tasks=n_tasks, seed=seed)
    common, own = _newton(scaled, y, group, n_tasks, chosen, tolerance=1e-8)
    return Pooled(common=(float(common[0]), float(common[1])), own=own, centre=centre, scale=scale, ridge=chosen)


def choose_ridge(x: Floats, correct: Floats, task: Indices, *, n_tasks: int, seed: int) -> tuple[float, float]:
    """Choose the ridges by cross-validation: least log loss over five folds of rows; ties go to the greatest.

    Arrays as in `fit_pooled`, x already scaled. Of many tasks or rows, `seed` chooses the tasks that are used.
    """
    present = np.unique(task)
    count = min(present.size, MAX_TASKS, max(20, round(MAX_ROWS * present.size / task.size)))
    if count < present.size:
        picked = np.random.default_rng(seed).choice(present, count, replace=False)
        kept = np.isin(task, picked)
        x, correct, task = x[kept], correct[kept], task[kept]
    fold = assign_folds(correct, seed=seed, folds=_FOLDS)
    splits = [(fold != k, fold == k) for k in range(_FOLDS) if (fold == k).any() and (fold != k).any()]
    best, chosen = np.inf, (RIDGES_U[-1], RIDGES_V[-1])
    for ridge_v in reversed(RIDGES_V):
        for ridge_u in reversed(RIDGES_U):
            loss = 0.0
            for fit, test in splits:
                common, own = _newton(x[fit], correct[fit], task[fit], n_tasks, (ridge_u, ridge_v), tolerance=1e-4)
                z = _line(common, own, x[test], task[test])
                loss += float(np.sum(np.logaddexp(0.0, z) - correct[test] * z))
            if loss < best - 1e-9:
                best, chosen = loss, (ridge_u, ridge_v)
    return chosen


def _newton(
    x: Floats, y: Floats, task: Indices, n_tasks: int, ridge: tuple[float, float], *, tolerance: float
) -> tuple[Floats, Floats]:
    """Return the mode: common (2,) and own (n_tasks, 2)."""
    common, own = np.array([0.0, 1.0]), np.zeros((n_tasks, 2))
    penalty = np.asarray(ridge)
    value = _objective(x, y, task, common, own, penalty)
    for _ in range(_STEPS):
        p = _sigmoid(_line(common, own, x, task))
        w, residual = np.maximum(p * (1.0 - p), 1e-9), y - p
        h = np.empty((n_tasks, 2, 2))
        h[:, 0, 0] = np.bincount(task, w, n_tasks)
        h[:, 0, 1] = h[:, 1, 0] = np.bincount(task, w * x, n_tasks)
        h[:, 1, 1] = np.bincount(task, w * x * x, n_tasks)
        score = np.stack([np.bincount(task, residual, n_tasks), np.bincount(task, residual * x, n_tasks)], axis=1)
        inverse = np.linalg.inv(h + np.diag(penalty))
        toward = score - own * penalty
        # Eliminate the tasks' own coefficients: one 2 x 2 system in the common ones is left.
        schur = h.sum(axis=0) - np.einsum("tij,tjk,tkl->il", h, inverse, h) + _WEAK * np.eye(2)
        left = score.sum(axis=0) - _WEAK * common - np.einsum("tij,tjk,tk->i", h, inverse, toward)
        step = np.linalg.solve(schur, left)
        steps = np.einsum("tij,tj->ti", inverse, toward - h @ step)
        length = 1.0
        while (
            tried := _objective(x, y, task, common + length * step, own + length * steps, penalty)
        ) > value + 1e-12 and length > 1e-6:
            length /= 2.0
        if tried > value + 1e-12:
            break
        common, own, value = common + length * step, own + length * steps, tried
        if length * max(float(np.abs(step).max()), float(np.abs(steps).max())) < tolerance:
            break
    return common, own


def _objective(x: Floats, y: Floats, task: Indices, common: Floats, own: Floats, penalty: Floats) -> float:
    z = _line(common, own, x, task)
    shrunk = np.sum(penalty * own * own) + _WEAK * np.sum(common * common)
    return float(np.sum(np.logaddexp(0.0, z) - y * z) + 0.5 * shrunk)


def _line(common: Floats, own: Floats, x: Floats, task: Indices) -> Floats:
    return np.asarray(common[0] + own[task, 0] + (common[1] + own[task, 1]) * x)


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))
