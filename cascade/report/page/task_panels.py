"""Panels of one task: every chart with its figures in rows, how to read it, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

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
    label_table,
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
"""Days or hours that stand in rows."""

NO_LABELS = (
    "This needs labelled answers: how right some answers were, of requests chosen at random. "
    "cascade label asks a person; Log.label takes what you know."
)
NO_TOP_LABELS = (
    "This needs labels of the first rung and of the top on the same requests: ask the top on a few accepted ones "
    "(cascade explore) and label its answers (Log.label with rung=…)."
)


def task_panels(task: TaskReport, report: Report, prefix: str, *, drawn: bool) -> Iterator[Panel]:
    """Give the panels of a task in the order in which they are read."""
    yield _escalation(task, report, prefix, drawn=drawn)
    yield from _quality(task, prefix, drawn=drawn)
    yield _verifiers(task, prefix, drawn=drawn)
    yield _latency(task, prefix, drawn=drawn)
    yield money_panel(task, report, prefix, drawn=drawn)
    yield _slices(task, prefix, drawn=drawn)
    yield _reasons(task, prefix, drawn=drawn)
    yield _cases(task, prefix)


def money_panel(task: TaskReport, report: Report, prefix: str, *, drawn: bool) -> Panel:
    """Return what was spent on what, and what each month saved."""
    kinds = list(dict.fromkeys(each.by for each in task.spending))
    tables = [month_table(task), *(spending_table(task.spending, kind) for kind in kinds), rung_spending_table(task)]
    paid = [each for each in task.spending if each.by in ("model", "verifier")]
    return Panel(
        id=f"{prefix}-spending",
        title="Spending and savings",
        text=f"Cost by {report.by_time}; below, by model, verifier and tag, and what each month saved against always "
        f"asking {task.reference or 'the top'}, net, with its interval.",
        chart=draw_spending(task, report.by_time) if drawn else None,
        second=draw_money(paid) if drawn else None,
        tables=_filled(tables),
        open_first=True,
        advice=advice.on_money(task),
    )


def _escalation(task: TaskReport, report: Report, prefix: str, *, drawn: bool) -> Panel:
    use = task.policies[0] if task.policies else None
    band = ""
    if use is not None and use.low is not None and use.high is not None:
        band = f" The band is what the samples promised ({percent(use.low)} to {percent(use.high)})."
    return Panel(
        id=f"{prefix}-escalation",
        title="Escalation over time",
        text=f"Share of first answers that went up, by {report.by_time}, with {percent(report.level)} intervals; "
        f"n = {count(task.escalation_rate.n)}. The dashed line is the target.{band} A square missed the target beyond "
        f"chance, all {report.by_time}s taken together; a vertical line is the moment of an alarm.",
        chart=draw_escalation(task, report.by_time) if drawn else None,
        tables=_filled([rung_table(task), policy_table(task), series_table(task, report.by_time, MOST_STEPS)]),
        advice=advice.on_escalation(task),
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
        "mixing rungs by lot (dotted), and the oracle, which knows who is right (dashed).",
        chart=draw_frontier(frontier) if drawn else None,
        tables=_filled([frontier_table(frontier), single_table(task), label_table(task)]),
        advice=advice.on_frontier(task) if shown else "",
        missing="" if shown else missing,
    )
    yield Panel(
        id=f"{prefix}-sweep",
        title="Other thresholds",
        text="" if sweep is None else f"What each threshold of {sweep.rung} would give if the rest went straight to "
        f"{sweep.reference}; n = {count(sweep.n)}, shaded: the accuracy's interval, point by point.",
        chart=draw_sweep(sweep) if drawn and sweep is not None else None,
        tables=_filled([sweep_table(sweep)] if sweep is not None else []),
        advice=advice.on_sweep(task),
        missing="" if sweep is not None else missing,
    )  # fmt: skip
    n = ", ".join(f"{rung.rung} n = {count(rung.n)}" for rung in task.reliability)
    yield Panel(
        id=f"{prefix}-reliability",
        title="Are confidences true?",
        text=f"Bins of about equal count: of answers with a confidence of 0.8, eight in ten should be right (dotted "
        f"line). {n}." if n else "",
        chart=draw_reliability(task.reliability) if drawn else None,
        tables=_filled([reliability_table(task.reliability)]),
        advice=advice.on_reliability(task.reliability),
        missing="" if n else NO_LABELS,
    )  # fmt: skip
    yield Panel(
        id=f"{prefix}-risk",
        title="Risk and coverage",
        text=f"The error among the most confident answers, over the share of answers kept; shaded: intervals. {n}."
        if n else "",
        chart=draw_risk_coverage(task.risk_coverage) if drawn else None,
        tables=_filled([coverage_table(task.risk_coverage)]),
        advice=advice.on_coverage(task.risk_coverage),
        missing="" if n else NO_LABELS,
    )  # fmt: skip


def _verifiers(task: TaskReport, prefix: str, *, drawn: bool) -> Panel:
    known = any(each.auroc.value is not None for each in task.verifiers)
    return Panel(
        id=f"{prefix}-verifiers",
        title="What verifiers are worth",
        text="AUROC: how often a right answer scores above a wrong one; the dashed line is chance. Bars are intervals, "
        "n counts labelled answers." if known else "",
        chart=draw_verifiers(task.verifiers) if drawn else None,
        tables=_filled([verifier_table(task)]),
        advice=advice.on_verifiers(task),
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
        tables=_filled([latency_table(latencies)]),
        advice=advice.on_latency(task),
    )


def _slices(task: TaskReport, prefix: str, *, drawn: bool) -> Panel:
    charts = [
        draw_slices([each for each in task.slices if each.measure == measure]) if drawn else None
        for measure in (ESCALATION, ERROR)
    ]
    return Panel(
        id=f"{prefix}-slices",
        title="Slices that stand out",
        text=f"The worst of {count(task.slices_n)} slices, by tags, principal and quality; dashed: all requests. "
        "Their intervals hold all together (exact binomial, level divided over all: Bonferroni), so that naming the "
        "worst is allowed for." if task.slices else "",
        chart=charts[0],
        second=charts[1],
        tables=_filled([slice_table(task)]),
        advice=advice.on_slices(task),
        missing="" if task.slices else 'Nothing divides these requests: give them tags (tags={"feature": …}) or a '
        "principal, with more than one value each.",
    )  # fmt: skip


def _reasons(task: TaskReport, prefix: str, *, drawn: bool) -> Panel:
    return Panel(
        id=f"{prefix}-reasons",
        title="Reasons of escalation",
        text=f"Why {count(sum(task.reasons.values()))} answers, on any rung, went up." if task.reasons else "",
        chart=draw_reasons(task.reasons) if drawn else None,
        tables=_filled([reason_table(task), failure_table(task)]),
        advice=advice.on_reasons(task),
        missing="" if task.reasons else "Nothing was escalated.",
    )


def _cases(task: TaskReport, prefix: str) -> Panel:
    stored = any(case.request is not None for cases in task.cases.values() for case in cases)
    text = "Single requests to read: a handful of each kind."
    if not stored:
        text += " Texts are not stored in this log (store_text: none); their ids find them in your own records."
    return Panel(
        id=f"{prefix}-cases", title="Requests to look at", text=text, cases=task.cases,
        advice=advice.on_cases(task), missing="" if task.cases else "No request qualifies.",
    )  # fmt: skip


def _filled(tables: list[Table]) -> tuple[Table, ...]:
    return tuple(table.shown() for table in tables if table.rows)
