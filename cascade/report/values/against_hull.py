"""Against the hull: the cascade compared with single models and their random mixes, on the labelled answers of a tally.

A random mix of two models reaches every point between their costs and accuracies, so the concave hull of all models is
what can be had without a cascade. The cascade is compared with the mix of its own cost, paired by request, where every
rung is labelled; requests are weighted by answering rung (strata), as in `comparison`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cascade.report.values.figure import Figure
from cascade.report.values.labelled_curves import FEW, correctness, labelled_alike
from cascade.report.values.parts import HullReport, SingleReport
from cascade.report.values.tally import Tally
from cascade.stats.single_mix import below_words, mean_of_strata, mix_at, place_words

Floats = NDArray[np.float64]
Strata = Mapping[str, Floats]
"""Correctness of every rung by answering rung, (n, rungs) each."""


def against_hull(
    tally: Tally, singles: Sequence[SingleReport], reference: str | None, usd: float | None, level: float
) -> HullReport | None:
    """Compare the cascade with the hull of the rungs alone; None without enough requests with every rung labelled.

    Args:
        tally: the counts.
        singles: every rung alone, with its cost.
        reference: the rung that the cascade is compared with.
        usd: what the cascade costs a request.
        level: confidence of the intervals.
    """
    paid = {one.rung: one.cost_usd_per_request for one in singles if one.cost_usd_per_request is not None}
    rungs = tuple(paid)
    found = labelled_alike(tally, rungs)
    strata = {by: correctness(joint) for by, joint in found.items() if by in rungs}
    n = sum(map(len, strata.values()))
    if len(rungs) < 2 or n < FEW or len(strata) < len(found) or usd is None:
        return None
    sizes = {by: tally.answered_by[by] for by in strata}
    right = [_mean(strata, sizes, lambda _, rows, k=k: rows[:, k], level).value or 0.0 for k in range(len(rungs))]  # type: ignore[misc]
    mix = mix_at(usd, rungs, [paid[rung] for rung in rungs], right)
    lead = Figure(n=n)
    if mix:
        shares = np.array([mix.get(rung, 0.0) for rung in rungs])
        lead = _mean(strata, sizes, lambda by, rows: rows @ shares - rows[:, rungs.index(by)], level)
    loss = Figure(n=n)
    if reference in rungs:
        top = rungs.index(str(reference))
        loss = _mean(strata, sizes, lambda by, rows: rows[:, top] - rows[:, rungs.index(by)], level)
    better, points = _better_than(strata, sizes, rungs, reference, level)
    return HullReport(
        n=n,
        mix=mix,
        mix_usd_per_request=sum(part * paid[rung] for rung, part in mix.items()) if mix else None,
        mix_accuracy=sum(part * right[rungs.index(rung)] for rung, part in mix.items()) if mix else None,
        lead=lead,
        below=_sign(lead) if mix else False,
        loss=loss,
        better_than_reference=better,
        better_by=points,
    )


def hull_words(found: HullReport) -> str:
    """Return the cascade's place against the hull, as a figure."""
    lead = (found.lead.value, found.lead.low, found.lead.high)
    return place_words(found.mix, found.mix_accuracy, lead, below=found.below, n=found.n)


def hull_findings(found: HullReport | None, reference: str | None) -> Iterator[str]:
    """Yield what is to be said first: that the cascade is below the hull, and that the reference is not the best."""
    if found is None:
        return
    if found.below:
        yield below_words(found.mix, found.mix_usd_per_request, found.mix_accuracy, found.lead.value or 0.0)
    if found.better_than_reference is not None:
        yield (
            f"The reference {reference} is not the best model: {found.better_than_reference} is right in "
            f"{100.0 * (found.better_by.value or 0.0):.1f} points more of the labelled requests. Put it last, or leave "
            "the other out."
        )


def _better_than(
    strata: Strata, sizes: Mapping[str, int], rungs: Sequence[str], reference: str | None, level: float
) -> tuple[str | None, Figure]:
    """Return the rung that is significantly better than the reference, and by how much; the best of several."""
    if reference not in rungs:
        return None, Figure()
    top = rungs.index(str(reference))
    strict = 1.0 - (1.0 - level) / (len(rungs) - 1)  # the best of several is named (Bonferroni)
    found = [
        (rung, _mean(strata, sizes, lambda _, rows, k=k: rows[:, k] - rows[:, top], strict))  # type: ignore[misc]
        for k, rung in enumerate(rungs)
        if k != top
    ]
    sure = [(rung, lead) for rung, lead in found if _sign(lead)]
    return max(sure, key=lambda one: one[1].value or 0.0, default=(None, Figure()))


def _mean(strata: Strata, sizes: Mapping[str, int], of: Callable[[str, Floats], Floats], level: float) -> Figure:
    """Estimate the mean of a value in [−1, 1] over strata, with a normal interval (Cochran 1977, section 5.3)."""
    total = sum(sizes.values())
    found = [(sizes[by] / total, of(by, rows)) for by, rows in strata.items()]
    value, low, high = mean_of_strata(found, level)
    return Figure(value=value, low=low, high=high, n=sum(len(values) for _, values in found))


def _sign(figure: Figure) -> bool | None:
    """Return whether a figure is above 0, True, below, False, or not told apart from it, None."""
    if figure.low is None or figure.high is None:
        return None
    return True if figure.low > 0.0 else False if figure.high < 0.0 else None
