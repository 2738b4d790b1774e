"""Tables of made-up traffic whose true risk is known: for promises that are tested by repetition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Floats
from calibration.samples.table import Table
from cascade.policy.combiner import Combiner

COSTS = (1.0, 4.0, 15.0, 60.0)
"""What an answer of each rung costs, in thousandths of a dollar."""

SKILL = (0.6, 1.4, 2.2, 3.0)
SURE = Combiner.single("sure")


def table_of(
    confidences: Floats, correct: Floats, *, groups: Sequence[str | None] | None = None, seed: int = 0
) -> Table:
    """Return a table whose rungs show one feature, `sure`; confidences (n, K - 1 or K), correct (n, K)."""
    n, count = correct.shape
    rungs = (*(f"r{k}" for k in range(count - 1)), "top")
    shown = np.column_stack([confidences, np.full((n, count - confidences.shape[1]), 0.5)])
    return Table(
        task="made",
        ids=tuple(f"{seed}-{i}" for i in range(n)),
        groups=tuple(groups) if groups is not None else (None,) * n,
        rungs=rungs,
        names=dict.fromkeys(rungs, ("sure",)),
        rows={rung: shown[:, [k]] for k, rung in enumerate(rungs)},
        present=np.ones((n, count), dtype=bool),
        vetoed=np.zeros((n, count), dtype=bool),
        forced=np.zeros((n, count), dtype=bool),
        correct=correct,
        answer_usd=np.tile(np.array(COSTS[:count]) / 1000.0, (n, 1)),
        verifier_usd=np.zeros((n, count)),
        answer_s=np.full((n, count), np.nan),
        verifier_s=np.zeros((n, count)),
        uncached_usd=np.zeros((n, count)),
        input_tokens=np.full((n, count), 100.0),
        output_tokens=np.full((n, count), 20.0),
        use={rung: {} for rung in rungs},
    )


def ladder_traffic(rng: np.random.Generator, n: int, *, groups: int = 0, fractional: bool = False) -> Table:
    """Return n requests on four rungs that are right .61, .75, .84 and .91 of the time; AUROC about .88.

    A request is as hard for all rungs: each is right with logistic probability skill − 1.3 · hardness, and is sure
    as that probability and, in part, the outcome say. `groups` of equal size share most of their hardness; fractional
    labels are the outcome moved a tenth to a third inwards.
    """
    hardness = rng.normal(size=n)
    names: list[str | None] | None = None
    if groups:
        which = np.arange(n) % groups
        hardness = np.sqrt(0.7) * rng.normal(size=groups)[which] + np.sqrt(0.3) * hardness
        names = [f"g{g}" for g in which]
    ability = np.array(SKILL) - 1.3 * hardness[:, None]
    right = (rng.random((n, 4)) < 1.0 / (1.0 + np.exp(-ability))).astype(float)
    signal = 0.8 * ability + 1.2 * (right - 0.5) + rng.normal(size=(n, 4))
    correct = right
    if fractional:
        correct = np.where(right > 0.5, 1.0 - rng.uniform(0.0, 0.1, (n, 4)), rng.uniform(0.0, 0.3, (n, 4)))
    return table_of(1.0 / (1.0 + np.exp(-signal[:, :3])), correct, groups=names, seed=int(rng.integers(1 << 30)))


def pair_traffic(rng: np.random.Generator, n: int, chance: NDArray[np.float64] | None = None) -> Table:
    """Return n requests on two rungs: confidence uniform in [0, 1], right with that probability; the top always is."""
    confidence = np.round(rng.random(n), 9)
    right = (rng.random(n) < (confidence if chance is None else chance)).astype(float)
    return table_of(confidence[:, None], np.column_stack([right, np.ones(n)]), seed=int(rng.integers(1 << 30)))
