"""Summary: converts a tally into the report of one task; pure arithmetic."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cascade.policy.policy import P_RIGHT
from cascade.report.values.added_latency import added_s
from cascade.report.values.against_hull import against_hull
from cascade.report.values.comparison import best, dominating, labelled, singles_of, weighted_accuracy
from cascade.report.values.content import Report, TaskReport
from cascade.report.values.curves import NO_FRONTIER
from cascade.report.values.drift import drift_of
from cascade.report.values.figure import NO_FIGURE, Figure, Sums, mean, quantiles, ratio, share
from cascade.report.values.labelled_curves import frontier_of, reliability_of, risk_coverage_of, sweep_of
from cascade.report.values.observed import modes_of, observed_of
from cascade.report.values.parts import (
    NO_MISTAKES,
    NO_PPI_ESTIMATE,
    Mistakes,
    PolicyUse,
    RungReport,
    Savings,
    VerifierReport,
)
from cascade.report.values.ppi import sharpen
from cascade.report.values.renewal import renewal_of
from cascade.report.values.slices import slices_of, spending_of
from cascade.report.values.tally import ModeTally, Promise, Rate, RungTally, Tally, VerifierTally
from cascade.report.values.time_series import months_of, series_of
from cascade.stats.auroc import measure_auroc
from cascade.stats.watched_certificate import watch_of


def summary(
    tally: Tally, promises: Mapping[str | None, Promise], *, about: Report, step_ms: int, single_task: bool
) -> TaskReport:
    """Summarise a tally as a TaskReport.

    Args:
        tally: the counts.
        promises: the promises of the policies in the log.
        about: the report, for confidence level and label cost.
        step_ms: step width of the series.
        single_task: False for several tasks together, without a common target or top.
    """
    level = about.level
    uses = _policies(tally, promises, level) if single_task else ()
    promise = next((promises[use.sha256] for use in uses if use.sha256 in promises), Promise())
    order = _order(tally, promise)
    # Without a policy the highest rung called is the top only where another one stands below it.
    reference = (promise.reference or (order[-1] if len(order) > 1 else None)) if single_task else None
    rungs = tuple(_rung(name, tally, reference, level) for name in order)
    answered = labelled(tally, lambda rung, answered_by, _: rung == answered_by)
    below = labelled(tally, lambda rung, answered_by, action: rung == answered_by != reference and action == "accept")
    accepted = share(below.correct, below.n, level, squares=below.squares) if single_task else NO_FIGURE
    compared = weighted_accuracy(tally, None, level) if single_task else NO_FIGURE
    singles = singles_of(tally, order, reference, level) if single_task else ()
    n, against = tally.n, tally.against
    vs_top = ratio(_sums(tally), level)
    per_request = tally.cost_usd / n if n else None
    sweep = sweep_of(tally, order, reference, level) if single_task else None
    slices, slices_n = slices_of(tally, level) if single_task else ((), 0)
    latency_s, modes = quantiles(np.asarray(tally.latencies), level), modes_of(tally, level)
    added = added_s(latency_s, rungs, reference, modes)
    return TaskReport(
        n=n,
        n_labelled=answered.n,
        outcomes=_frequent(tally.outcomes),
        calibrated=tally.calibrated / decided if (decided := n - tally.modes.get("observe", ModeTally()).n) else None,
        escalation_rate=share(tally.escalated, tally.first_answered, level),
        reach=tuple(rung.reach or 0.0 for rung in rungs),
        policies=uses,
        rungs=rungs,
        reference=reference,
        accuracy=share(answered.correct, answered.n, level, squares=answered.squares),
        accuracy_weighted=compared,
        accuracy_sharpened=sharpen(tally, level) if single_task else NO_PPI_ESTIMATE,
        accuracy_top=next((single.accuracy.value for single in singles if single.rung == reference), None),
        accuracy_accepted=accepted,
        error_accepted=None if accepted.value is None else 1.0 - accepted.value,
        singles=singles,
        best_single=best(singles),
        hull=against_hull(tally, singles, reference, per_request, level),
        dominated_by=dominating(singles, compared, per_request),
        cost_usd=tally.cost_usd,
        answers_usd=tally.answers_usd,
        verifiers_usd=tally.verifiers_usd,
        cost_usd_per_request=per_request,
        cost=mean(tally.cost_usd, tally.cost_squares, n, level),
        cost_vs_top=vs_top.value,
        verifier_cost_usd_per_request=tally.verifiers_usd / n if n else None,
        saved=Savings(
            usd=against.top - against.cost if against.n else None, share=_rest(vs_top), how=_frequent(tally.saved_how)
        ),
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        latency_s=latency_s,
        added_p50_s=added[0],
        added_p95_s=added[1],
        verifiers=_verifiers(tally, order, level),
        reasons=_frequent(sum((rung.reasons for rung in tally.rungs.values()), Counter())),
        failures=_frequent(sum((rung.failures for rung in tally.rungs.values()), Counter())),
        modes=modes,
        observed=observed_of(tally.observed, level),
        flags=_frequent(tally.flags),
        series=series_of(tally, promises, level, step_ms),
        months=months_of(tally, level, step_ms, about.label_usd),
        spending=spending_of(tally),
        slices=slices,
        slices_n=slices_n,
        confidence_means=_meanings(promises[use.sha256] for use in uses if use.sha256 in promises),
        reliability=reliability_of(tally, order, level) if single_task else (),
        risk_coverage=risk_coverage_of(tally, order, level) if single_task else (),
        sweep=sweep,
        frontier=frontier_of(tally, order, singles, compared, per_request, sweep) if single_task else NO_FRONTIER,
        cases={kind: tuple(case for _, case in best.cases) for kind, best in tally.cases.items()}
        if single_task
        else {},
    )


def _meanings(promises: Iterable[Promise]) -> str | None:
    """Return what confidences are the probability of under these policies; None without one."""
    found = {str(promise.measured.get("confidence_means", P_RIGHT)) for promise in promises}
    return " or ".join(sorted(found)) or None


def _order(tally: Tally, promise: Promise) -> list[str]:
    """Order rungs by the policy's ladder, else by their mean position among attempts."""

    def place(name: str) -> tuple[int, float, str]:
        rung = tally.rungs.get(name, RungTally())
        known = promise.rungs.index(name) if name in promise.rungs else len(promise.rungs)
        return known, rung.positions / max(rung.n, 1), name

    return sorted({*promise.rungs, *tally.rungs}, key=place)


def _rung(name: str, tally: Tally, reference: str | None, level: float) -> RungReport:
    rung = tally.rungs.get(name, RungTally())
    actions = rung.actions
    answered = rung.n - sum(rung.failures.values())
    every = labelled(tally, lambda whose, _, __: whose == name)
    escalated = labelled(tally, lambda whose, _, action: whose == name and action == "escalate")
    accepted = labelled(tally, lambda whose, _, action: whose == name and action == "accept")
    right, wrong = NO_MISTAKES, NO_MISTAKES
    if escalated.n:
        usd = escalated.spent_above_usd / escalated.n * actions["escalate"]
        right = Mistakes(share=share(escalated.correct, escalated.n, level, squares=escalated.squares), usd=usd)
    if accepted.n and name != reference:
        usd = accepted.spent_wrongly_usd / accepted.n * actions["accept"]
        squares = accepted.n - 2.0 * accepted.correct + accepted.squares
        wrong = Mistakes(share=share(accepted.n - accepted.correct, accepted.n, level, squares=squares), usd=usd)
    return RungReport(
        rung=name,
        models=tuple(_frequent(rung.models)),
        reached=rung.n,
        answered=answered,
        accepted=actions["accept"],
        escalated=actions["escalate"],
        failed_over=actions["fail_over"],
        stopped=actions["stop"],
        escalation_rate=share(actions["escalate"], answered, level),
        reach=rung.n / tally.n if tally.n else None,
        accuracy=share(every.correct, every.n, level, squares=every.squares),
        right_but_escalated=right,
        wrong_but_accepted=wrong,
        latency_s=quantiles(np.asarray(rung.latencies), level),
        answers_usd=rung.answers_usd,
        verifiers_usd=rung.verifiers_usd,
        input_tokens=rung.input_tokens,
        output_tokens=rung.output_tokens,
        reasons=_frequent(rung.reasons),
        failures=_frequent(rung.failures),
    )


def _policies(tally: Tally, promises: Mapping[str | None, Promise], level: float) -> tuple[PolicyUse, ...]:
    # Stray decisions by pass marks, or with another prompt, are not the policy that serves, however late they came.
    latest = sorted(
        tally.policies.items(), key=lambda item: (item[0] is None and 2 * item[1].n < tally.n, -item[1].last_ms)
    )
    uses = [_use(sha256, rate, promises.get(sha256, Promise()), tally, level) for sha256, rate in latest]
    return tuple(sorted(uses, key=lambda use: use.renewal is not None and use.renewal.minor))


def _use(sha256: str | None, rate: Rate, promise: Promise, tally: Tally, level: float) -> PolicyUse:
    figure = share(rate.escalated, rate.first_answered, level)
    promised, band = promise.rate, promise.band or (None, None)
    on_target = None
    if promised is not None and figure.low is not None and figure.high is not None:
        on_target = figure.low <= promised <= figure.high
    drift = drift_of(tally, sha256, promise)
    alarm = None if drift is None else drift.alarm
    return PolicyUse(
        sha256=sha256,
        n=rate.n,
        escalation_rate=figure,
        target=promise.target,
        certificate=promise.certificate,
        borrowed=promise.measured.get("borrowed") or {},
        promised=promised,
        low=band[0],
        high=band[1],
        on_target=on_target,
        alarm_at=None if alarm is None else alarm.alarm_at,
        alarm_after=None if alarm is None else alarm.alarm_after,
        drift=drift,
        watch=watch_of(tally.watched.get(sha256), promise.certificate, promise.tasks),
        renewal=renewal_of(promise.measured, tally.void, sha256),
    )


def _verifiers(tally: Tally, order: list[str], level: float) -> tuple[VerifierReport, ...]:
    def place(item: tuple[tuple[str, str], VerifierTally]) -> tuple[int, float, str]:
        (rung, name), verifier = item
        return order.index(rung) if rung in order else len(order), verifier.places / max(verifier.n, 1), name

    return tuple(
        VerifierReport(
            rung=rung,
            verifier=name,
            n=verifier.n,
            mean_score=verifier.score / verifier.scored if verifier.scored else None,
            abstained=verifier.abstained / verifier.n,
            vetoed=verifier.vetoed / verifier.n,
            failed=verifier.failed / verifier.n,
            cost_usd=verifier.cost_usd,
            calls=verifier.calls,
            auroc=_auroc(verifier.scores, verifier.correct, level),
        )
        for (rung, name), verifier in sorted(tally.verifiers.items(), key=place)
    )


def _auroc(scores: Sequence[float], correct: Sequence[float], level: float) -> Figure:
    """Return the AUROC of a verifier's scores."""
    found = measure_auroc(scores, correct)
    if found is None:
        return Figure(n=len(scores))
    low, high = found.interval(level)
    known = math.isfinite(high - low)
    return Figure(value=found.value, low=low if known else None, high=high if known else None, n=len(scores))


def _sums(tally: Tally) -> Sums:
    a = tally.against
    return Sums(n=a.n, x=a.cost, y=a.top, xx=a.cost_cost, yy=a.top_top, xy=a.cost_top, noise=a.noise)


def _rest(vs_top: Figure) -> Figure:
    """Convert a share of always-top's cost into the saved share."""
    if vs_top.value is None or vs_top.low is None or vs_top.high is None:
        return vs_top
    return Figure(value=1.0 - vs_top.value, low=1.0 - vs_top.high, high=1.0 - vs_top.low, n=vs_top.n)


def _frequent(counts: Counter[str]) -> dict[str, int]:
    """Return counts above 0, the most frequent first, equal ones by name: the same on every run."""
    return {key: n for key, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if n > 0}
