"""Report tables: headings and cells of plain text, for terminal and Markdown alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cascade.display.numbers import share
from cascade.report.tables.cost_tables import month_table, slice_table
from cascade.report.values.against_hull import hull_words
from cascade.report.values.content import Report, TaskReport
from cascade.report.values.figure import Figure, Quantiles
from cascade.report.values.findings import USUAL_BAND
from cascade.report.values.format_numbers import NOTHING, count, dollars, duration, estimate, interval, percent
from cascade.report.values.line import as_judged, confidence_of
from cascade.report.values.parts import Drift, PolicyUse, PpiEstimate, RungReport
from cascade.report.values.rows import Table
from cascade.stats.watched_certificate import Watch

LAST_STEPS = 14
"""Maximum number of days or hours shown; JSON has all."""

MOST_ROWS = 20
"""Maximum number of rows of a long table; JSON has all."""


_FLAGS = {
    "unchecked:": "not checked",
    "language:": "in a language that a verifier does not read",
    "repaired:": "read with tolerance",
    "asked_again:": "a schema vetoed the answer, and the rung was asked once more",
    "capability:": "a rung was skipped: it cannot answer such a request",
    "allow:": "a rung was skipped: it may not see such a request",
    "session_floor": "a rung was skipped: a higher one made the session's tool calls",
    "session_limit": "the top answered: the session is longer than the certificate is about",
    "certificate_refuted": "the top answered: watching has refuted the certificate",
    "uncalibrated": "by pass marks",
    "capped:": "stopped by the escalation cap",
    "budget:": "a budget was spent",
    "bypassed:": "what the cascade failed by",
    "bypassed": "sent to the reference after a failure of ours",
    "top_failed": "the top did not answer",
    "top_vetoed": "the top's answer was vetoed",
}
"""What flags say, by how they begin."""

_MODES = {"enforce": "the cascade, enforced", "observe": "the top, as ever"}


def key_figures(task: TaskReport) -> Iterator[tuple[str, str]]:
    """Yield the key figures above a task's tables, as name and text."""
    if not task.n:
        return
    yield "decisions", f"{count(task.n)} ({_counts(task.outcomes)})"
    asked = [rung.rung for rung in task.rungs if rung.reached]
    if asked == [task.reference]:
        yield "served by the top", "100 %"
    elif task.escalation_rate.value is not None:
        yield "escalation rate", f"{_of(task.escalation_rate, task)}{_target(task)}"
    low, mean, high = (None if usd is None else 1000 * usd for usd in (task.cost.low, task.cost.value, task.cost.high))
    cost = f"{dollars(task.cost_usd)}; {dollars(mean)} per 1,000 requests ({dollars(low)} to {dollars(high)})"
    yield (
        "cost",
        f"{cost}, of which {percent(task.verifiers_usd / task.cost_usd if task.cost_usd else 0.0)} for verifiers",
    )
    saved = task.saved
    if saved.usd is not None and saved.share.value is not None:
        share = f"{_of(saved.share, task)} of always asking {task.reference or 'the top'}"
        yield "saved", f"{dollars(saved.usd)}, {share}; by {_counts(saved.how)}"
    if task.n_labelled:
        top = f"; {task.reference} alone {percent(task.accuracy_top)}" if task.accuracy_top is not None else ""
        below = f"; accepted below the top {interval(task.accuracy_accepted)}" if task.accuracy_accepted.n else ""
        yield "accuracy", f"{_of(task.accuracy, task)}{top}{below}"
    if task.observed.n:
        yield "disagreement", f"{estimate(task.observed.disagreement)} of observed requests, with the top"
    if task.hull is not None:
        yield "against the hull", hull_words(task.hull)
    if task.accuracy_sharpened.proxies:
        yield "accuracy, with judge scores", _sharpened(task.accuracy_sharpened)
    certificate = task.policies[0].certificate if task.policies else {}
    if certificate:
        yield "certificate", certificate_words(certificate)
    watch = task.policies[0].watch if task.policies else None
    if watch is not None:
        yield "watched", watch_words(watch)
    drift = task.policies[0].drift if task.policies else None
    if drift is not None:
        yield "drift without labels", drift_words(drift)
    added = "" if task.added_p95_s is None else f"; p95 against {task.reference} alone {_more(task.added_p95_s)}"
    yield "latency", f"{_spread(task.latency_s)}{added}"
    yield "tokens", f"{count(task.input_tokens)} in, {count(task.output_tokens)} out"


def task_tables(task: TaskReport, by_time: str) -> Iterator[Table]:
    """Yield the non-empty tables of one task."""
    for table in (
        mode_table(task), rung_table(task), rung_spending_table(task), label_table(task), single_table(task),
        verifier_table(task), reason_table(task), failure_table(task), flag_table(task), policy_table(task),
        month_table(task), slice_table(task), series_table(task, by_time),
    ):  # fmt: skip
        if table.rows:
            yield table.shown()


def mode_table(task: TaskReport) -> Table:
    """Return the modes side by side, with what the cascade would have done where it was observed."""
    rows = [
        (
            _MODES.get(mode.mode, mode.mode), count(mode.n), dollars(mode.cost.value), duration(mode.latency_s.p50),
            duration(mode.latency_s.p95), NOTHING, NOTHING,
        )
        for mode in task.modes
    ]  # fmt: skip
    seen = task.observed
    always = next((mode for mode in task.modes if mode.mode == "observe"), None)
    if seen.n and always is not None:
        usd = None if seen.cost_vs_top.value is None or always.cost.value is None else (
            seen.cost_vs_top.value * always.cost.value
        )  # fmt: skip
        rows.append(
            ("the cascade, observed", count(seen.n), dollars(usd), duration(seen.latency_s.p50),
             duration(seen.latency_s.p95), interval(seen.escalation_rate), interval(seen.same))
        )  # fmt: skip
    columns = ("answered by", "requests", "per request", "p50", "p95", "escalated", "same as the top")
    notes = [f"Observing cost {dollars(seen.paid_usd)}."] if seen.n else []
    notes += _added(task)
    if seen.dropped:
        notes.append(f"Dropped: {_counts(seen.dropped)}.")
    return Table(title="Enforced and observed", columns=columns, rows=tuple(rows), note=" ".join(notes))


def _added(task: TaskReport) -> list[str]:
    """Return the latency that the cascade adds to the top's own, enforced where it was, else as observed."""
    spent = {mode.mode: mode.latency_s for mode in task.modes}
    always = spent.get("observe")
    ours = spent.get("enforce", task.observed.latency_s if task.observed.n else None)
    if always is None or ours is None:
        return []
    added = [
        f"{name} {'+' if (own or 0.0) >= (top or 0.0) else '−'}{duration(abs(own - top))}"
        for name, own, top in (("p50", ours.p50, always.p50), ("p95", ours.p95, always.p95))
        if own is not None and top is not None
    ]
    told = "A stream's first piece comes after this latency, unless it is passed on as it comes (on_stream: top_live)."
    return [f"Against the top: {', '.join(added)}. {told}"] if added else []


def segment_table(report: Report) -> Table | None:
    """Return the table of segments; None if not requested."""
    if report.by is None:
        return None
    rows = tuple(
        (
            segment.value if segment.value is not None else "(none)", count(segment.n),
            interval(segment.escalation_rate), dollars(segment.cost_usd), dollars(segment.cost_usd_per_request),
            percent(segment.cost_vs_top), estimate(segment.accuracy),
        )
        for segment in report.segments[:MOST_ROWS]
    )  # fmt: skip
    more = len(report.segments) - len(rows) + report.segments_left_out
    columns = (report.by, "requests", "escalated", "cost", "per request", "of always-top", "accuracy")
    note = f"{count(more)} cheaper ones are not shown." if more else ""
    return Table(title=f"By {report.by}", columns=columns, rows=rows, note=note)


def rung_table(task: TaskReport) -> Table:
    """Return the number of requests per rung, by outcome."""
    rows = tuple(
        (
            rung.rung, _models(rung), f"{count(rung.reached)} ({percent(rung.reach)})", count(rung.accepted),
            # The top cannot escalate: a rate of 0 would look like a finding.
            NOTHING if rung.rung == task.reference else f"{count(rung.escalated)}, {interval(rung.escalation_rate)}",
            count(rung.failed_over), count(rung.stopped),
        )
        for rung in task.rungs
    )  # fmt: skip
    columns = ("rung", "model", "reached", "accepted", "escalated", "failed over", "stopped")
    idle = frozenset({"model", "failed over", "stopped"})
    return Table(title="Rungs", columns=columns, rows=rows, words=frozenset({"model"}), idle=idle)


def rung_spending_table(task: TaskReport) -> Table:
    """Return each rung's spending, tokens and latency."""
    rows = tuple(
        (
            rung.rung, dollars(rung.answers_usd), dollars(rung.verifiers_usd), count(rung.input_tokens),
            count(rung.output_tokens), *(duration(value) for value in _three(rung.latency_s)),
        )
        for rung in task.rungs
        if rung.reached
    )  # fmt: skip
    columns = ("rung", "answers", "verifiers", "tokens in", "out", "p50", "p95", "p99")
    return Table(title="Cost and latency", columns=columns, rows=rows, idle=frozenset({"verifiers"}))


def label_table(task: TaskReport) -> Table:
    """Return accuracy and mistakes of each rung by labels."""
    rows = tuple(
        (
            rung.rung, estimate(rung.accuracy), estimate(rung.right_but_escalated.share),
            dollars(rung.right_but_escalated.usd), estimate(rung.wrong_but_accepted.share),
            dollars(rung.wrong_but_accepted.usd),
        )
        for rung in task.rungs
        if rung.accuracy.n
    )  # fmt: skip
    columns = ("rung", "accuracy", "right but escalated", "cost above", "wrong but accepted", "cost")
    note = "Dollars are extrapolated from the labelled answers to all."
    return Table(title="Labelled answers", columns=columns, rows=rows, note=note)


def single_table(task: TaskReport) -> Table:
    """Return the cascade beside each rung alone."""
    if not task.singles:
        return Table(title="", columns=(), rows=())
    rows = [("this cascade", estimate(task.accuracy_weighted), dollars(task.cost_usd_per_request))]
    rows += [
        (f"{single.rung} alone", estimate(single.accuracy), dollars(single.cost_usd_per_request))
        for single in task.singles
    ]
    note = f"The best single model is {task.best_single}. Accuracies are weighted by the rungs that answered."
    return Table(title="Against single models", columns=("", "accuracy", "per request"), rows=tuple(rows), note=note)


def verifier_table(task: TaskReport) -> Table:
    """Return the verdicts of each verifier and its AUROC."""
    rows = tuple(
        (
            verifier.rung, verifier.verifier, count(verifier.n),
            NOTHING if verifier.mean_score is None else f"{verifier.mean_score:.3f}", percent(verifier.abstained),
            percent(verifier.vetoed), percent(verifier.failed), dollars(verifier.cost_usd), _area(verifier.auroc),
        )
        for verifier in task.verifiers
    )  # fmt: skip
    columns = ("rung", "verifier", "verdicts", "mean", "abstained", "vetoed", "failed", "cost", "AUROC")
    idle = frozenset({"abstained", "vetoed", "failed", "cost", "AUROC"})
    return Table(title="Verifiers", columns=columns, rows=rows, words=frozenset({"verifier"}), idle=idle)


def reason_table(task: TaskReport) -> Table:
    """Return the escalation reasons."""
    total = sum(task.reasons.values())
    rows = tuple((reason, count(n), percent(n / total)) for reason, n in list(task.reasons.items())[:MOST_ROWS])
    return Table(title="Escalation reasons", columns=("reason", "answers", "share"), rows=rows)


def flag_table(task: TaskReport) -> Table:
    """Return the flags of decisions, with what each one says."""
    rows = tuple((flag, count(n), percent(n / task.n), _said(flag)) for flag, n in list(task.flags.items())[:MOST_ROWS])
    note = f"{count(len(task.flags) - len(rows))} rarer ones are not shown." if len(task.flags) > len(rows) else ""
    columns = ("flag", "decisions", "share", "")
    return Table(title="Flags", columns=columns, rows=rows, words=frozenset({""}), note=note, idle=frozenset({""}))


def _said(flag: str) -> str:
    return next((words for prefix, words in _FLAGS.items() if flag.startswith(prefix)), "")


def failure_table(task: TaskReport) -> Table:
    """Return the failed calls by kind."""
    rows = tuple(
        (rung.rung, kind, count(n), percent(n / rung.reached))
        for rung in task.rungs
        for kind, n in rung.failures.items()
    )
    columns = ("rung", "failure", "calls", "of its calls")
    return Table(title="Failed calls", columns=columns, rows=rows, words=frozenset({"failure"}))


def policy_table(task: TaskReport) -> Table:
    """Return promise and outcome of each policy."""
    rows = tuple(
        (
            "pass marks" if use.sha256 is None else use.sha256[:12], count(use.n), estimate(use.escalation_rate),
            percent(use.promised), NOTHING if use.low is None else f"{percent(use.low)} to {percent(use.high)}",
            {True: "yes", False: "no", None: NOTHING}[use.on_target],
        )
        for use in task.policies
        if len(task.policies) > 1 or use.promised is not None
    )  # fmt: skip
    columns = ("policy", "decisions", "escalation rate", "target", "interval from samples", "on target")
    return Table(title="Policies", columns=columns, rows=rows)


def series_table(task: TaskReport, by_time: str, last: int = LAST_STEPS) -> Table:
    """Return the last days or hours."""
    shown = task.series[-last:]
    rows = tuple(
        (step.at[: 10 if by_time == "day" else 16].replace("T", " "), count(step.n), interval(step.escalation_rate),
         percent(step.target), "missed" if step.alarm else "", dollars(step.cost_usd))
        for step in shown
    )  # fmt: skip
    earlier = len(task.series) - len(shown)
    note = f"{count(earlier)} earlier ones are not shown." if earlier else ""
    columns = (f"{by_time} (UTC)", "requests", "escalated", "target", "alarm", "cost")
    idle = frozenset({"target", "alarm"})
    return Table(title=f"By {by_time}", columns=columns, rows=rows, note=note, idle=idle)


def _models(rung: RungReport) -> str:
    """Return the models of a rung; "" if equal to the rung's name."""
    return "" if rung.models == (rung.rung,) else ", ".join(rung.models)


def _of(figure: Figure, task: TaskReport) -> str:
    """Format a share of a task with its interval, and with n where it is not that of the task."""
    return interval(figure) if figure.n == task.n else estimate(figure)


def _more(seconds: float) -> str:
    return f"{'+' if seconds >= 0.0 else '−'}{duration(abs(seconds))}"


def _target(task: TaskReport) -> str:
    use = task.policies[0] if task.policies else None
    if use is None or use.promised is None:
        return f"; no target (usual are {100 * USUAL_BAND[0]:.0f}–{100 * USUAL_BAND[1]:.0f} %)"
    return f"; aimed at {percent(use.promised)}, {target_words(use)}"


def target_words(use: PolicyUse) -> str:
    """Say where a target lies: in the interval of the rate, or where that of the samples lies."""
    if use.on_target is None:
        return "not yet to be compared"
    if use.on_target or use.low is None or use.high is None:
        return f"which is {'inside' if use.on_target else 'outside'} the interval"
    between = f"{percent(use.low)} to {percent(use.high)}"
    return (
        f"outside the interval, which {'has no part in' if use.missed else 'overlaps'} that of the samples, {between}"
    )


def watch_words(watch: Watch) -> str:
    """Format what watching shows about a certificate."""
    if watch.state == "not watched":
        return "not watched (observe.watch)"
    return (
        f"{watch.state}: {count(watch.n)} answers, {count(watch.harmed)} known to be harmed, {count(watch.unknown)} "
        f"unknown; evidence against it {watch.against:.3g}, for it {watch.in_favour:.3g}, {watch.enough:.3g} decides"
    )


def drift_words(drift: Drift) -> str:
    """Format what the streams without labels show."""
    said = [
        f"{one.name} {'alarm on ' + one.alarm_at[:10] if one.alarm_at else 'as on the samples'} ({count(one.n)})"
        for one in drift.streams
    ]
    return ", ".join([*said, *(["confidences not watched: fit again"] if drift.unwatched else [])])


def certificate_words(certificate: Mapping[str, Any]) -> str:
    """Format the latest policy's certificate, with its assumptions."""
    if not certificate.get("certified"):
        return str(certificate.get("why") or "none")
    bound = certificate.get("bound", {})
    parts = bound.get("value") if bound.get("kind") == "together" else [bound]
    promise = " and ".join(map(_bound, parts if isinstance(parts, list) else [])) + as_judged(certificate)
    level = percent(confidence_of(certificate))
    told = certificate.get("disagreement") or certificate.get("pairs") or {}
    again = told.get("reference_differs_from_itself")
    itself = (
        ""
        if again is None
        else f" Asked again, the reference itself differs on {share(again['differs'])} of {count(again['n'])} requests."
    )
    return (
        f"{promise}, with {level} confidence over the draw of samples.{itself} "
        f"{' '.join(certificate.get('assumptions', ()))}"
    )


def _bound(bound: Mapping[str, Any]) -> str:
    kind = {
        "max_error": "error among accepted answers",
        "max_loss": "loss against the reference",
        "max_disagreement": "disagreement with the reference",
    }
    where = f" in {bound['dimension']}" if bound.get("dimension") else ""
    return f"{kind.get(bound.get('kind', ''), 'risk')}{where} at most {percent(bound.get('value'))}"


def _sharpened(found: PpiEstimate) -> str:
    """Format the prediction-powered estimate of accuracy."""
    by = ", ".join(f"{verifier} on {rung}" for rung, verifier in found.proxies.items())
    between = f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)}, asymptotic)"
    worth = "" if found.label_worth is None else f"; a label is worth {found.label_worth:.1f} labels without scores"
    return f"{between} of all {count(found.n)} answers, by {count(found.n_labelled)} labels and {by}{worth}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count(n)}" for name, n in counts.items())


def _spread(latency_s: Quantiles) -> str:
    if not latency_s.n:
        return NOTHING
    p50, p95, p99 = (duration(value) for value in _three(latency_s))
    return f"p50 {p50}, p95 {p95}, p99 {p99}"


def _three(latency_s: Quantiles) -> tuple[float | None, float | None, float | None]:
    return latency_s.p50, latency_s.p95, latency_s.p99


def _area(area: Figure) -> str:
    if area.value is None:
        return NOTHING
    return f"{area.value:.2f} ({area.low:.2f}–{area.high:.2f}, n = {count(area.n)})"
