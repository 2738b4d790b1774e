"""In short: a fitted or replayed policy in one line: where it stands, what it costs, what is promised, the rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cascade.display.numbers import duration, percent
from cascade.policy.policy import TaskPolicy
from cascade.report.values.line import promise_words


def fitted_in_short(fitted: TaskPolicy) -> str:
    """Return the line of a fitted policy, as `cascade calibrate` opens with it."""
    found: Mapping[str, Any] = fitted.measured
    rate = found["escalation_rate"]["expected"]
    promise = [] if fitted.certificate is None else [promise_words(fitted.certificate) or "nothing is certified"]
    reference = found["reference"]
    quality = _quality(found["accuracy"]["value"], found["accuracy_top"], reference)
    by_top = all(point["rungs"] == [reference] for point in found["points"])
    return _sentence(
        [*_below(found.get("hull")), _cost(found, reference), *promise, *quality, _rate(rate, by_top=by_top),
         *([] if by_top else _added(found))]
    )  # fmt: skip


def replayed_in_short(row: Mapping[str, Any]) -> str:
    """Return the line of a policy replayed on samples, as `cascade replay` opens with it."""
    quality = _quality(row["accuracy"]["value"], row["accuracy_top"], "the top")
    rate = _rate(row["escalation_rate"]["value"])
    return _sentence([*_below(row.get("hull")), _cost(row, "the top"), *quality, rate, *_added(row)])


def _below(hull: Mapping[str, Any] | None) -> Iterator[str]:
    if hull is not None and hull.get("mix") and hull.get("below"):
        yield "below the hull of single models"


def _cost(found: Mapping[str, Any], reference: str) -> str:
    share = found["cost_vs_top"]
    if share is None:
        return "cost against the reference unknown"
    if share > 1.0:
        return f"costs {percent(share - 1.0)} more than always {reference}"
    return f"saves {percent(1.0 - share)} of always {reference}"


def _quality(ours: float | None, top: float | None, reference: str) -> Iterator[str]:
    if ours is None or top is None:
        yield "quality unknown: no labels"
        return
    points = 100.0 * (top - ours)
    more = "worse" if points > 0.0 else "better"
    yield (
        f"{abs(points):.1f} points {more} than {reference} by labels" if round(points, 1) else f"as good as {reference}"
    )


def _rate(rate: float | None, *, by_top: bool = False) -> str:
    if by_top:
        return "served by the top: 100 %"
    return "rate unknown" if rate is None else f"escalates {percent(rate)}"


def _added(found: Mapping[str, Any]) -> Iterator[str]:
    if added := found.get("added_latency"):
        p50, p95 = added["p50_s"], added["p95_s"]
        yield f"answers {_later(p50)} at p50 and {_later(p95)} at p95"


def _later(seconds: float) -> str:
    return f"{duration(abs(seconds))} {'later' if seconds >= 0.0 else 'sooner'}"


def _sentence(parts: list[str]) -> str:
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}"
