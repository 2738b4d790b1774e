"""The hull of single models: random mixes of models, without any verifier; the baseline of every cascade.

A random mix of two models reaches every point between their costs and accuracies, for no more than a draw. The upper
concave hull of all single models is therefore what can be had without a cascade, and a policy below it is not worth
serving: a mix that costs no more is more accurate. The difference at equal cost is paired, row by row; the mix and the
words are those of the report (`cascade.stats.single_mix`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.samples.table import Table
from calibration.stats.estimates import pick
from calibration.thresholds.pareto_policies import pareto_hull
from cascade.display.numbers import percent
from cascade.stats.influence import Statistic, measure_mean
from cascade.stats.single_mix import below_words, mean_of_strata, mix_at, name_mix

LEVEL = 0.9
"""Confidence of the interval of the difference."""

ENOUGH = 20
"""Least rows of a comparison: those where the policy's answer and every model's is labelled and has a cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstHull:
    """A policy compared with the most accurate mix of single models that costs no more, on the same rows."""

    n: int
    """Rows compared."""

    mix: Mapping[str, float]
    """Share of the requests that each model gets in that mix; empty where every model costs more than the policy."""

    accuracy: float
    """Accuracy of the policy on these rows."""

    cost_usd_per_request: float
    """Cost of the policy on these rows, verifiers included."""

    mix_usd_per_request: float | None
    """Cost of the mix; at most that of the policy."""

    mix_accuracy: float | None
    """Accuracy of the mix."""

    lead: float | None
    """Accuracy of the mix less that of the policy; above 0 where the policy is below the hull."""

    low: float | None
    """Lower end of its interval."""

    high: float | None
    """Upper end."""

    @property
    def below(self) -> bool | None:
        """True where the policy is below the hull, False where it is above, None where these rows do not tell."""
        if self.lead is None:
            return False
        if self.low is not None and self.low > 0.0:
            return True
        return False if self.high is not None and self.high < 0.0 else None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, as the policy keeps it under `measured.hull`."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "mix": dict(self.mix), "below": self.below}


def compare_with_hull(table: Table, correct: Floats, cost_usd: Floats) -> AgainstHull | None:
    """Compare a policy with the hull of all single models; None with fewer than `ENOUGH` rows that tell.

    Args:
        table: the samples of one task.
        correct: correctness of what the policy serves, (n,), out of fold; NaN where not known.
        cost_usd: what it costs, verifiers included, (n,); NaN where not known.
    """
    rows = ~(np.isnan(correct) | np.isnan(cost_usd))
    rows &= ~np.isnan(table.correct).any(axis=1) & ~np.isnan(table.answer_usd).any(axis=1)
    if int(rows.sum()) < ENOUGH:
        return None
    groups = pick(table.groups, rows) if any(table.groups) else None
    own, spent = measure_mean(correct[rows]), measure_mean(cost_usd[rows])
    right = [measure_mean(column) for column in table.correct[rows].T]
    usd = [measure_mean(column) for column in table.answer_usd[rows].T]
    mix = mix_at(spent.value, table.rungs, [one.value for one in usd], [one.value for one in right])
    parts = [(table.rungs.index(rung), share) for rung, share in mix.items()]
    lead, low, high = None, None, None
    if parts:
        # The shares are taken as they are: where cost rises with accuracy, as here, that makes the interval wider.
        more = sum(share * table.correct[rows, k] for k, share in parts) - correct[rows]
        lead, low, high = mean_of_strata([(1.0, more)], LEVEL)
        if groups is not None:
            ends = measure_mean(more).interval(LEVEL, groups)
            low, high = min(low, ends[0]), max(high, ends[1])
    return AgainstHull(
        n=int(rows.sum()),
        mix=mix,
        accuracy=own.value,
        cost_usd_per_request=spent.value,
        mix_usd_per_request=sum(share * usd[k].value for k, share in parts) if parts else None,
        mix_accuracy=sum(share * right[k].value for k, share in parts) if parts else None,
        lead=lead,
        low=low,
        high=high,
    )


def chord_above_hull(rung: int, accuracy: Sequence[Statistic], usd: Sequence[Statistic]) -> Statistic:
    """Return the mean distance of the chord from a rung to the reference above the hull, times the reference's lead.

    It is the area between the cost of the chord and the cost of the hull, over the accuracies from the rung's to the
    reference's; 0 where no other model lies above the chord. Its influence is that of the models' means, by a numeric
    gradient (delta method).

    Args:
        rung: the rung's column.
        accuracy: mean correctness of every rung, on the same rows.
        usd: mean cost of every rung's answers.
    """
    count = len(accuracy)
    at = np.array([one.value for one in (*accuracy, *usd)])

    def area(point: Floats) -> float:
        right, cost = point[:count], point[count:]
        low, high = right[rung], right[-1]
        if high <= low:
            return 0.0
        hull = pareto_hull(cost, right)
        steps = np.unique(np.concatenate([[low, high], right[hull][(right[hull] > low) & (right[hull] < high)]]))
        chord = np.interp(steps, [low, high], [cost[rung], cost[-1]])
        least = np.minimum(np.interp(steps, right[hull], cost[hull]), chord)
        return float(np.trapezoid(chord - least, steps))

    value = area(at)
    influence = np.zeros(len(accuracy[0].influence))
    for k, one in enumerate((*accuracy, *usd)):
        step = 1e-6 * max(abs(at[k]), 1e-9)
        there, back = at.copy(), at.copy()
        there[k] += step
        back[k] -= step
        influence = influence + (area(there) - area(back)) / (2.0 * step) * one.influence
    return Statistic(value=value, influence=influence)


def say_hull(found: Mapping[str, Any] | None) -> str | None:
    """Return the sentence on a policy that is, or may be, below the hull, from `measured.hull`; None where it is above.

    The sentence names the model or mix that beats it.
    """
    if found is None or found["below"] is False or not found["mix"] or found["lead"] <= 0.0:
        return None
    if found["below"]:
        return below_words(found["mix"], found["mix_usd_per_request"], found["mix_accuracy"], found["lead"])
    return (
        f"It may be below the hull of single models: {name_mix(found['mix'])}, for no more, is right in "
        f"{percent(found['mix_accuracy'])} and this policy in {percent(found['accuracy'])}; on these {found['n']:,} "
        "rows the difference is within chance."
    )


def say_reference(table: Table) -> str | None:
    """Return the sentence where another model is better than the reference, beyond chance; None where none is."""
    best: tuple[float, str] | None = None
    for k, rung in enumerate(table.rungs[:-1]):
        rows: Flags = ~np.isnan(table.correct[:, k]) & ~np.isnan(table.correct[:, -1])
        if int(rows.sum()) < ENOUGH:
            continue
        groups = pick(table.groups, rows) if any(table.groups) else None
        lead = measure_mean(table.correct[rows, k] - table.correct[rows, -1])
        level = 1.0 - (1.0 - LEVEL) / (len(table.rungs) - 1)  # the best of several is named (Bonferroni)
        if lead.interval(level, groups)[0] > 0.0 and (best is None or lead.value > best[0]):
            best = lead.value, rung
    if best is None:
        return None
    return (
        f"The reference {table.rungs[-1]} is not the best model: {best[1]} is right in {100.0 * best[0]:.1f} points "
        "more of the samples. Put it last, or leave the other out."
    )


def hull_sentences(found: Mapping[str, Any] | None, table: Table) -> Sequence[str]:
    """Return what is to be said first: that a policy is below the hull, and that the reference is not the best."""
    return [sentence for sentence in (say_hull(found), say_reference(table)) if sentence is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A policy on recordings against single models and their mixes, as replay and check tell it."""

    hull: AgainstHull | None
    """The comparison; None with fewer than `ENOUGH` rows that tell."""

    sentences: tuple[str, ...]
    """What is to be said first; empty where nothing stands against the policy."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: `hull`, and the sentences under `baseline`, as in a policy's `measured`."""
        return {"hull": None if self.hull is None else self.hull.to_json(), "baseline": list(self.sentences)}


def compare_replayed(table: Table, index: NDArray[np.intp], correct: Floats, cost_usd: Floats) -> Baseline:
    """Compare a replayed policy with the hull of the table's models.

    Args:
        table: the samples of one task on the policy's ladder.
        index: the rows that were replayed, (m,).
        correct: correctness of what the policy serves on them, (m,); NaN where not known.
        cost_usd: what it costs there, verifiers included, (m,); NaN where not known.
    """
    right, usd = np.full(len(table), np.nan), np.full(len(table), np.nan)
    right[index], usd[index] = correct, cost_usd
    hull = compare_with_hull(table, right, usd)
    return Baseline(hull=hull, sentences=tuple(hull_sentences(None if hull is None else hull.to_json(), table)))
