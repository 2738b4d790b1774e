"""Ridge logistic regression by Newton's method: the one small model that calibration fits, many times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 50
_TOLERANCE = 1e-9


def fit_logistic(
    rows: NDArray[np.float64], correct: NDArray[np.float64], *, c: float, weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], float]:
    """Minimise c * sum_i w_i loss_i + |b|^2 / 2 over the coefficients b and an intercept that is not shrunk.

    `rows` (n_samples, n_features), of about unit scale; `correct` (n_samples,) in [0, 1]: a fraction counts as that
    share of a row that is right and the rest of one that is wrong. Both classes need some mass.
    Returns coefficients (n_features,) and the intercept. The optimum is scikit-learn's `LogisticRegression(C=c)`; at
    the few hundred rows of a calibration set Newton finds it in about five steps, tens of times faster than L-BFGS.
    """
    w = np.full(len(rows), c) if weights is None else c * weights
    design = np.column_stack([rows, np.ones(len(rows))])
    ridge = np.ones(design.shape[1])
    ridge[-1] = 0.0
    mean = float(np.average(correct, weights=w))
    beta = np.zeros(design.shape[1])
    beta[-1] = np.log(mean / (1.0 - mean))
    value = _objective(design, correct, w, ridge, beta)
    for _ in range(_STEPS):
        p = _sigmoid(design @ beta)
        gradient = design.T @ (w * (p - correct)) + ridge * beta
        curvature = (design * (w * p * (1.0 - p))[:, None]).T @ design + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curvature, gradient)
        length = 1.0
        # The loss is convex, so a full step that goes up was too long, never in the wrong direction.
        while (tried := _objective(design, correct, w, ridge, beta - length * step)) > value and length > _TOLERANCE:
            length /= 2.0
        if tried > value:
            break
        beta, value = beta - length * step, tried
        if float(np.abs(length * step).max()) < _TOLERANCE:
            break
    return beta[:-1], float(beta[-1])


def _objective(
    design: NDArray[np.float64],
    correct: NDArray[np.float64],
    w: NDArray[np.float64],
    ridge: NDArray[np.float64],
    beta: NDArray[np.float64],
) -> float:
    z = design @ beta
    return float(np.sum(w * (np.logaddexp(0.0, z) - correct * z)) + 0.5 * np.sum(ridge * beta * beta))


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0.0, -z))
