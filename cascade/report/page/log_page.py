"""Log page: a report as a document, in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

from cascade.report.page.document import Document, KeyFigure, Panel, Section
from cascade.report.page.drawing import drawing
from cascade.report.page.task_panels import NO_LABELS, NO_TOP_LABELS, money_panel, task_panels
from cascade.report.tables.cost_tables import money, net_note
from cascade.report.tables.table import certificate_words, segment_table, target_words, watch_words
from cascade.report.tables.task_table import task_table
from cascade.report.values.content import Report, TaskReport, Tone
from cascade.report.values.finding import MOST_SHOWN
from cascade.report.values.format_numbers import count, dollars, estimate, interval, percent
from cascade.report.values.line import quality_tone

FEW = 30
"""Requests from which a task has a section of its own beside others."""

MOST_DRAWN = 8
"""Number of tasks with charts, the largest; the others have tables only, so the page stays small."""


def log_document(report: Report, *, drawn: bool, title: str = "Cascade report") -> Document:
    """Return the page of a report.

    Args:
        report: the report to show.
        drawn: whether charts can be drawn.
        title: title of the page.
    """
    with drawing() if drawn else nullcontext():
        return _document(report, drawn=drawn, title=title)


def _document(report: Report, *, drawn: bool, title: str) -> Document:
    alone = len(report.tasks) == 1
    largest = set(sorted(report.tasks, key=lambda name: -report.tasks[name].n)[:MOST_DRAWN])
    sections = [] if alone else [_overview(report)]
    for number, (name, task) in enumerate(report.tasks.items(), start=1):
        if task.n < FEW and not alone:
            continue  # its row says all there is to say
        prefix = f"task-{number}"
        panels = list(task_panels(task, report, prefix, drawn=drawn and name in largest))
        sections.append(
            Section(
                id=prefix,
                title=name,
                figures=tuple(headline(task)),
                line=report.line if alone else None,
                findings=(report.findings if alone else task.findings)[:MOST_SHOWN],
                missing=next((panel.missing for panel in panels if panel.missing in (NO_LABELS, NO_TOP_LABELS)), ""),
                folded=not alone,
                panels=tuple(panel for panel in panels if not panel.missing),
            )
        )
    since, until = (
        None if each is None else f"{each[:16].replace('T', ' ')} UTC" for each in (report.since, report.until)
    )
    period = f"{since or 'the beginning'} to {until or 'the end'}"
    return Document(
        title=title,
        subtitle=f"{report.source}: {count(report.total.n)} decisions, from {period}",
        sections=tuple(sections),
        notes=(
            *report.notes,
            f"Intervals have confidence {percent(report.level)}, individually unless marked as joint.",
            "Intervals: exact for shares (Clopper and Pearson), normal for means and totals, by rank for quantiles.",
            "Alarms and slices are corrected for multiple comparisons (Bonferroni).",
            "All figures as JSON: cascade report --json.",
        ),
    )


def headline(task: TaskReport) -> Iterator[KeyFigure]:
    """Yield the headline figures: escalation, cost, quality, certificate."""
    yield _escalation(task)
    yield _cost(task)
    yield _quality(task)
    certificate = task.policies[0].certificate if task.policies else {}
    if certificate:
        watch = task.policies[0].watch
        held = bool(certificate.get("certified")) and (watch is None or watch.state != "refuted")
        value = "not certified" if watch is None else "certified" if watch.state == "not watched" else watch.state
        detail = (
            certificate_words(certificate)
            if watch is None
            else f"{watch_words(watch)}. {certificate_words(certificate)}"
        )
        yield KeyFigure(name="Certificate", value=value, detail=detail, tone="good" if held else "bad")
    else:
        detail = "Aims are met in expectation. Only a bound (--max-error, --max-loss) is certified."
        if not task.policies or all(use.sha256 is None for use in task.policies):
            detail = "No policy: pass marks decided. Run cascade calibrate for this task."
        yield KeyFigure(name="Certificate", value="none", detail=detail, tone="none")


def _escalation(task: TaskReport) -> KeyFigure:
    rate = task.escalation_rate
    use = task.policies[0] if task.policies else None
    tone: Tone = "plain"
    against = "no target"
    if use is not None and use.promised is not None:
        tone = "bad" if use.missed else "plain"
        came = "" if len(task.policies) == 1 else f"; the rate under the last policy is {interval(use.escalation_rate)}"
        against = f"aimed at {percent(use.promised)}, {target_words(use)}{came}"
    between = f"{percent(rate.low)} to {percent(rate.high)}, n = {count(rate.n)}; " if rate.n else ""
    return KeyFigure(name="Escalation", value=percent(rate.value), detail=between + against, tone=tone)


def _cost(task: TaskReport) -> KeyFigure:
    saved = task.saved.share
    low, value, high = (None if usd is None else 1000 * usd for usd in (task.cost.low, task.cost.value, task.cost.high))
    per_request = f"{dollars(value)} per 1,000 requests ({dollars(low)} to {dollars(high)})"
    if saved.value is None or saved.low is None or saved.high is None:
        detail = f"{per_request}; the cost of always-top is unknown"
        return KeyFigure(name="Cost", value=dollars(task.cost_usd), detail=detail)
    between = f"{percent(1.0 - saved.high)} to {percent(1.0 - saved.low)}, n = {count(saved.n)}"
    tone: Tone = "good" if saved.low > 0 else "bad" if saved.high < 0 else "plain"
    name = f"Cost against always {task.reference or 'the top'}"
    return KeyFigure(name=name, value=percent(task.cost_vs_top), detail=f"{between}; {per_request}", tone=tone)


def _quality(task: TaskReport) -> KeyFigure:
    accuracy = task.accuracy_weighted if task.accuracy_weighted.value is not None else task.accuracy
    if accuracy.value is None:
        detail = "No answer is labelled. Label a random selection: cascade label, or Log.label."
        return KeyFigure(name="Quality", value="unknown", detail=detail, tone="none")
    top = next((single for single in task.singles if single.rung == task.reference), None)
    against = "the top has no labels on the same kinds of requests"
    if top is not None and top.accuracy.value is not None:
        against = f"{top.rung} alone {estimate(top.accuracy)}"
    loss = None if task.hull is None else task.hull.loss
    if loss is not None and loss.low is not None and loss.high is not None:
        where = "worse than" if loss.low > 0.0 else "better than" if loss.high < 0.0 else "within chance of"
        against = f"{where} {against}"
    between = f"{percent(accuracy.low)} to {percent(accuracy.high)}, n = {count(accuracy.n)}"
    return KeyFigure(
        name="Quality", value=percent(accuracy.value), detail=f"{between}; {against}", tone=quality_tone(task)
    )


def _overview(report: Report) -> Section:
    table = task_table(report)
    tables = [table] if table.rows else []
    panels = [Panel(id="all-tasks", title="Tasks", tables=tuple(tables))] if tables else []
    segments = segment_table(report)
    if segments is not None:
        panels.append(Panel(id="all-segments", title=segments.title, tables=(segments,)))
    if report.total.n:
        panels.append(money_panel(report.total, report, "all", drawn=False))
    figures = tuple(_total_figures(report.total))
    return Section(
        id="all",
        title="All tasks",
        figures=figures,
        line=report.line,
        findings=report.findings[:MOST_SHOWN],
        panels=tuple(panels),
    )


def _total_figures(total: TaskReport) -> Iterator[KeyFigure]:
    if not total.n:
        return
    ends = ", ".join(f"{name} {count(n)}" for name, n in total.outcomes.items())
    yield KeyFigure(name="Decisions", value=count(total.n), detail=ends)
    detail = f"of which {dollars(total.verifiers_usd)} for verifiers"
    yield KeyFigure(name="Cost", value=dollars(total.cost_usd), detail=detail)
    last = total.months[-1]
    net = sum(month.net_usd.value or 0.0 for month in total.months)
    since = f"of it {money(last.net_usd)} in {last.at}. {net_note(total.months)}"
    yield KeyFigure(name="Saved, net", value=dollars(net), detail=since)
