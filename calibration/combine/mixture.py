"""Mixture of two combiners, a task's own and a prior from other tasks: their mean log-odds are a combiner again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass

from cascade.policy.combiner import MAX_EDGES, Combiner, Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Prior of a task's combiner, fitted on other tasks."""

    combiner: Combiner
    """The other tasks' combiner."""

    strength: float
    """Its weight in rows of the rarer class, right or wrong; positive, large where tasks are alike."""

    def share(self, rarer: float) -> float:
        """Return the weight in [0, 1] of a combiner fitted to `rarer` rows of the rarer class."""
        return rarer / (rarer + self.strength)


def mix(own: Combiner, other: Combiner, share: float) -> Combiner:
    """Return the combiner whose log-odds are `share` of `own`'s and the rest of `other`'s, `share` in [0, 1].

    Exact for values that neither clips; beyond, the one whose feature weighs more clips for both. A combiner that
    passes one score on cannot be mixed: then `other` is returned as it is, and for a share of 0 too.
    """
    if share <= 0.0 or own.passthrough is not None or other.passthrough is not None:
        return other
    theirs = {column.name: column for column in other.columns}
    columns: list[Feature] = []
    intercept = share * own.intercept + (1.0 - share) * other.intercept
    for column in own.columns:
        if column.name not in theirs:
            columns.append(_scaled(column, share))
            continue
        merged, moved = _merged(column, theirs.pop(column.name), share)
        columns.append(merged)
        intercept += moved
    columns.extend(_scaled(column, 1.0 - share) for column in theirs.values())
    return Combiner(columns=tuple(columns), intercept=intercept)


def restricted(combiner: Combiner, names: Collection[str]) -> Combiner:
    """Return the combiner restricted to `names`, as if all other features were missing."""
    if combiner.passthrough is not None:
        return combiner
    unread = [column for column in combiner.columns if column.name not in names]
    return Combiner(
        columns=tuple(column for column in combiner.columns if column.name in names),
        intercept=combiner.intercept + sum(column.missing_weight + column.evidence[-1] for column in unread),
    )


def _scaled(column: Feature, share: float) -> Feature:
    return Feature(
        name=column.name,
        median=column.median,
        sd=column.sd,
        weight=share * column.weight,
        missing_weight=share * column.missing_weight,
        edges=column.edges,
        evidence=tuple(share * value for value in column.evidence),
    )


def _merged(own: Feature, other: Feature, share: float) -> tuple[Feature, float]:
    """Return one feature on one scale, and the shift of the intercept because medians differ."""
    rest = 1.0 - share
    parts = ((share, own), (rest, other))
    # A feature that never varied in one of them has no scale there; its weight is 0.
    scale = own if share * abs(own.weight) >= rest * abs(other.weight) else other
    weight = sum(part * column.weight * scale.sd / column.sd for part, column in parts)
    moved = sum(part * column.weight * (scale.median - column.median) / column.sd for part, column in parts)
    edges = sorted({*own.edges, *other.edges})[:MAX_EDGES]
    evidence = [sum(part * column.evidence[bisect_right(column.edges, low)] for part, column in parts) for low in edges]
    lowest = sum(part * column.evidence[0] for part, column in parts)
    missing = sum(part * column.evidence[-1] for part, column in parts)
    # The intercept applies to missing values too, so their weight takes the shift back.
    missing_weight = sum(part * column.missing_weight for part, column in parts) - moved
    feature = Feature(
        name=own.name,
        median=scale.median,
        sd=scale.sd,
        weight=weight,
        missing_weight=missing_weight,
        edges=tuple(edges),
        evidence=(lowest, *evidence, missing),
    )
    return feature, moved
