"""Advice: what the figures of each chart say, in one or two sentences, and whether there is something to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cascade.policy.policy import P_RIGHT
from cascade.report.values.against_hull import hull_words
from cascade.report.values.content import TaskReport
from cascade.report.values.curves import Reliability, RiskCoverage
from cascade.report.values.format_numbers import count, dollars, interval, percent


class Advice(NamedTuple):
    """What the figures of one chart say."""

    advice: str = ""
    """The sentences; "" for none."""
    do: bool = False
    """Whether they are something to do."""


NOTHING = Advice()
"""Nothing to say."""


def on_escalation(task: TaskReport) -> Advice:
    """Return advice on the escalation rate over time."""
    use = task.policies[0] if task.policies else None
    if use is None or use.promised is None:
        return Advice(
            "No target: set one (cascade calibrate --target-escalation 0.25), then this chart checks it.", do=True
        )
    missed = [step for step in task.series if step.alarm]
    if use.alarm_at is not None:
        return Advice(
            f"Alarm on {use.alarm_at[:10]}: traffic is no longer like the samples since then. Find the change, then "
            "recalibrate on requests after it.",
            do=True,
        )
    if missed:
        return Advice(
            f"{count(len(missed))} marked: look at what changed on those days (model version, prompt, traffic); if it "
            "persists, recalibrate on recent samples.",
            do=True,
        )
    if use.missed:
        return Advice(
            "No single step stands out, but the total is off target: recalibrate on more or fresher samples.", do=True
        )
    if use.on_target is False:
        return Advice("The rate is beside its target, as far as the samples left open: more of them would come closer.")
    return Advice("The rate is on target.")


def on_frontier(task: TaskReport) -> Advice:
    """Return advice on cost against quality."""
    said: list[str] = []
    do = False
    if task.hull is not None and task.hull.below:
        said.append("The diamond is below the line of single models and their mixes: serve that mix, or recalibrate.")
        do = True
    elif task.dominated_by is not None:
        said.append(f"{task.dominated_by} alone is as good and no dearer: use it alone, or recalibrate.")
        do = True
    elif len(task.frontier.singles) > 1:
        said.append("No single rung is both as good and as cheap.")
    if task.hull is not None and task.hull.lead.value is not None:
        said.append(f"Against single models and their mixes: {hull_words(task.hull)}.")
    if task.frontier.oracle and task.frontier.chosen is not None:
        best = max(accuracy for _, accuracy in task.frontier.oracle)
        gap = best - (task.frontier.chosen.accuracy.value or 0.0)
        said.append(f"The oracle reaches {percent(best)}: better verifiers could still gain {100 * gap:.1f} points.")
    return Advice(" ".join(said), do=do)


def on_sweep(task: TaskReport) -> Advice:
    """Return advice on the threshold."""
    if task.sweep is None:
        return NOTHING
    known = [each for each in task.sweep.settings if each.accuracy.value is not None]
    best = max(known, key=lambda each: (each.accuracy.value or 0.0, -each.escalation_rate))
    return Advice(
        f"The best accuracy is {interval(best.accuracy)} at {percent(best.escalation_rate)} escalation; choose by "
        "calibrate (it corrects for selection of the best), not by eye."
    )


def on_reliability(rungs: Sequence[Reliability], means: str | None = None) -> Advice:
    """Return advice on miscalibrated confidences; none where they are not the probability of being right."""
    if rungs and means not in (None, P_RIGHT):
        return Advice(
            f"Read confidences as {means}: whether they are calibrated is not told by how often answers are right."
        )
    off = []
    for rung in rungs:
        for each in rung.bins:
            low, high = each.accuracy.low, each.accuracy.high
            if low is not None and high is not None and not low <= each.confidence <= high:
                off.append(rung.rung)
    if not rungs:
        return NOTHING
    # One in ten intervals misses by chance.
    if len(off) > max(1, sum(len(rung.bins) for rung in rungs) // 5):
        names = ", ".join(dict.fromkeys(off))
        return Advice(
            f"Confidences of {names} are miscalibrated in {count(len(off))} bins: they still rank, but are not "
            "probabilities; recalibrate on recent labels.",
            do=True,
        )
    return Advice("Confidences are calibrated as far as these labels show: read them as probabilities.")


def on_coverage(rungs: Sequence[RiskCoverage]) -> Advice:
    """Return advice on risk over coverage."""
    if not rungs:
        return NOTHING
    return Advice(
        "A low start with a late rise is good: confident answers are right. A flat curve: verifiers do not help."
    )


def on_verifiers(task: TaskReport) -> Advice:
    """Return advice on verifiers."""
    idle = [
        f"{each.verifier} on {each.rung}"
        for each in task.verifiers
        if each.cost_usd and each.auroc.low is not None and each.auroc.low <= 0.5
    ]
    if idle:
        return Advice(
            f"Paid, but not shown to be better than chance: {', '.join(idle)}. Calibrate without them, or label more.",
            do=True,
        )
    return NOTHING


def on_latency(task: TaskReport) -> Advice:
    """Return advice on latency."""
    if task.latency_s.p95 is None or task.latency_s.p50 is None:
        return NOTHING
    slow = [rung for rung in task.rungs if rung.latency_s.p50]
    slowest = max(slow, key=lambda rung: rung.latency_s.p50 or 0.0).rung if slow else "the top"
    return Advice(
        f"Escalated requests wait for every rung they climb. If p95 is too high, set deadline_s, escalate less, "
        f"or start hard requests higher; {slowest} is the slowest rung."
    )


def on_money(task: TaskReport) -> Advice:
    """Return advice on cost."""
    if task.saved.usd is None:
        return Advice("The cost of always-top is unknown: give prices, or calibrate (it fits the estimate).", do=True)
    if task.saved.usd < 0:
        return Advice(
            "The cascade costs more than its top alone: escalate less, drop paid verifiers, or use the top.", do=True
        )
    share = task.verifiers_usd / task.cost_usd if task.cost_usd else 0.0
    if share > 0.25:
        return Advice(
            f"Verifiers take {percent(share)} of the cost ({dollars(task.verifiers_usd)}): put free ones first.",
            do=True,
        )
    return Advice(f"{dollars(task.saved.usd)} saved so far, net of verifiers.")


def on_slices(task: TaskReport) -> Advice:
    """Return advice on slices."""
    worse = [f"{each.by} = {each.value}" for each in task.slices if each.worse]
    if worse:
        named = ", ".join(dict.fromkeys(worse))
        return Advice(f"{named}: significantly worse. Inspect its requests; give it its own task and samples.", do=True)
    return Advice("No slice is significantly worse.") if task.slices else NOTHING


def on_reasons(task: TaskReport) -> Advice:
    """Return advice on escalation reasons."""
    vetoed = sum(n for reason, n in task.reasons.items() if reason.startswith("veto"))
    total = sum(task.reasons.values())
    if total and vetoed / total > 0.3:
        return Advice(
            f"{percent(vetoed / total)} are vetoes: a better prompt or schema for the first rung avoids these.", do=True
        )
    return NOTHING


def on_cases(task: TaskReport) -> Advice:
    """Return advice on single requests."""
    if not task.cases:
        return NOTHING
    return Advice("The ones nearest to the threshold tell most about it, once they are labelled (cascade label LOG).")
