"""Whether a cascade is worth it on a task: worth it, not worth it, or cannot tell; net of judges, shadow and labels.

What a cascade must beat is not the reference but mixing the two models by lot, for which no verifier is needed. With
c₁ and c_T the mean costs of the rung's and the reference's answers, v₁ and v_T of the verdicts on them, d̄ the lead of
the reference in accuracy and A the out-of-fold area above random mixing, mixing that is as right as the cascade costs,
on average over all escalation rates r in [0, 1],

    (A / d̄) (c_T − c₁) − c₁ / 2 − v₁ − v_T / 2

more than the cascade: A / d̄ is the share of requests that need not go up, c₁ / 2 what escalated requests paid below.
From that go the shadow stream, whose requests are also answered by the reference, and the labels. The rate is averaged
over and not chosen, because the best of many rates always looks good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from calibration.arrays import Floats
from calibration.assess.worth import LEVEL, Estimate, estimated
from calibration.samples.table import Table
from calibration.stats.area import measure_area
from calibration.stats.sample_size import size_for_mean
from cascade.errors import DataError
from cascade.stats.influence import Statistic, measure_mean, ratio_interval

Verdict = Literal["worth it", "not worth it", "cannot tell"]

ENOUGH = 20
"""Labelled rows below which nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheads:
    """What a cascade costs beside answers and verdicts."""

    shadow_share: float = 0.01
    """The share of accepted requests that the reference answers too, in [0, 1]."""

    label_usd: float = 0.0
    """What one label costs, in US dollars."""

    labels: int = 0
    """How many are paid for."""

    requests: int = 0
    """Over how many requests the labels are spread; 0: labels are left out."""

    @property
    def labels_usd_per_request(self) -> float:
        """What the labels cost on each request."""
        return self.label_usd * self.labels / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RungAssessment:
    """A cascade of one rung and the reference."""

    rung: str
    """The rung."""

    n: int
    """Rows that both answered, labelled on both."""

    lead: Estimate
    """How much righter the reference is, as a share."""

    area: Estimate
    """Out-of-fold area above random mixing."""

    gross_usd: float | None
    """What is saved on a request against mixing by lot at equal accuracy, overheads not yet taken off."""

    below_usd: float | None
    """What escalated requests paid for the rung's answer, on average over rates."""

    verifiers_usd: float
    """What the verdicts cost on a request."""

    shadow_usd: float | None
    """What the shadow stream costs on a request."""

    labels_usd: float
    """What the labels cost on a request."""

    net_usd: Estimate | None
    """What remains; None where accuracy or answers have no price."""

    verdict: Verdict
    """For this rung."""

    why: str
    """In a sentence."""

    more_labels: int | None
    """About how many more labelled samples would tell, with probability .8; None: it is told, or none would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What came of a task."""

    task: str
    """The task."""

    verdict: Verdict
    """worth it where any rung is; not worth it where none is; else cannot tell."""

    why: str
    """Of the rung that decides."""

    rungs: tuple[RungAssessment, ...]
    """Every rung below the top, with the reference."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


def assess_table(table: Table, held_out: Mapping[str, Floats], overheads: Overheads | None = None) -> Assessment:
    """Tell whether a cascade is worth it on the samples of one task.

    Args:
        table: recorded and labelled samples.
        held_out: out-of-fold confidences by rung below the top, (n,) each, as `hold_out` gives them.
        overheads: what else it costs.

    Raises:
        DataError: no rung has enough labelled rows.
    """
    below = table.rungs[:-1]
    # Several rungs are looked at and the best is taken, so each interval is that much wider.
    level = 1.0 - (1.0 - LEVEL) / max(1, len(below))
    rungs = tuple(
        found
        for rung in below
        if (found := _assess_rung(table, rung, held_out[rung], overheads or Overheads(), level)) is not None
    )
    if not rungs:
        message = (
            f"Task {table.task!r} has fewer than {ENOUGH} samples that a rung and the reference {table.rungs[-1]!r} "
            "both answered, labelled on both; grade some (`cascade grade`) to tell whether a cascade is worth it."
        )
        raise DataError(message)
    order: dict[Verdict, int] = {"worth it": 0, "cannot tell": 1, "not worth it": 2}
    best = min(rungs, key=lambda one: (order[one.verdict], -(one.net_usd.value if one.net_usd else -math.inf)))
    return Assessment(task=table.task, verdict=best.verdict, why=best.why, rungs=rungs)


def _assess_rung(
    table: Table, rung: str, confidences: Floats, overheads: Overheads, level: float
) -> RungAssessment | None:
    k = table.rungs.index(rung)
    rows = table.present[:, k] & ~np.isnan(table.correct[:, k]) & ~np.isnan(table.correct[:, -1])
    n = int(rows.sum())
    if n < ENOUGH:
        return None
    groups = tuple(table.groups[int(i)] for i in np.flatnonzero(rows))
    gain = table.correct[rows, -1] - table.correct[rows, k]
    ranked = np.where(table.forced[rows, k], -1.0, confidences[rows])
    lead, area = measure_mean(gain), measure_area(ranked, gain)
    own, top = (_cost(table.answer_usd[rows, column]) for column in (k, -1))
    spent = measure_mean(table.verifier_usd[rows, k]).plus(measure_mean(table.verifier_usd[rows, -1]).times(0.5))
    leads = lead.interval(level, groups)
    worth, saved, gross = lead, None, None
    if own is not None and top is not None and leads[0] > 0.0:
        fees = own.times(0.5).plus(spent).plus(top.times(overheads.shadow_share)).value
        fees += overheads.labels_usd_per_request
        # Net is (A (c_T − c₁) − fees d̄) / d̄: all that is uncertain stands in one ratio.
        worth = area.times(top.less(own)).less(lead.times(fees))
        low, high = ratio_interval(worth, lead, level, groups)
        saved = Estimate(value=worth.value / lead.value, low=low, high=high)
        gross = saved.value + fees
    ranks = estimated(area, groups, level)
    prices = None if own is None or top is None else (own.value, top.value)
    verdict, why = _decide(rung, table.rungs[-1], leads, ranks, prices, saved)
    return RungAssessment(
        rung=rung,
        n=n,
        lead=estimated(lead, groups, level),
        area=ranks,
        gross_usd=gross,
        below_usd=None if own is None else own.value / 2.0,
        verifiers_usd=spent.value,
        shadow_usd=None if top is None else top.value * overheads.shadow_share,
        labels_usd=overheads.labels_usd_per_request,
        net_usd=saved,
        verdict=verdict,
        why=why,
        more_labels=_more(verdict, worth, groups, level, n),
    )


def _decide(
    rung: str,
    reference: str,
    leads: tuple[float, float],
    area: Estimate,
    prices: tuple[float, float] | None,
    saved: Estimate | None,
) -> tuple[Verdict, str]:
    """Return the verdict on one rung and why; `prices` are the mean costs of its answers and of the reference's."""
    if leads[1] <= 0.0:
        return "not worth it", f"{reference} is no better than {rung}: always ask {rung}."
    if prices is None:
        if area.high is not None and area.high <= 0.0:
            return "not worth it", f"The verifiers rank the answers of {rung} no better than a lot would."
        return "cannot tell", "The samples say no costs; give the answers' cost or the models' prices."
    own, top = prices
    if top <= own:
        return "not worth it", f"{reference} costs no more than {rung}: always ask {reference}."
    if saved is None or saved.low is None or saved.high is None:
        between = f"{100 * leads[0]:.1f} and {100 * leads[1]:.1f} points"
        return "cannot tell", f"It is not sure that {reference} is better than {rung}: between {between}."
    against = f"against mixing {rung} and {reference} by lot at equal accuracy, all costs taken off"
    low, value, high = (100.0 * usd / top for usd in (saved.low, saved.value, saved.high))
    if low > 0.0:
        return "worth it", f"It saves {value:.1f} % of always {reference} ({low:.1f} to {high:.1f} %) {against}."
    if high < 0.0:
        return "not worth it", (
            f"It costs {-value:.1f} % of always {reference} more ({-high:.1f} to {-low:.1f} %) {against}: what the "
            "verifiers tell does not pay for what the cascade costs."
        )
    return "cannot tell", f"It may save {high:.1f} % of always {reference} or cost {-low:.1f} % more {against}."


def _more(verdict: Verdict, statistic: Statistic, groups: tuple[str | None, ...], level: float, n: int) -> int | None:
    """Return about how many more rows would tell the statistic from 0, from the error that these rows leave."""
    if verdict != "cannot tell":
        return None
    size = size_for_mean(statistic.value, statistic.error(groups) * math.sqrt(n), (1.0 - level) / 2.0)
    return None if size is None else max(1, size - n)


def _cost(values: Floats) -> Statistic | None:
    """Return the mean cost; rows without one contribute nothing to its error."""
    known = ~np.isnan(values)
    if not known.any():
        return None
    mean = float(values[known].mean())
    influence = np.where(known, values - mean, 0.0) * len(values) / int(known.sum())
    return Statistic(value=mean, influence=influence)
