"""Assessment of a cascade from a decision log: what the log can decide, and what data is missing.

A log has rates and costs of every request, and labels only where some were given. The reference has rarely answered
requests that were accepted below it, and escalated ones are the hard ones: so a log compares answers of two models only
where both are labelled on requests of every kind (a shadow stream, feedback, `cascade explore`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calibration.assess.assessment import Verdict
from cascade.display.numbers import count, dollars, percent, span
from cascade.report.values.content import TaskReport
from cascade.report.values.figure import Figure
from cascade.report.values.parts import SingleReport

LEVEL = 1.0 - 0.1 / 3.0
"""Confidence of each interval, so that the three of a verdict hold together with probability .9 (Bonferroni)."""

FEW = 30
"""Least decisions of an assessment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAssessment:
    """Assessment of one task from a log."""

    task: str
    """The task."""

    verdict: Verdict
    """worth it, not worth it, or cannot tell."""

    why: str
    """The reason, in a sentence."""

    tells: tuple[str, ...]
    """Findings, in sentences."""

    lacks: tuple[str, ...]
    """Missing data, and how to get it, in sentences."""

    n: int
    """Decisions."""

    n_labelled: int
    """Decisions whose returned answer is labelled."""

    net_usd: float | None
    """Saving per request against a random mix of first rung and reference at equal accuracy; None if not known."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "source": "log", "tells": list(self.tells), "lacks": list(self.lacks)}


def assess_report(name: str, task: TaskReport) -> LogAssessment:
    """Assess whether the logged cascade was worth it; the report's intervals must be of `LEVEL`."""
    lacks = _lacks(task)
    net: float | None = None
    verdict: Verdict
    if task.n < FEW:
        verdict, why = (
            "cannot tell",
            f"The log holds {count(task.n)} decisions; at least {FEW} are needed for an assessment.",
        )
    elif task.saved.share.high is not None and task.saved.share.high < 0.0:
        verdict, why = (
            "not worth it",
            (
                f"It costs {percent(-(task.saved.share.value or 0.0))} more than always asking {task.reference} "
                f"({percent(-task.saved.share.high)} at least): ask that alone, or escalate less."
            ),
        )
    elif task.dominated_by is not None:
        single = next(one for one in task.singles if one.rung == task.dominated_by)
        verdict, why = (
            "not worth it",
            (
                f"{single.rung} alone is right in {_span(single.accuracy)} at {dollars(single.cost_usd_per_request)} a "
                f"request, the cascade in {_span(task.accuracy_weighted)} at {dollars(task.cost_usd_per_request)}."
            ),
        )
    else:
        verdict, why, net = _against_mix(task)
    return LogAssessment(
        task=name,
        verdict=verdict,
        why=why,
        tells=_tells(task),
        lacks=lacks,
        n=task.n,
        n_labelled=task.n_labelled,
        net_usd=net,
    )


def _against_mix(task: TaskReport) -> tuple[Verdict, str, float | None]:
    """Compare the cascade with a random mix of its first rung and the reference, at its own accuracy."""
    singles = {one.rung: one for one in task.singles}
    own = singles.get(task.rungs[0].rung) if task.rungs else None
    top = singles.get(task.reference or "")
    here = task.accuracy_weighted
    if own is None or top is None or own is top or here.low is None or task.cost_usd_per_request is None:
        return "cannot tell", "The log lacks labels of either model alone on these requests.", None
    if own.cost_usd_per_request is None or top.cost_usd_per_request is None:
        return "cannot tell", "The log lacks the cost of the two models alone.", None
    paid = task.cost_usd_per_request
    worst = _mix_usd(own, top, here.low, own.accuracy.high, top.accuracy.high)
    best = _mix_usd(own, top, here.high, own.accuracy.low, top.accuracy.low)
    middle = _mix_usd(own, top, here.value, own.accuracy.value, top.accuracy.value)
    if worst is None or best is None or middle is None:
        text = f"It is not sure that {top.rung} is better than {own.rung}, so there is nothing to mix."
        return "cannot tell", text, None
    against = f"against a random mix of {own.rung} and {top.rung} at equal accuracy"
    if worst > paid:
        return "worth it", f"It saves at least {dollars(worst - paid)} a request {against}.", middle - paid
    if best < paid:
        return "not worth it", f"It costs at least {dollars(paid - best)} a request more {against}.", middle - paid
    ends = f"between {dollars(paid - worst)} more and {dollars(best - paid)} less"
    return "cannot tell", f"It costs {ends} a request {against}: more labels would decide.", middle - paid


def _mix_usd(
    own: SingleReport, top: SingleReport, wanted: float | None, low: float | None, high: float | None
) -> float | None:
    """Return the cost of a random mix of accuracy `wanted`, of models with accuracies `low` and `high`."""
    if wanted is None or low is None or high is None or high <= low:
        return None
    share = min(1.0, max(0.0, (wanted - low) / (high - low)))
    return (1.0 - share) * (own.cost_usd_per_request or 0.0) + share * (top.cost_usd_per_request or 0.0)


def _tells(task: TaskReport) -> tuple[str, ...]:
    sentences = [f"{count(task.n)} decisions; a request cost {dollars(task.cost_usd_per_request)}, verifiers included."]
    if task.escalation_rate.value is not None:
        sentences.append(f"{_span(task.escalation_rate)} of first answers were escalated.")
    if task.saved.share.value is not None:
        ways = ", ".join(f"{how} {count(n)}" for how, n in task.saved.how.items())
        sentences.append(f"{_span(task.saved.share)} of always asking {task.reference} was saved ({ways}).")
    if task.accuracy_weighted.value is not None:
        sentences.append(f"{_span(task.accuracy_weighted)} of answers are right, by {count(task.n_labelled)} labels.")
    sentences += [f"{one.rung} alone: right in {_span(one.accuracy)}." for one in task.singles]
    return tuple(sentences)


def _lacks(task: TaskReport) -> tuple[str, ...]:
    sentences = []
    if not task.n_labelled:
        sentences.append("The accuracy: no answer is labelled. Label some, drawn at random (`cascade label LOG`).")
    if len(task.singles) < len(task.rungs):
        missing = ", ".join(one.rung for one in task.rungs if one.rung not in {single.rung for single in task.singles})
        sentences.append(
            f"The accuracy of {missing} alone: there are no labels of its answers to requests of every kind. "
            "`cascade explore` on a random sample of requests records all rungs; then assess those samples."
        )
    sentences.append("What each verifier adds, and which rungs never pay: this needs samples with every rung's answer.")
    return tuple(sentences)


def _span(figure: Figure) -> str:
    return span(figure.value, figure.low, figure.high)
