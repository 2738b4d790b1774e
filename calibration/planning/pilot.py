"""Pilot study: error, harm, gain and agreement at each share of answers accepted below the top."""

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
"""Default shares."""

ENOUGH = 20
"""Least labelled rows of a pilot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Figures of accepting the most confident share of the first rung's answers, out of fold."""

    share: float
    """The share of requests accepted below the top."""

    n: int
    """Labelled pilot rows among them."""

    error: float
    """Error among the accepted answers."""

    error_high: float
    """Its upper confidence bound at 90 %: a small pilot is imprecise."""

    harm: float
    """Share of all requests on which the accepted answer is wrong and the reference's right."""

    gain: float
    """Share of all requests on which the accepted answer is right and the reference's wrong."""

    same: float
    """Share of all requests that the reference answers, or that are accepted with an answer equal to its."""

    accuracy: float
    """Accuracy of the served answers."""


def read_pilot(table: Table, same: Flags, shares: Sequence[float] = SHARES, *, seed: int = 0) -> tuple[Kept, ...]:
    """Return the pilot's figures for each share accepted below the top.

    Args:
        table: recorded and labelled samples of one task; the first rung and the last are used.
        same: whether a rung's answer equals the reference's, (n, K).
        shares: of answers accepted, each in (0, 1].
        seed: of the folds.

    Raises:
        DataError: fewer than 20 samples are labelled on both rungs.
    """
    rows = table.present[:, 0] & ~np.isnan(table.correct[:, 0]) & ~np.isnan(table.correct[:, -1])
    n = int(rows.sum())
    if n < ENOUGH or len(table.rungs) < 2:
        message = (
            f"The pilot has {n} samples of task {table.task!r} that are labelled on both {table.rungs[0]!r} and "
            f"{table.rungs[-1]!r}; at least {ENOUGH} were expected. Label more, or plan without --pilot."
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
