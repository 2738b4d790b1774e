"""Choice by aim: the operating points of a task, from the policy path and the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.combine.rung_fits import RungFits
from calibration.samples.subladders import list_subladders
from calibration.targets.target import (
    Aim,
    Best,
    EscalationRate,
    ExpectedError,
    ExpectedLoss,
    MeanCost,
    Together,
    list_aims,
)
from calibration.thresholds.choice import NO_OPTIMISM, Mix, Optimism, choose, refuse
from calibration.thresholds.evidence import Evidence, ParetoPolicy, gather
from calibration.thresholds.grid import CELLS
from calibration.thresholds.optimism import COARSE, measure_optimism
from calibration.thresholds.pareto_policies import assess, find_pareto_policies, hull_of
from calibration.thresholds.path import Path, policy_path
from cascade.display.numbers import duration
from cascade.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One policy of a random mix, with its share of a task's requests."""

    weight: float
    """The share, in (0, 1]."""

    rungs: tuple[str, ...]
    """The rungs that are asked, cheapest first."""

    rates: tuple[float, ...]
    """Escalation rate of each rung but the last, of the requests that reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aimed:
    """The choice made for an aim."""

    parts: tuple[Part, ...]
    """One, or two in a random mix by hash."""

    path: Path | None = None
    """The policy path searched; None if the target alone decides."""

    mix: Mix | None = None
    """The Pareto policies behind the parts; None without a path."""

    optimism: Optimism = NO_OPTIMISM
    """Optimism subtracted from an aim at quality."""

    why: str | None = None
    """A remark for the user; None if none is needed."""


def aim(fits: RungFits, target: Aim | Together, *, choose_rungs: bool = False) -> Aimed:
    """Choose the points of a task.

    Raises:
        DataError: an aim needs labels or costs that are missing, or aims cannot be met together.
        ConfigError: the rates are neither one nor one for each rung below the top, or rungs are chosen for several.
    """
    aims, rungs = list_aims(target), fits.table.rungs
    rate = aims.get(EscalationRate)
    rates = rate.for_rungs(len(rungs) - 1) if isinstance(rate, EscalationRate) else ()
    if choose_rungs and sum(one is not None for one in rates) > 1:
        message = "Several escalation rates name the rungs they are for; rungs can only be chosen for a single rate."
        raise ConfigError(message)
    if set(aims) == {EscalationRate} and (len(rungs) <= 2 or None not in rates or not fits.learns):
        own = tuple(float(rates[0] or 0.0) if one is None else one for one in rates)
        return Aimed(parts=(Part(weight=1.0, rungs=rungs, rates=own),))
    if not fits.learns:
        message = (
            f"Task {fits.table.task!r}: without labels only escalation rates can be aimed at; label samples "
            "(`cascade grade`), or give --target-escalation alone."
        )
        raise DataError(message)
    if rates:
        return _at_rates(fits, aims, rates, choose_rungs=choose_rungs)
    return _on_path(fits, aims, choose_rungs=choose_rungs)


def _on_path(fits: RungFits, aims: dict[type, Aim], *, choose_rungs: bool) -> Aimed:
    """Choose on the path."""
    path = policy_path(fits, choose_rungs=choose_rungs)
    _require_costs(path.evidence)
    ladders = tuple(path.hulls)

    def search(evidence: Evidence) -> Mix | None:
        found = [one for rungs in ladders for one in find_pareto_policies(evidence, rungs, cells=COARSE)]
        hull = hull_of([*evidence.singles, *found], caution=evidence.caution)
        return choose(hull, evidence.singles[-1], aims)

    optimism = _optimism(path.evidence, search, aims, seed=fits.seed)
    mix = choose(path.hull, path.reference, aims, optimism=optimism)
    cost = aims.get(MeanCost)
    if mix is not None and isinstance(cost, MeanCost) and len(aims) == 1:
        mix = anchor(path, cost.usd)
    elif Best in aims:
        (served,) = path.served(path.evidence.table, pareto_policies=(path.reference,))
        mix = anchor(path, float(np.nanmean(served.cost_usd)))
    if mix is None:
        raise refuse(fits.table.task, aims, path.hull, path.reference, within=path.within_words())
    why = None
    if Best in aims and len(mix) == 1 and mix[0][1] == path.reference:
        why = f"No policy is expected to be better than always {path.reference.rungs[0]} at its cost."
    elif mix[0][1] == path.reference and len(mix) == 1:
        why = f"No policy cheaper than always {path.reference.rungs[0]} is expected to meet the aim."
    elif isinstance(cost, MeanCost) and len(aims) == 1 and len(mix) == 1 and mix[0][1] == path.hull[0]:
        why = f"The best policy costs less than the target: ${mix[0][1].cost_usd:.3g} a request."
    if len(mix) == 1 and mix[0][1] == path.reference:
        why = " ".join(filter(None, (why, path.within_words()))) or None
    return Aimed(parts=_parts(mix), path=path, mix=mix, optimism=optimism, why=why)


def _at_rates(fits: RungFits, aims: dict[type, Aim], rates: Sequence[float | None], *, choose_rungs: bool) -> Aimed:
    """Choose the later thresholds, and the rungs above the first, at given rates."""
    rungs = fits.table.rungs
    ladders = list_subladders(rungs, choose=choose_rungs, first=rungs[0])
    evidence = gather(fits, ladders)
    if set(aims) != {EscalationRate}:
        _require_costs(evidence)

    def hull(rows: Evidence, cells: int) -> tuple[ParetoPolicy, ...]:
        if None in rates:
            found = [
                one for own in ladders for one in find_pareto_policies(rows, own, cells=cells, first_rate=rates[0])
            ]
            return hull_of(found, caution=rows.caution)
        fixed = [float(rate or 0.0) for rate in rates]
        return hull_of([assess(rows, own, fixed[: len(own) - 1]) for own in ladders], caution=rows.caution)

    def search(rows: Evidence) -> Mix | None:
        found = hull(rows, COARSE)
        return choose(found, rows.singles[-1], aims, safe=False) if found else None

    optimism = _optimism(evidence, search, aims, seed=fits.seed)
    found = hull(evidence, CELLS)
    if not found:
        message = (
            f"Task {fits.table.task!r}: no policy of this escalation rate adds at most "
            f"{duration(fits.table.max_added_p95_s)} at p95; allow more, or another rate."
        )
        raise DataError(message)
    mix = choose(found, evidence.singles[-1], aims, optimism=optimism, safe=False)
    if mix is None:
        raise refuse(fits.table.task, aims, found, evidence.singles[-1])
    return Aimed(parts=_parts(mix), mix=mix, optimism=optimism)


def anchor(path: Path, usd: float) -> Mix | None:
    """Return the random mix of two neighbours on the hull whose served cost is `usd`, over all rows, labelled or not.

    The hull's own costs come from out-of-fold confidences in bins; served costs differ a little. None if even the
    cheapest costs more.
    """
    hull, known = path.hull, dict[int, float]()

    def cost(at: int) -> float:
        if at not in known:
            (served,) = path.served(path.evidence.table, pareto_policies=(hull[at],))
            known[at] = float(np.nanmean(served.cost_usd))
        return known[at]

    if cost(0) <= usd:
        return ((1.0, hull[0]),)
    if cost(len(hull) - 1) > usd:
        return None
    dear, cheap = 0, len(hull) - 1
    while cheap - dear > 1:
        middle = (dear + cheap) // 2
        dear, cheap = (middle, cheap) if cost(middle) > usd else (dear, middle)
    share = (cost(dear) - usd) / (cost(dear) - cost(cheap))
    return ((1.0 - share, hull[dear]), (share, hull[cheap])) if share < 1.0 else ((1.0, hull[cheap]),)


def _parts(mix: Mix) -> tuple[Part, ...]:
    return tuple(Part(weight=weight, rungs=found.rungs, rates=found.rates) for weight, found in mix)


def _optimism(
    evidence: Evidence, search: Callable[[Evidence], Mix | None], aims: dict[type, Aim], *, seed: int
) -> Optimism:
    if not any(kind in aims for kind in (ExpectedLoss, ExpectedError)):
        return NO_OPTIMISM
    return measure_optimism(evidence, search, seed=seed)


def _require_costs(evidence: Evidence) -> None:
    if not evidence.priced:
        message = (
            f"Task {evidence.table.task!r}: no answer's cost is known, so policies cannot be compared by cost; "
            "record `cost_usd`, or give the rungs a `price`."
        )
        raise DataError(message)
