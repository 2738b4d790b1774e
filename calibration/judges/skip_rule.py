"""Skip rules: when a paid verifier can be skipped because a cheap score is decisive; to be fixed before calibration.

A rule asks the paid verifier only where low ≤ cheap score ≤ high. Every pair of quantiles of the cheap score is tried:
verdicts outside are removed, the combiner is fitted again out of fold, and the saving is compared with the lost area,
priced in answers of the reference. The best of many rules is proposed, so its figures are optimistic: fix it, and
calibrate on other samples. `verifiers.skip_if_confident.SkipIfConfident` serves it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from calibration.arrays import Floats
from calibration.assess.worth import LEVEL, Estimate
from calibration.combine.held_out import Fit, fit_rows, verifier_of
from calibration.samples.table import Table
from calibration.stats.area import measure_area
from cascade.stats.auroc import measure_auroc
from cascade.stats.influence import measure_mean, ratio_interval

LOW = (0.0, 0.1, 0.2, 0.3, 0.4)
"""Quantiles of the cheap score tried as lower ends; 0: no lower end."""

HIGH = (1.0, 0.8, 0.6, 0.5, 0.4)
"""Quantiles tried as upper ends; 1: no upper end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipRule:
    """A skip rule of one paid verifier on one rung."""

    rung: str
    """The rung."""

    verifier: str
    """The paid verifier."""

    when: str
    """The cheap score that decides: the free feature with the greatest AUROC."""

    below: float
    """Below this cheap score it is skipped."""

    above: float
    """Above this cheap score it is skipped."""

    spared: float
    """Share of answers on which it is skipped, in [0, 1]."""

    saves_usd: float
    """Saving per answer, in US dollars."""

    loses_usd: Estimate
    """Cost of the lost area per answer, in answers of the reference, in US dollars; negative: nothing is lost."""

    pays: bool
    """Whether the saving exceeds the upper end of the loss."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


def propose_skip_rule(table: Table, *, seed: int = 0) -> tuple[SkipRule, ...]:
    """Return the best rule of every paid verifier on every rung below the top; empty if accuracy has no price."""
    found: list[SkipRule] = []
    held_out: dict[str, Floats] = {}
    for k, rung in enumerate(table.rungs[:-1]):
        fit = fit_rows(table, rung, held_out)
        held_out[rung] = fit.keep(fit.names, seed=seed)
        use = table.use[rung]
        paid = [name for name, one in use.items() if one.cost_usd > 0.0]
        when = _decisive(table, k, fit, [name for name in use if name not in paid])
        for verifier in paid if when is not None else ():
            if any(verifier_of(name) == verifier for name in fit.names):
                rule = _best_rule(table, k, fit, held_out[rung], verifier, str(when), seed=seed)
                found.extend([] if rule is None else [rule])
    return tuple(found)


def _decisive(table: Table, k: int, fit: Fit, free: list[str]) -> str | None:
    """Return the free verifiers' feature with the greatest AUROC; None if none is above .5."""
    best: tuple[float, str] | None = None
    y = table.correct[fit.taken, k]
    for j, name in enumerate(fit.names):
        rows = ~np.isnan(fit.rows[:, j]) & ~np.isnan(y)
        if verifier_of(name) in free and rows.any():
            auroc = measure_auroc(fit.rows[rows, j], y[rows])
            if auroc is not None and auroc.value > 0.5 and (best is None or auroc.value > best[0]):
                best = (auroc.value, name)
    return None if best is None else best[1]


def _best_rule(
    table: Table, k: int, fit: Fit, everything: Floats, verifier: str, when: str, *, seed: int
) -> SkipRule | None:
    """Return the rule of greatest net saving; None if accuracy has no price or no rule skips anything."""
    y, top = table.correct[:, k], table.correct[:, -1]
    rows = table.present[:, k] & ~np.isnan(y) & ~np.isnan(top)
    dollars = table.answer_usd[rows, -1]
    if not rows.any() or not np.isfinite(dollars).any():
        return None
    gain, price = top[rows] - y[rows], float(np.nanmean(dollars))
    groups = tuple(table.groups[int(i)] for i in np.flatnonzero(rows))
    lead, area = measure_mean(gain), measure_area(everything[rows], gain)
    if lead.interval(LEVEL, groups)[0] <= 0.0:
        return None
    use = table.use[table.rungs[k]][verifier]
    each = use.cost_usd / max(1, use.computed + use.recorded)
    cheap = fit.rows[:, fit.names.index(when)]
    mine = np.array([verifier_of(name) == verifier for name in fit.names])
    tried: list[SkipRule] = []
    for low, high in ((low, high) for low in LOW for high in HIGH if low < high and (low, high) != (0.0, 1.0)):
        below = float(np.nanquantile(cheap, low)) if low else float(np.nanmin(cheap))
        above = float(np.nanquantile(cheap, high)) if high < 1.0 else float(np.nanmax(cheap))
        out = (cheap < below) | (cheap > above)
        if not out.any() or below >= above:
            continue
        masked = fit.rows.copy()
        masked[np.ix_(out, mine)] = np.nan
        spared = replace(fit, rows=masked).keep(fit.names, seed=seed)
        lost = area.less(measure_area(spared[rows], gain))
        ends = ratio_interval(lost, lead, LEVEL, groups)
        loses = Estimate(value=lost.value / lead.value * price, low=ends[0] * price, high=ends[1] * price)
        share = float(out.mean())
        tried.append(
            SkipRule(
                rung=table.rungs[k],
                verifier=verifier,
                when=when,
                below=below,
                above=above,
                spared=share,
                saves_usd=share * each,
                loses_usd=loses,
                pays=share * each > ends[1] * price,
            )
        )
    return max(tried, key=lambda rule: rule.saves_usd - max(0.0, rule.loses_usd.value), default=None)
