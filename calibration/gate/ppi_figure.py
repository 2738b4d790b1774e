"""PPI++ estimate of a gate's figure, from few labels and a proxy's scores of all samples."""

from __future__ import annotations

import numpy as np

from calibration.gate.finding import Criterion, PpiEstimate
from calibration.gate.gate_rows import GateRows, served_by
from cascade.stats.ppi import estimate_mean

FEW = 10
"""Least labels of a PPI++ estimate."""


def ppi_estimate(criterion: Criterion, now: GateRows, proxy: str, *, delta: float) -> PpiEstimate | None:
    """Estimate a figure by PPI++ from its labels and the proxy's scores; None with few labels, or with all."""
    rows, scores = now.rows, now.scores
    assert scores is not None  # noqa: S101 - a proxy was asked for
    mine = scores[np.arange(len(scores)), served_by(rows)]
    taken = np.ones(len(scores), dtype=bool)
    scale, shift = 1.0, 0.0
    if criterion.kind == "min_accuracy":
        y, f = rows.correct, mine
    elif criterion.kind == "max_error":
        taken = rows.below > 0
        y, f = 1.0 - rows.correct, -mine
    else:
        # A loss in [−1, 1]; where it is known to be 0, no label is needed.
        scale, shift, taken = 2.0, 1.0, ~now.harmless
        y, f = rows.correct_top - rows.correct, scores[:, -1] - mine
    y, f, pi = ((y + shift) / scale)[taken], f[taken], now.propensity[taken]
    known = int(np.sum(~np.isnan(y)))
    if known < FEW or known == len(y) or np.isnan(f).all():
        return None
    found = estimate_mean(y, propensity=pi, proxy=f, level=1.0 - 2.0 * delta)
    share = float(taken.mean()) if criterion.kind == "max_loss" else 1.0
    ends = [share * (scale * end - shift) for end in (found.value, found.low, found.high)]
    return PpiEstimate(
        proxy=proxy,
        value=ends[0],
        low=ends[1],
        high=ends[2],
        n=found.n,
        n_labelled=found.n_labelled,
        label_worth=found.worth,
    )
