"""Advice: what to do about each chart, in a sentence or two that follow from its figures."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.report.values.content import TaskReport
from cascade.report.values.curves import Reliability, RiskCoverage
from cascade.report.values.format_numbers import count, dollars, interval, percent


def on_escalation(task: TaskReport) -> str:
    """Say what to do about the rate and its course."""
    use = task.policies[0] if task.policies else None
    if use is None or use.promised is None:
        return "No target: calibrate one (cascade calibrate --target-escalation 0.25), then this says whether it holds."
    missed = [step for step in task.series if step.alarm]
    if use.alarm_at is not None:
        return (
            f"Alarm on {use.alarm_at[:10]}: from then on the rate is not what was promised. Find what changed, then "
            "calibrate on requests from after it."
        )
    if missed:
        return (
            f"{count(len(missed))} marked: look at what changed on those days (model version, prompt, traffic); if it "
            "stays, calibrate on recent samples."
        )
    if use.on_target is False:
        return "No single step stands out, and the whole is off: recalibrate on more or fresher samples."
    return "The rate is where it was asked to be. Nothing to do."


def on_frontier(task: TaskReport) -> str:
    """Say what to do about cost against quality."""
    said: list[str] = []
    if task.dominated_by is not None:
        said.append(f"{task.dominated_by} alone is as good and no dearer: use it alone, or calibrate anew.")
    elif len(task.frontier.singles) > 1:
        said.append(
            "No single rung is both as good and as cheap. If the diamond lies below the solid line, other thresholds "
            "do better: calibrate anew."
        )
    if task.frontier.oracle and task.frontier.chosen is not None:
        best = max(accuracy for _, accuracy in task.frontier.oracle)
        gap = best - (task.frontier.chosen.accuracy.value or 0.0)
        said.append(
            f"The oracle reaches {percent(best)}: {100 * gap:.1f} points are what better verifiers could still win."
        )
    return " ".join(said)


def on_sweep(task: TaskReport) -> str:
    """Say what to do about the threshold."""
    if task.sweep is None:
        return ""
    known = [each for each in task.sweep.settings if each.accuracy.value is not None]
    best = max(known, key=lambda each: (each.accuracy.value or 0.0, -each.escalation_rate))
    return (
        f"The best accuracy seen is {interval(best.accuracy)} at {percent(best.escalation_rate)} escalation; choose by "
        "calibrate (it allows for the luck of the best), not by the eye."
    )


def on_reliability(rungs: Sequence[Reliability]) -> str:
    """Say what to do about confidences that are off."""
    off = []
    for rung in rungs:
        for each in rung.bins:
            low, high = each.accuracy.low, each.accuracy.high
            if low is not None and high is not None and not low <= each.confidence <= high:
                off.append(rung.rung)
    if not rungs:
        return ""
    # One in ten intervals misses by itself.
    if len(off) > max(1, sum(len(rung.bins) for rung in rungs) // 5):
        names = ", ".join(dict.fromkeys(off))
        return (
            f"Confidences of {names} are off in {count(len(off))} bins: they still rank, but do not read them as "
            "probabilities; calibrate on recent labels."
        )
    return "Confidences can be read as probabilities, as far as these labels tell."


def on_coverage(rungs: Sequence[RiskCoverage]) -> str:
    """Say what to do about risk over coverage."""
    if not rungs:
        return ""
    return "A low start that rises late is good: the confident answers are right. Flat: verifiers see nothing."


def on_verifiers(task: TaskReport) -> str:
    """Say what to do about verifiers."""
    idle = [
        f"{each.verifier} on {each.rung}"
        for each in task.verifiers
        if each.cost_usd and each.auroc.low is not None and each.auroc.low <= 0.5
    ]
    if idle:
        return f"Paid and not shown to be better than chance: {', '.join(idle)}. Calibrate without, or label more."
    known = [each for each in task.verifiers if each.auroc.value is not None]
    return "Keep what lies clear of the dashed line; free ones may stay as guards." if known else ""


def on_latency(task: TaskReport) -> str:
    """Say what to do about waiting."""
    if task.latency_s.p95 is None or task.latency_s.p50 is None:
        return ""
    slow = [rung for rung in task.rungs if rung.latency_s.p50]
    slowest = max(slow, key=lambda rung: rung.latency_s.p50 or 0.0).rung if slow else "the top"
    return (
        f"Escalated requests wait for every rung they climb. If p95 hurts, set deadline_s, escalate less, "
        f"or start hard requests higher; {slowest} is the slowest rung."
    )


def on_money(task: TaskReport) -> str:
    """Say what to do about spending."""
    if task.saved.usd is None:
        return "What the top would have cost is not known: give prices, or calibrate (it fits the estimate)."
    if task.saved.usd < 0:
        return "The cascade costs more than its top alone: escalate less, drop paid verifiers, or use the top."
    share = task.verifiers_usd / task.cost_usd if task.cost_usd else 0.0
    if share > 0.25:
        return f"Verifiers take {percent(share)} of the cost ({dollars(task.verifiers_usd)}): put free ones first."
    return f"{dollars(task.saved.usd)} saved so far, verifiers paid. Most of what is left is the dearest model."


def on_slices(task: TaskReport) -> str:
    """Say what to do about slices."""
    worse = [f"{each.by} = {each.value}" for each in task.slices if each.worse]
    if worse:
        named = ", ".join(dict.fromkeys(worse))
        return f"{named}: worse beyond chance. Look at its requests; give it a task and samples of its own."
    return "No slice is worse beyond chance." if task.slices else ""


def on_reasons(task: TaskReport) -> str:
    """Say what to do about reasons."""
    vetoed = sum(n for reason, n in task.reasons.items() if reason.startswith("veto"))
    total = sum(task.reasons.values())
    if total and vetoed / total > 0.3:
        return f"{percent(vetoed / total)} are vetoes: a better prompt or schema for the first rung saves these."
    return "Mostly doubt, which is what the threshold is for." if total else ""


def on_cases(task: TaskReport) -> str:
    """Say what to do about single requests."""
    if not task.cases:
        return ""
    return "Label the ones nearest to the threshold: they tell most about where it should be."
