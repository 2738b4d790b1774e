"""Findings on the escalation rate of a task: its size, its target, its course."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.report.values.content import TaskReport
from cascade.report.values.finding import FEW, Finding, harm, money, note
from cascade.report.values.format_numbers import count, estimate, percent
from cascade.report.values.parts import CONFIDENCES, ESCALATION, LENGTHS, SAMENESS
from cascade.result import BYPASSED

_DRIFTED = {
    ESCALATION: "the rate left its promised interval",
    CONFIDENCES: "the first rung's confidences are no longer like those of the samples",
    LENGTHS: "the first rung's answers are no longer as long as on the samples",
    SAMENESS: "the reference no longer says the same as often as on the samples",
}
_REMEDY = {
    ESCALATION: "Recalibrate on requests from then on.",
    CONFIDENCES: "Find what changed then (a model, a prompt, the traffic), and recalibrate on requests from then on.",
    LENGTHS: "Find what changed then (a model, a prompt, the traffic), and recalibrate on requests from then on.",
    SAMENESS: "Label answers that differ, to see whose are wrong, and recalibrate on requests from then on.",
}
"""What each stream of drift says, and what to do."""

TOO_MUCH, TOO_LITTLE = 0.50, 0.05
"""Range of plausible escalation rates."""


def rate_findings(task: TaskReport) -> Iterator[Finding]:
    """Yield the findings on the escalation rate of a task: its size, its target, its course."""
    yield from _rate(task)
    yield from _target(task)
    yield from _alarms(task)


def _rate(task: TaskReport) -> Iterator[Finding]:
    rate = task.escalation_rate
    if rate.value is None or len(task.rungs) < 2:
        return
    if rate.n < FEW:
        yield note(
            f"Only {count(rate.n)} answers of the first rung are counted; the intervals are too wide for conclusions."
        )
    if rate.value > TOO_MUCH:
        yield money(
            rate.value * task.rungs[0].answers_usd,
            f"{estimate(rate)} of requests escalate, above 50 %: most requests pay for a discarded cheap answer. "
            "Calibrate for a lower rate, or use a better first rung.",
        )
    elif rate.value < TOO_LITTLE:
        text = f"{estimate(rate)} of requests escalate, below 5 %: almost every first answer is accepted. "
        if task.n_labelled < FEW:
            yield money(0.0, f"{text}Label some accepted answers to check whether the verifiers detect wrong ones.")
        else:
            yield note(f"{text}The labelled ones say how many of these were wrong.")


def _target(task: TaskReport) -> Iterator[Finding]:
    # Where the top answered as ever, or a failure of ours was bypassed, no policy was in use and no pass marks either.
    apart = sum(mode.n for mode in task.modes if mode.mode == "observe") + task.flags.get(BYPASSED, 0)
    used = [use for use in task.policies if use.sha256 is not None or use.n > apart]
    if len(used) > 1:
        yield note(
            f"{len(used)} policies were in use in this period (pass marks count as one); figures mix them, "
            "and each decision is held against its own target. Limit the period (--since) to see the last one alone."
        )
    for use in task.policies[:1]:
        if use.borrowed and not use.borrowed.get("n"):
            yield money(
                0.0,
                f"Cold start: its policy comes from {count(use.borrowed.get('tasks', 0))} other tasks, without its own "
                "samples. Record and label some of its requests, and recalibrate on them.",
            )
        if use.promised is None or use.on_target is not False:
            continue
        came = estimate(use.escalation_rate)
        if use.missed:
            yield harm(
                abs((use.escalation_rate.value or 0.0) - use.promised) * use.n,
                f"The escalation rate is {came}, the target {percent(use.promised)}: recent requests differ "
                "from the samples. Recalibrate on recent ones.",
            )
        else:
            yield note(
                f"The escalation rate is {came}, the target {percent(use.promised)}; its interval overlaps that of "
                f"the samples ({percent(use.low)} to {percent(use.high)}). More samples would come closer."
            )


def _alarms(task: TaskReport) -> Iterator[Finding]:
    for use in task.policies[:1]:
        for stream in () if use.drift is None else use.drift.streams:
            if stream.alarm_at is None:
                continue
            after, at = stream.alarm_after or 0, stream.alarm_at[:16].replace("T", " ")
            size = stream.n - after if stream.name == ESCALATION else (stream.n - after) / stream.n * use.n
            yield harm(float(size), f"Drift alarm: {_DRIFTED[stream.name]} on {at} UTC, after {count(after)} answers. "
                       f"{_REMEDY[stream.name]}")  # fmt: skip
        if use.drift is not None and use.drift.unwatched:
            yield note(
                "Confidences are not watched for drift: the policy keeps none of rows that it was not fitted on. Fit "
                "it again with this release."
            )
    marked = [step for step in task.series if step.alarm]
    if marked:
        missed = [step.at[:16].removesuffix("T00:00").replace("T", " ") for step in marked]
        unit = "day" if all(step.at[11:19] == "00:00:00" for step in task.series) else "hour"
        first = f", {', '.join(missed[-3:])}" if len(missed) <= 3 else f", lastly {', '.join(missed[-3:])}"
        yield harm(
            sum(abs((step.escalation_rate.value or 0.0) - (step.target or 0.0)) * step.n for step in marked),
            f"{count(len(missed))} {unit}{'s' if len(missed) > 1 else ''} of {count(len(task.series))} left the "
            f"promised band significantly{first}. Check what changed then: a model, a prompt, the traffic.",
        )
