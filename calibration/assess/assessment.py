"""Assessment of a cascade on a task: worth it, not worth it, or cannot tell; net of verifiers, shadow and labels.

The baseline of a cascade is not the reference but the hull of all single models: their random mixes, which need no
verifier. First the mix of one rung and the reference. Let c₁ and
c_T be the mean costs of the rung's and the reference's answers, v₁ and v_T of the verdicts on them, d̄ the lead of the
reference in accuracy and A the out-of-fold area above random mixing. A random mix of equal accuracy then costs, on
average over all escalation rates r in [0, 1],

    (A / d̄) (c_T − c₁) − c₁ / 2 − v₁ − v_T / 2

more than the cascade: A / d̄ is the share of requests that need not escalate, c₁ / 2 the rung's answers to escalated
requests. The shadow stream, whose requests the reference answers too, and the labels are subtracted. The rate is
averaged over and not chosen, because the best of many rates is always optimistic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.assess.worth import LEVEL, Estimate, estimated
from calibration.samples.added_latency import AddedLatency, measure_added, waits_s
from calibration.samples.table import Table
from calibration.stats.area import measure_area
from calibration.stats.sample_size import size_for_mean
from calibration.thresholds.hull import chord_above_hull
from cascade.errors import DataError
from cascade.stats.influence import Statistic, measure_mean, ratio_interval

Verdict = Literal["worth it", "not worth it", "cannot tell"]

ENOUGH = 20
"""Least labelled rows of an assessment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheads:
    """Overhead costs of a cascade, beside answers and verdicts."""

    shadow_share: float = 0.01
    """The share of accepted requests that the reference answers too, in [0, 1]."""

    label_usd: float = 0.0
    """What one label costs, in US dollars."""

    labels: int = 0
    """Number of labels paid for."""

    requests: int = 0
    """Number of requests that share the labels' cost; 0: labels are left out."""

    @property
    def labels_usd_per_request(self) -> float:
        """Cost of the labels per request."""
        return self.label_usd * self.labels / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RungAssessment:
    """Assessment of a cascade of one rung and the reference."""

    rung: str
    """The rung."""

    n: int
    """Rows with labelled answers of both."""

    lead: Estimate
    """Lead of the reference in accuracy, as a share."""

    area: Estimate
    """Out-of-fold area above random mixing."""

    gross_usd: float | None
    """Saving per request against a random mix of equal accuracy, before overheads."""

    below_usd: float | None
    """Cost of the rung's answers to escalated requests, on average over rates."""

    verifiers_usd: float
    """Cost of the verdicts per request."""

    shadow_usd: float | None
    """Cost of the shadow stream per request."""

    labels_usd: float
    """Cost of the labels per request."""

    hull_usd: float
    """What other models, or mixes with them, are cheaper than a mix of these two, on average over accuracies."""

    net_usd: Estimate | None
    """Net saving per request against the hull of all single models; None if accuracy or answers have no price."""

    verdict: Verdict
    """The verdict on this rung."""

    why: str
    """The reason, in a sentence."""

    accepted_latency: AddedLatency | None
    """Latency added where the rung's answer is served; None with too few recorded latencies."""

    escalated_latency: AddedLatency | None
    """Latency added where it is escalated."""

    more_labels: int | None
    """Approximate further labelled samples for a decision with power .8; None if decided, or if no number suffices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Assessment of one task."""

    task: str
    """The task."""

    verdict: Verdict
    """worth it if any rung is; not worth it if no rung is; else cannot tell."""

    why: str
    """The reason of the deciding rung."""

    rungs: tuple[RungAssessment, ...]
    """By rung below the top."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


def assess_table(table: Table, held_out: Mapping[str, Floats], overheads: Overheads | None = None) -> Assessment:
    """Assess whether a cascade is worth it on the samples of one task.

    Args:
        table: recorded and labelled samples.
        held_out: out-of-fold confidences by rung below the top, (n,) each, as `hold_out` gives them.
        overheads: further costs.

    Raises:
        DataError: no rung has enough labelled rows.
    """
    below = table.rungs[:-1]
    # The best of several rungs is taken, so each interval is wider (Bonferroni).
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
    worth, saved, gross, hull_usd = lead, None, None, 0.0
    if own is not None and top is not None and leads[0] > 0.0:
        fees = own.times(0.5).plus(spent).plus(top.times(overheads.shadow_share)).value
        fees += overheads.labels_usd_per_request
        # Net is (A (c_T − c₁) − fees d̄) / d̄: one ratio holds all that is uncertain.
        hull = _hull(table, rows, k)
        worth = area.times(top.less(own)).less(lead.times(fees)).less(hull)
        low, high = ratio_interval(worth, lead, level, groups)
        saved = Estimate(value=worth.value / lead.value, low=low, high=high)
        hull_usd = hull.value / lead.value
        gross = saved.value + fees + hull_usd
    ranks = estimated(area, groups, level)
    prices = None if own is None or top is None else (own.value, top.value)
    verdict, why = _decide(rung, table.rungs[-1], leads, ranks, prices, saved)
    waits = waits_s(table.on((rung, table.rungs[-1]))) - table.answer_s[:, -1:]
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
        hull_usd=hull_usd,
        net_usd=saved,
        verdict=verdict,
        why=why,
        accepted_latency=measure_added([waits[:, 0]], [1.0]),
        escalated_latency=measure_added([waits[:, 1]], [1.0]),
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
    """Return the verdict on one rung and its reason; `prices` are the mean costs of its and the reference's answers."""
    if leads[1] <= 0.0:
        return "not worth it", f"{reference} is no better than {rung}: always ask {rung}."
    if prices is None:
        if area.high is not None and area.high <= 0.0:
            return "not worth it", f"The verifiers rank the answers of {rung} no better than chance."
        return "cannot tell", "The samples have no costs; give the answers' cost or the models' prices."
    own, top = prices
    if top <= own:
        return "not worth it", f"{reference} costs no more than {rung}: always ask {reference}."
    if saved is None or saved.low is None or saved.high is None:
        between = f"{100 * leads[0]:.1f} and {100 * leads[1]:.1f} points"
        return "cannot tell", f"It is not sure that {reference} is better than {rung}: between {between}."
    against = "against the hull of single models (their random mixes) at equal accuracy, all costs deducted"
    low, value, high = (100.0 * usd / top for usd in (saved.low, saved.value, saved.high))
    if low > 0.0:
        return "worth it", f"It saves {value:.1f} % of always {reference} ({low:.1f} to {high:.1f} %) {against}."
    if high < 0.0:
        return "not worth it", (
            f"It costs {-value:.1f} % of always {reference} more ({-high:.1f} to {-low:.1f} %) {against}: the "
            "verifiers gain less than the cascade costs."
        )
    return "cannot tell", f"It may save {high:.1f} % of always {reference} or cost {-low:.1f} % more {against}."


def _hull(table: Table, rows: Flags, k: int) -> Statistic:
    """Return how far the chord from a rung to the reference lies above the hull of all models, as `chord_above_hull`.

    A model that lacks a label or a cost on some of the rows is left out: means on other rows are not paired.
    """
    whole = [
        j
        for j in range(len(table.rungs))
        if not np.isnan(table.correct[rows, j]).any() and not np.isnan(table.answer_usd[rows, j]).any()
    ]
    if k not in whole or len(table.rungs) - 1 not in whole:
        return measure_mean(np.zeros(int(rows.sum())))
    right = [measure_mean(table.correct[rows, j]) for j in whole]
    return chord_above_hull(whole.index(k), right, [measure_mean(table.answer_usd[rows, j]) for j in whole])


def _more(verdict: Verdict, statistic: Statistic, groups: tuple[str | None, ...], level: float, n: int) -> int | None:
    """Return the approximate number of further rows that separate the statistic from 0, by its standard error."""
    if verdict != "cannot tell":
        return None
    size = size_for_mean(statistic.value, statistic.error(groups) * math.sqrt(n), (1.0 - level) / 2.0)
    return None if size is None else max(1, size - n)


def _cost(values: Floats) -> Statistic | None:
    """Return the mean cost; rows without a cost contribute nothing to its error."""
    known = ~np.isnan(values)
    if not known.any():
        return None
    mean = float(values[known].mean())
    influence = np.where(known, values - mean, 0.0) * len(values) / int(known.sum())
    return Statistic(value=mean, influence=influence)
