"""Imagined verdicts: what a verdict of a given AUROC, independent of all others, would save at a given loss.

A verdict that is normal with another mean for right answers than for wrong ones has any AUROC that is wished for; given
the label it is independent of what the combiner saw, so that its log-likelihood ratio adds to the log-odds. It is drawn
several times, and the rows are accepted by the sum as far as the loss allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.samples.table import Table

DRAWS = 40
"""Draws of each imagined verdict."""

EDGE = 1e-3
"""Confidences are kept this far from 0 and 1: out of fold they are no surer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """What one rung's answers would cost at the loss, with an imagined verdict beside those that there are."""

    rung: str
    """The rung it judges; what it does not accept is answered by the ladder's last rung."""
    auroc: float | None
    """AUROC of the imagined verdict; None: none, as it is today."""
    n: int
    """Rows with labels of both rungs."""
    cost_vs_top: float
    """Cost at the loss, as a share of always asking the last rung; the imagined verdict costs nothing here."""
    saves_usd_per_request: float
    """What it may cost at most to pay for itself: the saving against no imagined verdict."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


def imagine_verdicts(
    table: Table, rung: str, confidences: Floats, *, loss: float, aurocs: Sequence[float], seed: int = 0
) -> tuple[Imagined, ...]:
    """Return what imagined verdicts would save, first none; empty without labels of both rungs or costs.

    Args:
        table: the samples.
        rung: the rung that is judged.
        confidences: its confidences out of fold, (n,).
        loss: the accuracy that may be lost against the last rung, in [0, 1].
        aurocs: AUROC of each imagined verdict, in [.5, 1).
        seed: of the draws.
    """
    k, top = table.rungs.index(rung), len(table.rungs) - 1
    paid = table.answer_usd[:, k] + table.verifier_usd[:, k]
    dear = table.answer_usd[:, top]
    known = ~np.isnan(table.correct[:, k] + table.correct[:, top] + paid + dear + confidences)
    if not known.any() or not dear[known].sum() > 0.0:
        return ()
    right, lost = table.correct[known, k], table.correct[known, top] - table.correct[known, k]
    sure = np.clip(np.where(table.forced[known, k], 0.0, confidences[known]), EDGE, 1.0 - EDGE)
    odds = np.log(sure / (1.0 - sure))
    free = ~table.forced[known, k]
    now = cost_at_loss(odds, lost, free, paid[known], dear[known], loss)
    found = [Imagined(rung=rung, auroc=None, n=int(known.sum()), cost_vs_top=now, saves_usd_per_request=0.0)]
    generator = np.random.default_rng(seed)
    for auroc in aurocs:
        apart = np.sqrt(2.0) * NormalDist().inv_cdf(auroc)
        costs = []
        for _ in range(DRAWS):
            seen = generator.normal(size=len(odds)) + apart * (right - 0.5)
            costs.append(cost_at_loss(odds + apart * seen, lost, free, paid[known], dear[known], loss))
        cost = float(np.mean(costs))
        found.append(
            Imagined(
                rung=rung,
                auroc=auroc,
                n=int(known.sum()),
                cost_vs_top=cost,
                saves_usd_per_request=(now - cost) * float(dear[known].mean()),
            )
        )
    return tuple(found)


def cost_at_loss(order: Floats, lost: Floats, free: Flags, paid: Floats, dear: Floats, loss: float) -> float:
    """Return the cheapest cost at which accepted answers lose no more than `loss`, as a share of always the top.

    Args:
        order: the answers are accepted from the greatest down, (n,).
        lost: what accepting each one loses against the top, (n,).
        free: whether an answer may be accepted at all, (n,).
        paid: what each answer costs with its verdicts, (n,).
        dear: what the top's costs, (n,).
        loss: what may be lost, in accuracy.
    """
    ranked = np.argsort(-order, kind="stable")
    ranked = ranked[free[ranked]]
    total = np.cumsum(lost[ranked]) / len(lost)
    kept = np.flatnonzero(total <= loss + 1e-12)
    accepted = ranked[: kept[-1] + 1] if len(kept) else ranked[:0]
    if not len(accepted):
        return 1.0  # the top alone
    escalated = dear.sum() - dear[accepted].sum()
    return min(1.0, float((paid.sum() + escalated) / dear.sum()))
