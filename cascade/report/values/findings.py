"""Findings of one task: unusual figures, each with reason and remedy in one or two sentences."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.display.numbers import failure_words
from cascade.flow.decide import REFUTED
from cascade.report.values.against_hull import hull_findings
from cascade.report.values.content import TaskReport
from cascade.report.values.finding import FEW, OFTEN, Finding, harm, money, note, ranked
from cascade.report.values.format_numbers import count, dollars, estimate, interval, percent
from cascade.report.values.parts import RungReport
from cascade.report.values.rate_findings import rate_findings
from cascade.report.values.renewal import renewal_findings
from cascade.report.values.slices import ERROR
from cascade.report.values.verifier_findings import verifier_findings
from cascade.result import BYPASSED

USUAL_BAND = (0.15, 0.35)
"""Range of escalation rates in which a cascade usually pays."""


MOST_NAMED = 3
"""Maximum number of slices named."""


def findings(task: TaskReport) -> tuple[Finding, ...]:
    """Return the findings of one task, ranked by what is at stake; empty without requests."""
    if not task.n:
        return ()
    return tuple(ranked(finding for about in _ABOUT for finding in about(task)))


def _watched(task: TaskReport) -> Iterator[Finding]:
    watch = task.policies[0].watch if task.policies else None
    if watch is None:
        return
    if watch.state == "refuted":
        text = (
            f"The certificate is refuted: of {count(watch.n)} watched answers {count(watch.harmed)} are known to be "
            f"harmed ({count(watch.unknown)} unknown), which no policy within its bound gives. {_remedy(task)}"
        )
        yield Finding(text=text, stake="first", size=float(task.n))
    elif watch.state == "not watched":
        yield note("The certificate is not watched: set observe.watch: 0.01 to ask the reference on 1 % of requests.")
    else:
        yield note(
            f"The certificate is watched on {count(watch.n)} answers: {watch.state}; {count(watch.harmed)} known to be "
            f"harmed, {count(watch.unknown)} unknown."
        )


def _void(task: TaskReport) -> Iterator[Finding]:
    yield from renewal_findings((use.renewal for use in task.policies), task.n)


def _remedy(task: TaskReport) -> str:
    """Return what to do about a refuted certificate, and whether the reference serves already."""
    safe = task.flags.get(REFUTED, 0)
    if not safe:
        return (
            "Serve the reference (observe.on_refuted: reference does it by itself), find what changed, and certify "
            "again on recent requests."
        )
    return (
        f"The reference has served {count(safe)} requests since then (observe.on_refuted). Find what changed, and "
        "certify again on recent requests: another policy ends it."
    )


def _hull(task: TaskReport) -> Iterator[Finding]:
    for text in hull_findings(task.hull, task.reference):
        yield Finding(text=text, stake="first")


def _slices(task: TaskReport) -> Iterator[Finding]:
    for each in [each for each in task.slices if each.worse][:MOST_NAMED]:
        more = ((each.figure.value or 0.0) - each.whole) * each.figure.n
        text = (
            f"{each.by} = {each.value} has an {each.measure} of {estimate(each.figure)}, against "
            f"{percent(each.whole)} overall; the interval holds jointly for all {count(task.slices_n)} slices. "
            "Give it its own task, or a better first rung."
        )
        yield harm(more, text) if each.measure == ERROR else money(more * (task.cost_usd_per_request or 0.0), text)


def _worth(task: TaskReport) -> Iterator[Finding]:
    single = next((single for single in task.singles if single.rung == task.dominated_by), None)
    if single is not None and not (task.hull is not None and task.hull.below):
        dearer = (task.cost_usd_per_request or 0.0) - (single.cost_usd_per_request or 0.0)
        yield money(
            max(0.0, dearer) * task.n,
            f"The cascade does not beat {single.rung} alone: its accuracy is {interval(single.accuracy)} at "
            f"{dollars(single.cost_usd_per_request)} per request, the cascade's {interval(task.accuracy_weighted)} at "
            f"{dollars(task.cost_usd_per_request)}. Use that rung alone, or recalibrate.",
        )
    best = next((single for single in task.singles if single.rung == task.best_single), None)
    if best is None or single is not None or task.accuracy_weighted.high is None or best.accuracy.low is None:
        return
    if best.accuracy.low > task.accuracy_weighted.high:
        yield harm(
            ((best.accuracy.value or 0.0) - (task.accuracy_weighted.value or 0.0)) * task.n,
            f"{best.rung} alone has an accuracy of {interval(best.accuracy)}, significantly higher than the cascade "
            f"({interval(task.accuracy_weighted)}), at {dollars(best.cost_usd_per_request)} per request. "
            "If accuracy matters more than the saving, set a higher escalation rate.",
        )


def _cost(task: TaskReport) -> Iterator[Finding]:
    saved = task.saved
    if saved.usd is not None and saved.usd < 0:
        yield money(
            -saved.usd,
            f"The cascade cost {dollars(-saved.usd)} more than always asking {task.reference or 'the top'} would have. "
            "Escalate less, remove paid verifiers, or use the top alone.",
        )
    elif saved.usd is not None and task.verifiers_usd > saved.usd:
        yield money(
            task.verifiers_usd,
            f"Verifiers cost {dollars(task.verifiers_usd)}, more than the net saving of {dollars(saved.usd)}. "
            "Use paid verifiers only where free ones are undecided.",
        )
    rough = saved.how.get("token counts", 0)
    if rough > task.n / 2:
        yield note(
            f"For {count(rough)} of {count(task.n)} requests the saving is estimated by the first answer's token "
            "counts, which is biased if the top writes longer or shorter answers. Calibrate to fit the estimate."
        )
    if saved.how.get("unknown", 0) > task.n / 2:
        yield money(
            0.0,
            f"For {count(saved.how['unknown'])} of {count(task.n)} requests the saving is unknown. Give prices, or "
            "calibrate, which fits the estimate.",
        )


def _quality(task: TaskReport) -> Iterator[Finding]:
    if not task.n_labelled:
        yield money(
            0.0,
            "No answer is labelled, so accuracy is unknown. Label 100 drawn at random (cascade label LOG): they tell "
            "accuracy, wrong answers that were accepted, the worth of verifiers, and what other thresholds would do.",
        )
        return
    if task.n_labelled < FEW:
        yield note(f"Only {count(task.n_labelled)} answers are labelled; read the accuracy with its interval.")
    plain, fair = task.accuracy, task.accuracy_weighted
    if plain.value is not None and fair.value is not None and abs(plain.value - fair.value) > 0.02:
        yield note(
            f"Labels are not distributed like traffic: weighted by traffic, accuracy is {interval(fair)}, not "
            f"{percent(plain.value)}."
        )


def _rungs(task: TaskReport) -> Iterator[Finding]:
    for rung in task.rungs:
        yield from _rung(rung, last=rung.rung == task.reference)


def _rung(rung: RungReport, *, last: bool) -> Iterator[Finding]:
    failed = sum(rung.failures.values())
    if rung.reached and failed / rung.reached > OFTEN:
        yield harm(
            float(failed),
            f"{failure_words(rung.rung, rung.failures, rung.reached)}. "
            f"They {'ended without its' if last else 'went to a dearer rung, or ended without an'} answer. Check its "
            "provider's limits and status (cascade doctor --ping).",
        )
    right = rung.right_but_escalated
    if right.share.low is not None and right.share.low > 0.5:
        yield money(
            right.usd or 0.0,
            f"{estimate(right.share)} of the answers of {rung.rung} that were escalated were right: they cost "
            f"{dollars(right.usd)} more without benefit. A lower rate may lose little.",
        )


def _observed(task: TaskReport) -> Iterator[Finding]:
    seen, lost = task.observed, sum(task.observed.dropped.values())
    if seen.n and seen.cost_vs_top.value is not None and seen.same.value is not None:
        yield note(
            f"Observed: the cascade would have cost {estimate(seen.cost_vs_top)} of always asking the top, and "
            f"answered the same in {estimate(seen.same)}."
        )
    if lost and lost / (seen.n + lost) > OFTEN:
        yield money(
            0.0,
            f"{percent(lost / (seen.n + lost))} of the requests that were to be observed were dropped "
            f"({', '.join(f'{reason} {count(n)}' for reason, n in seen.dropped.items())}): what is left is no fair "
            "sample. Raise observe.max_usd_per_day, queue or concurrency, or lower observe.share.",
        )


def _unchecked(task: TaskReport) -> Iterator[Finding]:
    found = [item for item in task.flags.items() if item[0].startswith(("unchecked:", "language:"))]
    for flag, n in found[:MOST_NAMED]:
        kind, _, what = flag.partition(":")
        if kind == "unchecked":
            text = f"were not checked by {what} (flag {flag}); see docs/reliability.md."
        else:
            text = (
                f"are in a language ({what}) that a verifier does not read, so it abstained on them. Give it that "
                "language's phrases, or leave it out."
            )
        yield harm(float(n), f"{percent(n / task.n)} of answers {text}")


def _causes(task: TaskReport) -> str:
    """Return what the cascade failed by, where the log tells."""
    head = f"{BYPASSED}:"
    found = [(flag.removeprefix(head), n) for flag, n in task.flags.items() if flag.startswith(head)]
    return f" by {', '.join(f'{cause} {count(n)}' for cause, n in found[:MOST_NAMED])}" if found else ""


def _ends(task: TaskReport) -> Iterator[Finding]:
    if bypassed := task.flags.get(BYPASSED, 0):
        yield harm(
            float(bypassed),
            f"{percent(bypassed / task.n)} of requests went to the reference alone, since the cascade failed (flag "
            f"bypassed){_causes(task)}; the log of the program says more (loggers cascade.wrap and cascade.serve), "
            "and `cascade doctor --ping` asks each rung.",
        )
    if task.calibrated is not None and task.calibrated < 1.0:
        stray = 1.0 - task.calibrated
        text = (
            f"{percent(stray)} of decisions were made by pass marks, without calibration; their rate "
            "and quality are not controlled. Run `cascade calibrate` for this task."
        )
        yield note(text) if stray <= OFTEN else harm(stray * task.n, text)
    unusual = {name: n for name, n in task.outcomes.items() if name != "accepted"}
    if sum(unusual.values()) / task.n > OFTEN:
        ends = ", ".join(f"{name} {count(n)}" for name, n in unusual.items())
        yield harm(
            float(sum(unusual.values())),
            f"{percent(sum(unusual.values()) / task.n)} of requests ended without an accepted answer ({ends}). "
            f"Open one: `cascade tail --only {next(iter(unusual))}`, `cascade show ID`, or the dashboard's requests.",
        )


def _verifiers(task: TaskReport) -> Iterator[Finding]:
    yield from verifier_findings(task.verifiers, task.reference)


_ABOUT = (
    _watched, _void, _hull, _observed, rate_findings, _worth, _cost, _quality, _slices, _rungs, _verifiers,
    _unchecked, _ends,
)  # fmt: skip
