"""smallest_flip(): the smallest change of one signal that would have turned a decision round."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cascade.policy.combiner import CLIP, Combiner, Feature
from cascade.policy.operating_point import Threshold

_HALVINGS = 80
"""Halvings of an interval: more than a float has bits."""

_LOG_PROBABILITIES = (".mean", ".min", ".low")
"""Ends of signals' names that `LogProb` gives logarithms of probabilities: none is above 0."""

_Turned = Callable[[float], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A change of one signal, all others as they were, after which the decision is the other one."""

    signal: str
    """The feature's name: `<verifier>`, `<verifier>.<signal>`, `length`, `earlier.<rung>`."""

    was: float | None
    """What it was; None: missing."""

    needed: float
    """The nearest value that turns the decision; of a score, within [0, 1]; of a log-probability, at most 0."""

    confidence: float
    """The confidence with it, in [0, 1]."""

    sds: float | None
    """The size of the change in standard deviations of the rows that the combiner was fitted on; None where the
    combiner is not fitted, or the signal was missing."""


def smallest_flip(
    combiner: Combiner, features: Mapping[str, float | None], threshold: Threshold, u: float
) -> Flip | None:
    """Return the smallest change of one signal that turns the decision; None where no single one can.

    Changes are compared in standard deviations; a signal that was missing comes after those that were there. A
    confidence of an earlier rung is no signal of this answer, and is left as it was.

    Args:
        combiner: what made the confidence.
        features: what it saw.
        threshold: the threshold of the rung.
        u: the hashed choice of the rung, in [0, 1).
    """
    before = threshold.escalates(combiner.confidence(features), u)
    found: list[tuple[bool, float, Flip]] = []
    for column in combiner.columns or (_passed(combiner),):
        if column is None or column.name.startswith("earlier."):
            continue
        was = features.get(column.name)
        was = was if was is not None and math.isfinite(was) else None

        def turned(value: float, name: str = column.name) -> bool:
            return threshold.escalates(combiner.confidence({**features, name: value}), u) is not before

        needed = _nearest(column, column.median if was is None else was, turned)
        if needed is None:
            continue
        size = abs(needed - (column.median if was is None else was)) / column.sd
        flip = Flip(
            signal=column.name,
            was=was,
            needed=needed,
            confidence=combiner.confidence({**features, column.name: needed}),
            sds=None if was is None or combiner.passthrough is not None else size,
        )
        found.append((was is None, size, flip))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _passed(combiner: Combiner) -> Feature | None:
    """Return a column that stands for the one feature of a combiner which is not fitted."""
    if combiner.passthrough is None:
        return None
    return Feature(
        name=combiner.passthrough, median=0.5, sd=1.0, weight=1.0, missing_weight=0.0, edges=(), evidence=(0.0, 0.0)
    )


def _nearest(column: Feature, start: float, turned: _Turned) -> float | None:
    """Return the value nearest to `start` that turns the decision, on either side."""
    if turned(start):
        return start
    sides = (_side(column, start, turned, up=True), _side(column, start, turned, up=False))
    return min((one for one in sides if one is not None), key=lambda one: abs(one - start), default=None)


def _side(column: Feature, start: float, turned: _Turned, *, up: bool) -> float | None:
    """Walk from `start` to one side: between two stops the confidence is monotone, and at each it may jump."""
    clips = (column.median - CLIP * column.sd, column.median + CLIP * column.sd)
    is_score = "." not in column.name and column.name != "length"
    low, high = (0.0, 1.0) if is_score else (0.0 if column.name == "length" else -math.inf, math.inf)
    if column.name.endswith(_LOG_PROBABILITIES) and column.median <= 0.0:
        high = 0.0
    # A value equal to an edge lies above it, so both sides of each edge are looked at.
    stops = {*clips, *column.edges, *(math.nextafter(edge, -math.inf) for edge in column.edges)}
    stops |= {end for end in (low, high) if math.isfinite(end)}
    ahead = sorted((s for s in stops if low <= s <= high and (s > start if up else s < start)), reverse=not up)
    last = start
    for stop in ahead:
        if turned(stop):
            return _between(last, stop, turned)
        last = stop
    return None


def _between(kept: float, turning: float, turned: _Turned) -> float:
    """Return the value nearest to `kept` that turns the decision, between it and one that does."""
    for _ in range(_HALVINGS):
        middle = (kept + turning) / 2.0
        if middle in (kept, turning):
            break
        kept, turning = (kept, middle) if turned(middle) else (middle, turning)
    return turning
