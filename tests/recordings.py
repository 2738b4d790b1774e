"""Recorded samples for tests, made by a seeded generator: no model was asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascade.clients.scripted import scripted
from cascade.exchange import Request
from cascade.samples.sample import Recording, Sample
from cascade.usage import Usage
from cascade.verdict import Verdict


def recorded_samples(
    n: int,
    *,
    seed: int = 0,
    rungs: Sequence[str] = ("small", "large"),
    task: str = "sums",
    levels: int | None = None,
    labelled: bool = True,
    veto_share: float = 0.0,
) -> list[Sample]:
    """Return samples whose recorded verdict `sure` tells right from wrong, more or less.

    Args:
        n: how many.
        seed: of the generator.
        rungs: their names, each dearer and better than the one before.
        task: their task.
        levels: how many different scores there are; None: continuous.
        labelled: whether `correct` is recorded.
        veto_share: the share of answers that are vetoed.
    """
    rng = np.random.default_rng(seed)
    samples = []
    for i in range(n):
        recordings = {}
        for k, rung in enumerate(rungs):
            right = bool(rng.random() < 0.7 + 0.25 * k / max(1, len(rungs) - 1))
            score = float(np.clip(rng.normal(0.7 if right else 0.45, 0.15), 0.0, 1.0))
            if levels is not None:
                score = round(score * (levels - 1)) / (levels - 1)
            veto = bool(rng.random() < veto_share)
            tokens = int(rng.integers(20, 60))
            recordings[rung] = Recording(
                rung=rung,
                model=f"test/{rung}",
                response=scripted(
                    f"{i}-{k}",
                    cost_usd=1e-5 * 10**k * tokens,
                    usage=Usage(input_tokens=50, output_tokens=tokens),
                ),
                verdicts={"sure": Verdict(name="sure", score=None if veto else score, veto=veto, source="recorded")},
                correct=float(right) if labelled else None,
                label_source="gold" if labelled else None,
            )
        samples.append(
            Sample(request=Request.of(f"question {i}", id=f"{task}-{seed}-{i}", task=task), recordings=recordings)
        )
    return samples
