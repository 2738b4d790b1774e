"""Comparison of the cascade with each rung alone, on the labelled answers of a tally."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cascade.report.values.figure import NO_FIGURE, Figure, weighted
from cascade.report.values.parts import SingleReport
from cascade.report.values.tally import LabelTally, RungTally, Tally

Wanted = Callable[[str, str | None, str | None], bool]
"""Filter of labels: by labelled rung, returned rung, and the action on the labelled answer."""


def labelled(tally: Tally, wanted: Wanted) -> LabelTally:
    """Sum the selected labels."""
    found = LabelTally()
    for key, labels in tally.labels.items():
        if wanted(*key):
            found.add(labels)
    return found


def weighted_accuracy(tally: Tally, rung: str | None, level: float) -> Figure:
    """Estimate the stratified accuracy of one rung (None for the returned answer) over all answered requests.

    Labels of a rung are rarely distributed like traffic: a top that only gets escalated requests is labelled on hard
    ones. So each answering rung's requests are a stratum; a stratum without labels gives no estimate.
    """
    answered = {name: n for name, n in tally.answered_by.items() if name is not None}
    total = sum(answered.values())
    strata = []
    for name, n in answered.items():
        key = (rung or name, name)
        found = LabelTally()
        for (whose, answered_by, _), labels in tally.labels.items():
            if (whose, answered_by) == key:
                found.add(labels)
        if not found.n:
            return NO_FIGURE
        strata.append((n / total, found.n, found.correct, found.squares))
    return weighted(strata, level)


def singles_of(tally: Tally, order: Sequence[str], reference: str | None, level: float) -> tuple[SingleReport, ...]:
    """Return each rung alone, in `order`, if labels allow an estimate."""
    found = []
    for name in order:
        accuracy = weighted_accuracy(tally, name, level)
        if accuracy.value is None:
            continue
        rung, against = tally.rungs.get(name, RungTally()), tally.against
        answered = rung.n - sum(rung.failures.values())
        usd = rung.answered_usd / answered if answered else None
        if name == reference and against.n:
            usd = against.top / against.n
        found.append(SingleReport(rung=name, accuracy=accuracy, cost_usd_per_request=usd))
    return tuple(found)


def best(singles: tuple[SingleReport, ...]) -> str | None:
    """Return the most accurate single rung; ties go to the cheapest."""
    if not singles:
        return None
    return max(singles, key=lambda single: (single.accuracy.value or 0.0, -(single.cost_usd_per_request or 0.0))).rung


def dominating(singles: tuple[SingleReport, ...], cascade: Figure, usd: float | None) -> str | None:
    """Return a single rung that is at least as accurate as the cascade and no dearer, the most accurate first."""
    if cascade.value is None or usd is None:
        return None
    better = [
        single
        for single in singles
        if single.cost_usd_per_request is not None
        and (single.accuracy.value or 0.0) >= cascade.value - 1e-12
        and single.cost_usd_per_request <= usd + 1e-15
    ]
    return best(tuple(better))
