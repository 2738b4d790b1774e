"""Verifier worth: each verifier's AUROC alone and added to the others, its cost and its saving.

All figures that use labels are out of fold. "Added" is drop-one: the loss of the full combiner without one verifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.combine.held_out import Fit, fit_rows, verifier_of
from calibration.samples.table import Table
from calibration.stats.area import measure_area
from calibration.stats.measures import brier, ece
from cascade.policy.features import LENGTH
from cascade.stats.auroc import measure_auroc
from cascade.stats.influence import Statistic, measure_mean, ratio_interval

Standing = Literal["informative", "chance", "unclear", "reversed", "constant"]

NEAR_CHANCE = 0.6
"""An AUROC whose whole interval lies within this distance of .5 is at chance level, not just unclear."""

LEVEL = 0.9
"""Confidence of every interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 90 % interval."""

    value: float
    """The estimate."""

    low: float | None
    """Lower end; None with too few rows."""

    high: float | None
    """Upper end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierWorth:
    """Worth of one verifier on one rung."""

    rung: str
    """The rung it judged."""

    verifier: str
    """Its name; `length` and `earlier.…` are features that come from no verifier."""

    standing: Standing
    """informative: score or a signal is better than chance, at 90 % confidence over all columns of the rung together.

    reversed: wrong answers score higher (the combiner handles it). chance: its interval lies within .4 to .6. unclear:
    too few labels. constant: the same score for all answers, or none.
    """

    n: int
    """Labelled answers that were not vetoed."""

    abstained: float
    """The share of them on which it abstains, in [0, 1]."""

    auroc: Estimate | None
    """AUROC of its score alone, where it scores; None if constant."""

    signals: dict[str, float]
    """AUROC of each of its signals alone."""

    auroc_added: Estimate | None
    """AUROC that it adds to the others."""

    area_added: Estimate | None
    """Area above random mixing that it adds to the others, in points of accuracy / 100."""

    ece: float | None
    """Expected calibration error of its score taken as a probability."""

    brier: float | None
    """Brier score of its score taken as a probability."""

    cost_usd_per_request: float
    """Cost per answer that it judged."""

    saves_usd_per_request: Estimate | None
    """The added area, priced in answers of the reference at equal accuracy; None where the reference is not clearly
    better than the rung, so that accuracy has no price."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**asdict(self), "says": self.sentence()}

    def sentence(self) -> str:
        """Return the conclusion, in a sentence."""
        cost = f" It costs ${self.cost_usd_per_request:.3g} an answer." if self.cost_usd_per_request else ""
        auroc = "" if self.auroc is None else f" (AUROC {self.auroc.value:.2f})"
        if self.standing == "constant":
            return f"{self.verifier} scores every answer the same or abstains: dropping it changes no ranking.{cost}"
        if self.standing == "chance":
            return f"{self.verifier} is at chance level{auroc}: its score does not separate right from wrong.{cost}"
        if self.standing == "unclear":
            return f"{self.verifier} cannot be distinguished from chance with {self.n} labels{auroc}.{cost}"
        if self.verifier == LENGTH and self.standing in {"informative", "reversed"}:
            return f"Answers' length separates right from wrong{auroc}; below .5 the longer ones are more often wrong."
        if self.standing == "reversed":
            return f"{self.verifier} scores wrong answers higher{auroc}: check what it measures.{cost}"
        if not self.cost_usd_per_request:
            return f"{self.verifier} separates right from wrong{auroc}, at no cost."
        saves = self.saves_usd_per_request
        if saves is None or saves.low is None or saves.high is None:
            return f"{self.verifier} separates right from wrong{auroc}.{cost}"
        if saves.low > self.cost_usd_per_request:
            return f"{self.verifier} pays: it saves ${saves.value:.3g} an answer.{cost}"
        if saves.high < self.cost_usd_per_request:
            return f"{self.verifier} does not pay: it saves ${max(0.0, saves.value):.3g} an answer; drop it.{cost}"
        return f"Whether {self.verifier} pays is unclear: it saves about ${saves.value:.3g} an answer.{cost}"


def measure_worth(table: Table, *, seed: int = 0) -> tuple[VerifierWorth, ...]:
    """Return the worth of every verifier and other feature on every rung below the top.

    Rungs without labels of both classes are left out. Savings are against escalating to the table's last rung.
    """
    found: list[VerifierWorth] = []
    held_out: dict[str, Floats] = {}
    for k, rung in enumerate(table.rungs[:-1]):
        fit = fit_rows(table, rung, held_out)
        everything = fit.keep(fit.names, seed=seed)
        held_out[rung] = everything
        labels = fit.correct[~np.isnan(fit.correct)]
        if not labels.size or labels.min() == labels.max():
            continue
        sources = dict.fromkeys([*map(verifier_of, fit.names), *table.use[rung]])
        found.extend(_one(table, k, fit, everything, source, seed=seed) for source in sources)
    return tuple(found)


def _one(table: Table, k: int, fit: Fit, everything: Floats, source: str, *, seed: int) -> VerifierWorth:
    rung = table.rungs[k]
    known = fit.taken & ~np.isnan(table.correct[:, k])
    mine = tuple(name for name in fit.names if verifier_of(name) == source)
    columns = {name: _column(fit, name) for name in mine}
    score = columns.get(source, np.full(len(table), np.nan))
    spoke = known & ~np.all(np.isnan([*columns.values(), np.full(len(table), np.nan)]), axis=0)
    alone = {name: _alone(column, table, k, known, len(fit.names)) for name, column in columns.items()}
    added: Estimate | None = None
    area: Estimate | None = None
    saves: Estimate | None = None
    varied = {name: estimates for name, estimates in alone.items() if estimates is not None}
    if varied:
        rest = tuple(name for name in fit.names if name not in mine)
        without = fit.keep(rest, seed=seed) if rest else np.zeros(len(table))
        added, area, saves = _added(table, k, everything, without)
    use = table.use[rung].get(source)
    asked = 0 if use is None else use.computed + use.recorded
    probability = score if np.nanmin(score, initial=0.0) >= 0.0 and np.nanmax(score, initial=1.0) <= 1.0 else None
    own = varied.get(source)
    return VerifierWorth(
        rung=rung,
        verifier=source,
        standing=_standing(varied, source),
        n=int(known.sum()),
        abstained=1.0 - float(spoke.sum()) / max(1, int(known.sum())),
        auroc=None if own is None else own[0],
        signals={name: estimate.value for name, (estimate, _) in varied.items() if name != source},
        auroc_added=added,
        area_added=area,
        ece=None if probability is None else ece(probability[known], table.correct[known, k]),
        brier=None if probability is None else brier(probability[known], table.correct[known, k]),
        cost_usd_per_request=0.0 if use is None or not asked else use.cost_usd / asked,
        saves_usd_per_request=saves,
    )


def _column(fit: Fit, name: str) -> Floats:
    """Return a feature over all rows of the table, (n,); NaN where not taken."""
    found = np.full(len(fit.taken), np.nan)
    found[fit.taken] = fit.rows[:, fit.names.index(name)]
    return found


def _alone(column: Floats, table: Table, k: int, known: Flags, tried: int) -> tuple[Estimate, Estimate] | None:
    """Return a column's AUROC with its 90 % interval, and with one corrected for `tried` columns (Bonferroni)."""
    rows = known & np.isfinite(column)
    if not rows.any() or np.ptp(column[rows]) == 0.0:
        return None
    statistic = measure_auroc(column[rows], table.correct[rows, k])
    if statistic is None:
        return None
    groups = tuple(table.groups[i] for i in np.flatnonzero(rows))
    return estimated(statistic, groups), estimated(statistic, groups, 1.0 - (1.0 - LEVEL) / tried)


def _standing(columns: Mapping[str, tuple[Estimate, Estimate]], score: str) -> Standing:
    """Return a verifier's standing by its score and signals."""
    if not columns:
        return "constant"
    strict = {name: _ends(estimate) for name, (_, estimate) in columns.items()}
    if score in strict and strict[score][1] < 0.5:
        return "reversed"
    # A signal may have either sign: `hedging.phrases` counts evidence against an answer.
    if any(low > 0.5 or (name != score and high < 0.5) for name, (low, high) in strict.items()):
        return "informative"
    ends = [_ends(estimate) for estimate, _ in columns.values()]
    return "chance" if all(low > 1.0 - NEAR_CHANCE and high < NEAR_CHANCE for low, high in ends) else "unclear"


def _ends(estimate: Estimate) -> tuple[float, float]:
    return (
        0.0 if estimate.low is None else estimate.low,
        1.0 if estimate.high is None else estimate.high,
    )


def _added(
    table: Table, k: int, everything: Floats, without: Floats
) -> tuple[Estimate | None, Estimate | None, Estimate | None]:
    """Return AUROC, area and dollars that a verifier adds to the others."""
    y, top = table.correct[:, k], table.correct[:, -1]
    rows = table.present[:, k] & ~np.isnan(y)
    groups = tuple(table.groups[i] for i in np.flatnonzero(rows))
    whole, part = measure_auroc(everything[rows], y[rows]), measure_auroc(without[rows], y[rows])
    added = None if whole is None or part is None else estimated(whole.less(part), groups)
    both = rows & ~np.isnan(top)
    if both.sum() < 2:
        return added, None, None
    groups = tuple(table.groups[i] for i in np.flatnonzero(both))
    gain = top[both] - y[both]
    area = measure_area(everything[both], gain).less(measure_area(without[both], gain))
    return added, estimated(area, groups), _saved(area, gain, table.answer_usd[both, -1], groups)


def _saved(area: Statistic, gain: Floats, top_usd: Floats, groups: tuple[str | None, ...]) -> Estimate | None:
    """Return the price of an area in answers of the reference, in US dollars a request."""
    mean = measure_mean(gain)
    if mean.interval(LEVEL, groups)[0] <= 0.0 or not np.isfinite(top_usd).any():
        return None
    dollars = float(np.nanmean(top_usd))
    low, high = ratio_interval(area, mean, LEVEL, groups)
    return Estimate(value=area.value / mean.value * dollars, low=low * dollars, high=high * dollars)


def estimated(statistic: Statistic, groups: tuple[str | None, ...] | None = None, level: float = LEVEL) -> Estimate:
    """Return a statistic with its interval; without ends for a single group or row."""
    low, high = statistic.interval(level, groups)
    return Estimate(
        value=statistic.value, low=low if np.isfinite(low) else None, high=high if np.isfinite(high) else None
    )
