"""Task panels: every chart of one task with its table, reading help and advice."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.policy.policy import P_RIGHT
from cascade.report.page import advice
from cascade.report.page.document import Panel
from cascade.report.page.line_charts import draw_latency, draw_money, draw_reasons, draw_slices, draw_verifiers
from cascade.report.page.quality_charts import draw_frontier, draw_reliability, draw_risk_coverage, draw_sweep
from cascade.report.page.time_charts import draw_escalation, draw_spending
from cascade.report.tables.cost_tables import month_table, slice_table, spending_table
from cascade.report.tables.curve_table import (
    coverage_table,
    frontier_table,
    latency_table,
    reliability_table,
    sweep_table,
)
from cascade.report.tables.table import (
    failure_table,
    flag_table,
    label_table,
    mode_table,
    policy_table,
    reason_table,
    rung_spending_table,
    rung_table,
    series_table,
    single_table,
    verifier_table,
)
from cascade.report.values.content import Report, TaskReport
from cascade.report.values.format_numbers import count, percent
from cascade.report.values.rows import Table
from cascade.report.values.slices import ERROR, ESCALATION

MOST_STEPS = 60
"""Maximum number of days or hours in a table."""

NO_LABELS = (
    "Labels of 100 answers drawn at random (cascade label LOG) would add: accuracy with its interval, wrong answers "
    "that were accepted, the worth of each verifier, and the reliability of confidences."
)
NO_TOP_LABELS = (
    "Labels of the first rung and of the top on the same requests would add here: what other thresholds do, and cost "
    "against quality. Call the top for a few accepted ones (cascade explore) and label its answers."
)


def task_panels(task: TaskReport, report: Report, prefix: str, *, drawn: bool) -> Iterator[Panel]:
    """Yield the panels of a task in reading order."""
    yield _escalation(task, report, prefix, drawn=drawn)
    yield from _quality(task, prefix, drawn=drawn)
    yield _verifiers(task, prefix, drawn=drawn)
    yield _latency(task, prefix, drawn=drawn)
    yield money_panel(task, report, prefix, drawn=drawn)
    yield _slices(task, prefix, drawn=drawn)
    yield _reasons(task, prefix, drawn=drawn)
    yield _cases(task, prefix)


def money_panel(task: TaskReport, report: Report, prefix: str, *, drawn: bool) -> Panel:
    """Return the panel of cost by source, and the monthly savings."""
    kinds = list(dict.fromkeys(each.by for each in task.spending))
    tables = [month_table(task), *(spending_table(task.spending, kind) for kind in kinds), rung_spending_table(task)]
    paid = [each for each in task.spending if each.by in ("model", "verifier")]
    return Panel(
        id=f"{prefix}-spending",
        title="Cost and savings",
        text=f"Cost by {report.by_time}; below, cost by model, verifier and tag, and each month's net saving against "
        f"always asking {task.reference or 'the top'}, with its interval.",
        chart=draw_spending(task, report.by_time) if drawn and len(task.series) > 1 else None,
        second=draw_money(paid) if drawn and len(paid) > 1 else None,
        tables=_filled(tables),
        open_first=True,
        **advice.on_money(task)._asdict(),
    )


def _escalation(task: TaskReport, report: Report, prefix: str, *, drawn: bool) -> Panel:
    use = task.policies[0] if task.policies else None
    band = ""
    if use is not None and use.low is not None and use.high is not None:
        band = f" The band is the interval from the samples ({percent(use.low)} to {percent(use.high)})."
    return Panel(
        id=f"{prefix}-escalation",
        title="Escalation over time",
        text=f"Escalation rate of first answers, by {report.by_time}, with {percent(report.level)} intervals; "
        f"n = {count(task.escalation_rate.n)}. The dashed line is the target.{band} A square left the promised band "
        f"significantly, corrected for all {report.by_time}s; a vertical line is an alarm.",
        chart=draw_escalation(task, report.by_time) if drawn and len(task.series) > 1 else None,
        tables=_filled([rung_table(task), policy_table(task), series_table(task, report.by_time, MOST_STEPS)]),
        **advice.on_escalation(task)._asdict(),
    )


def _quality(task: TaskReport, prefix: str, *, drawn: bool) -> Iterator[Panel]:
    frontier, sweep = task.frontier, task.sweep
    missing = NO_LABELS if not task.n_labelled else NO_TOP_LABELS
    shown = frontier.chosen is not None or frontier.singles
    yield Panel(
        id=f"{prefix}-frontier",
        title="Cost and quality",
        text="Up and to the left is better. The diamond is this cascade, the discs are single rungs, vertical bars are "
        f"intervals. Curves rest on n = {count(frontier.n)} requests labelled at both ends: other thresholds (solid), "
        "a random mix of rungs (dotted), and the oracle, which knows the right answers (dashed).",
        chart=draw_frontier(frontier) if drawn else None,
        tables=_filled([frontier_table(frontier), single_table(task), label_table(task)]),
        **(advice.on_frontier(task) if shown else advice.NOTHING)._asdict(),
        missing="" if shown else missing,
    )
    yield Panel(
        id=f"{prefix}-sweep",
        title="Other thresholds",
        text="" if sweep is None else f"Results of each threshold of {sweep.rung} if the rest escalated directly to "
        f"{sweep.reference}; n = {count(sweep.n)}, shaded: pointwise interval of the accuracy.",
        chart=draw_sweep(sweep) if drawn and sweep is not None else None,
        tables=_filled([sweep_table(sweep)] if sweep is not None else []),
        **advice.on_sweep(task)._asdict(),
        missing="" if sweep is not None else missing,
    )  # fmt: skip
    n = ", ".join(f"{rung.rung} n = {count(rung.n)}" for rung in task.reliability)
    yield Panel(
        id=f"{prefix}-reliability",
        title="Reliability of confidences",
        text=_bins(task.confidence_means) + f" {n}." if n else "",
        chart=draw_reliability(task.reliability, task.confidence_means) if drawn else None,
        tables=_filled([reliability_table(task.reliability, task.confidence_means)]),
        **advice.on_reliability(task.reliability, task.confidence_means)._asdict(),
        missing="" if n else NO_LABELS,
    )  # fmt: skip
    yield Panel(
        id=f"{prefix}-risk",
        title="Risk and coverage",
        text=f"Selective risk, the error among the most confident answers, over coverage; shaded: intervals. {n}."
        if n else "",
        chart=draw_risk_coverage(task.risk_coverage) if drawn else None,
        tables=_filled([coverage_table(task.risk_coverage)]),
        **advice.on_coverage(task.risk_coverage)._asdict(),
        missing="" if n else NO_LABELS,
    )  # fmt: skip


def _bins(means: str | None) -> str:
    """Return how to read the reliability of confidences."""
    if means in (None, P_RIGHT):
        what = "a confidence" if means is None else f"a confidence, {means},"
        return f"Bins of about equal count: of answers with {what} of 0.8, eight in ten should be right (dotted line)."
    return (
        f"Bins of about equal count. Confidence is {means} and not {P_RIGHT}: it ranks answers by that, and how often "
        "they are right need not follow it."
    )


def _verifiers(task: TaskReport, prefix: str, *, drawn: bool) -> Panel:
    known = any(each.auroc.value is not None for each in task.verifiers)
    return Panel(
        id=f"{prefix}-verifiers",
        title="Worth of verifiers",
        text="AUROC: how often a right answer scores above a wrong one; the dashed line is chance. Bars are intervals, "
        "n counts labelled answers." if known else "",
        chart=draw_verifiers(task.verifiers) if drawn else None,
        tables=_filled([verifier_table(task)]),
        **advice.on_verifiers(task)._asdict(),
        missing="" if known or not task.verifiers else NO_LABELS,
    )  # fmt: skip


def _latency(task: TaskReport, prefix: str, *, drawn: bool) -> Panel:
    latencies = {"whole request": task.latency_s} | {rung.rung: rung.latency_s for rung in task.rungs if rung.reached}
    return Panel(
        id=f"{prefix}-latency",
        title="Latency",
        text="Median, 95 % and 99 % quantile with their intervals, on a logarithmic axis; "
        f"n = {count(task.latency_s.n)} requests. Rungs count their verifiers' calls.",
        chart=draw_latency(latencies) if drawn else None,
        tables=_filled([mode_table(task), latency_table(latencies)]),
        **advice.on_latency(task)._asdict(),
    )


def _slices(task: TaskReport, prefix: str, *, drawn: bool) -> Panel:
    by_measure = [[each for each in task.slices if each.measure == measure] for measure in (ESCALATION, ERROR)]
    charts = [draw_slices(slices) if drawn and len(slices) > 1 else None for slices in by_measure]
    return Panel(
        id=f"{prefix}-slices",
        title="Worst slices",
        text=f"The worst of {count(task.slices_n)} slices, by tags, principal and quality; dashed: all requests. "
        "Their intervals hold jointly (exact binomial, Bonferroni over all slices), which corrects for choosing the "
        "worst." if task.slices else "",
        chart=charts[0],
        second=charts[1],
        tables=_filled([slice_table(task)]),
        **advice.on_slices(task)._asdict(),
        missing="" if task.slices else 'These requests have no groups: give them tags (tags={"feature": …}) or a '
        "principal, with more than one value each.",
    )  # fmt: skip


def _reasons(task: TaskReport, prefix: str, *, drawn: bool) -> Panel:
    return Panel(
        id=f"{prefix}-reasons",
        title="Escalation reasons",
        text=f"Reasons of {count(sum(task.reasons.values()))} escalations, on any rung." if task.reasons else "",
        chart=draw_reasons(task.reasons) if drawn and len(task.reasons) > 1 else None,
        tables=_filled([reason_table(task), failure_table(task), flag_table(task)]),
        **advice.on_reasons(task)._asdict(),
        missing="" if task.reasons else "Nothing was escalated.",
    )


def _cases(task: TaskReport, prefix: str) -> Panel:
    stored = any(case.request is not None for cases in task.cases.values() for case in cases)
    text = "Single requests to inspect: a few of each kind."
    if not stored:
        text += " This log stores no texts (store_text: none); find them by id in your own records."
    return Panel(
        id=f"{prefix}-cases", title="Requests to inspect", text=text, cases=task.cases,
        **advice.on_cases(task)._asdict(), missing="" if task.cases else "No request to inspect.",
    )  # fmt: skip


def _filled(tables: list[Table]) -> tuple[Table, ...]:
    return tuple(table.shown() for table in tables if table.rows)
