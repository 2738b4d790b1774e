"""Which share escalates at the rungs above the first, where the target fixes the first rung's alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from calibration.serving import serve_out_of_fold
from calibration.table import Floats, Table
from cascade.policy import SALT

GRID = np.linspace(0.0, 1.0, 21)
"""The rates that are tried."""

SLACK = 0.001
"""Expected accuracy that is given up for a cheaper choice: far below what a few hundred labels can tell apart."""


def later_rates(laid: Table, held_out: Mapping[str, Floats], rates: Sequence[float | None]) -> tuple[float, ...]:
    """Choose the later rungs' rates for the best expected accuracy at the least cost, one rung at a time.

    Expected accuracy is the mean of out-of-fold probabilities, not of raw labels: with a few hundred labels that is
    the steadier of the two. Without labels every rung gets the first one's rate.

    Args:
        laid: the samples of one task.
        held_out: out-of-fold confidences by rung, (n,) each; empty without labels.
        rates: a rate for the rungs that are fixed, None for those to be chosen.
    """
    chosen = [rates[0] if rate is None else rate for rate in rates]
    if not held_out:
        return tuple(float(rate or 0.0) for rate in chosen)
    for _ in range(3):
        before = list(chosen)
        for k, rate in enumerate(rates):
            if rate is None:
                tried = [_expected(laid, held_out, [*chosen[:k], float(r), *chosen[k + 1 :]]) for r in GRID]
                best = max(accuracy for accuracy, _ in tried)
                fair = [index for index, (accuracy, _) in enumerate(tried) if accuracy >= best - SLACK]
                chosen[k] = float(GRID[min(fair, key=lambda index: (tried[index][1], index))])
        if chosen == before:
            break
    return tuple(float(rate or 0.0) for rate in chosen)


def _expected(laid: Table, held_out: Mapping[str, Floats], rates: Sequence[float | None]) -> tuple[float, float]:
    """Return expected accuracy and mean cost of rates, both over the rows where every rung was recorded."""
    served = serve_out_of_fold(laid, laid.rungs, rates, held_out, salt=SALT)
    rows = served.complete
    if not rows.any():
        return 0.0, 0.0
    confidence = np.column_stack([held_out[rung] for rung in laid.rungs])
    found = np.take_along_axis(confidence, served.answered[:, None], axis=1)[:, 0]
    return float(found[rows].mean()), float(np.nan_to_num(served.cost_usd)[rows].mean())
