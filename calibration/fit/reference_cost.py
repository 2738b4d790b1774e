"""Reference cost: estimates what the reference would have cost from the first rung's tokens; served by Policy."""

from __future__ import annotations

import numpy as np

from calibration.arrays import Floats
from calibration.samples.table import Table
from cascade.policy.policy import ReferenceCost

ENOUGH = 20
"""Rows below which only the mean is fitted."""


def fit_reference_cost(laid: Table, confidence: Floats) -> ReferenceCost | None:
    """Fit the reference's cost by least squares on the first rung's tokens and confidence.

    Confidence is a regressor because accepted requests are the easy ones and get short answers: without it the saving
    on accepted requests would be overstated. Regressors are standardised; constant ones are left out.

    Args:
        laid: the samples of one task.
        confidence: the first rung's served confidences, (n,).

    Returns:
        the estimate, or None if no cost of the reference is known.
    """
    cost = laid.answer_usd[:, -1]
    known = ~np.isnan(cost) & laid.present[:, 0]
    if not known.any():
        return None
    y = cost[known]
    columns = (laid.input_tokens[known, 0], laid.output_tokens[known, 0], np.nan_to_num(confidence[known]))
    used = [j for j, column in enumerate(columns) if np.ptp(column) > 0.0 and len(y) >= ENOUGH]
    slopes, constant = np.zeros(len(columns)), float(y.mean())
    if used:
        x = np.column_stack([columns[j] for j in used])
        middle, spread = x.mean(axis=0), x.std(axis=0)
        found = np.linalg.lstsq((x - middle) / spread, y - y.mean(), rcond=1e-6)[0] / spread
        slopes[used] = found
        constant -= float(middle @ found)
    guess = np.maximum(0.0, constant + sum(slope * column for slope, column in zip(slopes, columns, strict=True)))
    return ReferenceCost(
        constant=constant,
        input=float(slopes[0]),
        output=float(slopes[1]),
        confidence=float(slopes[2]),
        error_usd=float(np.sqrt(np.mean((y - guess) ** 2))),
    )
