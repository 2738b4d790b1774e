"""What a pilot says about a promise: error, harm, gain and agreement at each share of answers kept below the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.arrays import Flags
from calibration.combine.held_out import hold_out
from calibration.samples.table import Table
from calibration.stats.margin import bound_mean
from cascade.errors import DataError

SHARES = (0.1, 0.25, 0.5, 0.75)
"""Shares that are looked at where none is named."""

ENOUGH = 20
"""Labelled rows below which a pilot says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What keeping the most confident share of the first rung's answers would do, out of fold."""

    share: float
    """The share of requests that is answered below the top."""

    n: int
    """Labelled pilot rows among them."""

    error: float
    """Error among the answers kept."""

    error_high: float
    """Its upper bound at 90 %: a small pilot may be far off."""

    harm: float
    """Share of all requests on which the answer kept is wrong and the reference's right."""

    gain: float
    """The other way round."""

    same: float
    """Share of all requests that are answered by the reference, or kept with an answer that says the same."""

    accuracy: float
    """Accuracy of what is served."""


def read_pilot(table: Table, same: Flags, shares: Sequence[float] = SHARES, *, seed: int = 0) -> tuple[Kept, ...]:
    """Return what a pilot says about each share kept.

    Args:
        table: recorded and labelled samples of one task; the first rung and the last are looked at.
        same: whether a rung's answer says what the reference's says, (n, K).
        shares: of answers kept, each in (0, 1].
        seed: of the folds.

    Raises:
        DataError: fewer than 20 samples are labelled on both rungs.
    """
    rows = table.present[:, 0] & ~np.isnan(table.correct[:, 0]) & ~np.isnan(table.correct[:, -1])
    n = int(rows.sum())
    if n < ENOUGH or len(table.rungs) < 2:
        message = (
            f"The pilot has {n} samples of task {table.task!r} that are labelled on both {table.rungs[0]!r} and "
            f"{table.rungs[-1]!r}; at least {ENOUGH} were expected. Or plan from assumptions, without --pilot."
        )
        raise DataError(message)
    c = np.where(table.forced[:, 0], -1.0, hold_out(table, seed=seed)[table.rungs[0]])[rows]
    order = np.argsort(-c, kind="stable")
    own, top = table.correct[rows, 0][order], table.correct[rows, -1][order]
    agree = same[rows, 0][order]
    found = []
    for share in shares:
        k = max(1, round(share * n))
        wrong = 1.0 - own[:k]
        drop = top[:k] - own[:k]
        found.append(
            Kept(
                share=share,
                n=k,
                error=float(wrong.mean()),
                error_high=bound_mean(wrong, 0.1).high or 1.0,
                harm=float(np.maximum(drop, 0.0).sum() / n),
                gain=float(np.maximum(-drop, 0.0).sum() / n),
                same=float((agree[:k].sum() + n - k) / n),
                accuracy=float((own[:k].sum() + top[k:].sum()) / n),
            )
        )
    return tuple(found)
