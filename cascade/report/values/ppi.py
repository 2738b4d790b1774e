"""Prediction-powered accuracy: combines few labels with a judge's scores of all answers."""

from __future__ import annotations

import numpy as np

from cascade.report.values.parts import NO_PPI_ESTIMATE, PpiEstimate
from cascade.report.values.tally import Tally
from cascade.stats.ppi import Estimate, combine, estimate_mean


def sharpen(tally: Tally, level: float) -> PpiEstimate:
    """Estimate the accuracy of all returned answers by PPI++, stratified by answering rung.

    Empty if a rung with more than 1 % of the answers has too few labels.
    """
    answered = {name: n for name, n in tally.answered_by.items() if name is not None}
    total = sum(answered.values())
    strata: dict[str, Estimate] = {}
    for (rung, _), proxy in tally.proxies.items():
        strata[rung] = estimate_mean(np.asarray(proxy.correct), proxy=np.asarray(proxy.scores), level=level)
    counted = sum(answered[rung] for rung in strata if rung in answered)
    if not strata or counted < 0.99 * total:
        return NO_PPI_ESTIMATE
    whole = combine([(answered[rung] / counted, found) for rung, found in strata.items()], level)
    return PpiEstimate(
        value=whole.value,
        low=whole.low,
        high=whole.high,
        n=whole.n,
        n_labelled=whole.n_labelled,
        label_worth=whole.worth,
        proxies={rung: name for rung, name in tally.proxies if strata[rung].weight_of_proxy > 0.0},
    )
