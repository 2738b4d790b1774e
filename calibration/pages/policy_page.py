"""Policy pages of calibrate, replay and check: a policy with its samples' figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from calibration.gate.finding import Finding, Gate
from calibration.pages.blocks import alone, block, operating_points
from calibration.pages.figures import Pictures, figure_of
from calibration.pages.sample_panels import sample_panels
from cascade.policy.policy import Policy, TaskPolicy
from cascade.report.page.document import Document, KeyFigure, Panel, Section
from cascade.report.tables.table import certificate_words
from cascade.report.values.content import Tone
from cascade.report.values.curves import Alternative
from cascade.report.values.figure import Figure
from cascade.report.values.format_numbers import count, dollars, interval, percent
from cascade.report.values.rows import Table

NOTES = (
    "Intervals hold at 90 %, one by one.",
    "A rate's interval is that of the true rate; accuracy is estimated on labels that it did not see.",
)


def calibrated_document(policy: Policy, seen: Mapping[str, Pictures], source: str) -> Document:
    """Return the page of a fitted policy."""
    sections = []
    for number, (name, fitted) in enumerate(operating_points(policy).items(), start=1):
        prefix = f"task-{number}"
        rows = tuple(block(fitted))
        table = Table(title="Figures", columns=("figure", "value"), rows=rows, words=frozenset({"value"}))
        task = name.partition(", quality ")[0]
        panels = [Panel(id=f"{prefix}-figures", title="What was fitted", tables=(table,))]
        panels += sample_panels(seen.get(task), prefix, fitted.reference, _chosen(fitted.measured), _threshold(fitted))
        section = Section(
            id=prefix, title=name, figures=tuple(_fitted(fitted)), findings=_findings(fitted), panels=tuple(panels)
        )
        sections.append(section)
    subtitle = f"{source}: {count(sum(task.n for task in policy.tasks.values()))} samples, policy {policy.sha256[:12]}"
    return Document(title="Calibration", subtitle=subtitle, sections=tuple(sections), notes=NOTES)


def replayed_document(
    found: Mapping[str, Any], policy: Policy, seen: Mapping[str, Pictures], source: str, warnings: Sequence[str]
) -> Document:
    """Return the page of a replay."""
    sections = []
    for number, (name, row) in enumerate(found["tasks"].items(), start=1):
        prefix = f"task-{number}"
        fitted = policy.tasks[name]
        rungs = tuple(
            (rung["rung"], count(rung["reached"]), interval(figure_of(rung["escalation_rate"], rung["reached"])))
            for rung in row["rungs"]
        )
        table = Table(title="Rungs", columns=("rung", "reached", "escalated"), rows=rungs)
        panels = [Panel(id=f"{prefix}-rungs", title="Rungs", tables=(table,))]
        panels += sample_panels(seen.get(name), prefix, fitted.reference, _chosen(row), _threshold(fitted))
        own_warnings = (*row.get("baseline", ()), *(warning for warning in warnings if repr(name) in warning))
        figures = tuple(_measured(row, fitted))
        sections.append(Section(id=prefix, title=name, figures=figures, findings=own_warnings, panels=tuple(panels)))
    subtitle = f"{source} under policy {policy.sha256[:12]}; no call was made"
    return Document(title="Replay", subtitle=subtitle, sections=tuple(sections), notes=NOTES)


def checked_document(
    gate: Gate,
    sentences: Mapping[Finding, str],
    policy: Policy,
    seen: Mapping[str, Pictures],
    source: str,
) -> Document:
    """Return the page of a gate."""
    sections = []
    tones: dict[str, Tone] = {"pass": "good", "fail": "bad", "undecided": "plain"}
    for number, task in enumerate(dict.fromkeys(finding.task for finding in gate.findings), start=1):
        prefix = f"task-{number}"
        mine = [finding for finding in gate.findings if finding.task == task]
        figures = tuple(
            KeyFigure(
                name=" ".join(filter(None, (finding.criterion.kind.replace("_", " "), finding.slice))),
                value=finding.outcome, detail=sentences[finding],
                tone=tones[finding.outcome],
            )
            for finding in mine
        )  # fmt: skip
        fitted, told = policy.tasks[task], gate.baselines.get(task)
        first = () if told is None else told.sentences
        panels = tuple(sample_panels(seen.get(task), prefix, fitted.reference, _held(mine), _threshold(fitted)))
        sections.append(Section(id=prefix, title=task, figures=figures, findings=first, panels=panels))
    levels = (
        f"A limit passes where the one-sided bound of its figure clears it, with confidence {gate.confidence:g}; "
        f"failing is corrected for all {count(len(gate.findings))} limits together."
    )
    title = f"Gate: {gate.outcome}"
    return Document(
        title=title, subtitle=f"{source} under policy {policy.sha256[:12]}", sections=tuple(sections),
        notes=(levels, *gate.warnings),
    )  # fmt: skip


def _fitted(fitted: TaskPolicy) -> Iterator[KeyFigure]:
    found = fitted.measured
    rate = found["escalation_rate"]
    yield from _measured({**found, "escalation_rate": {**rate, "value": rate["expected"]}}, fitted)
    if fitted.certificate is None:
        detail = "Aims are met in expectation. A bound (--max-error, --max-loss) would be certified."
        yield KeyFigure(name="Certificate", value="none", detail=detail)
        return
    held = bool(fitted.certified)
    yield KeyFigure(
        name="Certificate", value="certified" if held else "not certified", tone="good" if held else "bad",
        detail=certificate_words(fitted.certificate),
    )  # fmt: skip


def _measured(row: Mapping[str, Any], fitted: TaskPolicy) -> Iterator[KeyFigure]:
    n, labelled = row["n"], row["n_labelled"]
    rate = figure_of(row["escalation_rate"], n)
    asked = fitted.target.get("value") if fitted.target.get("kind") == "escalation_rate" else None
    target = f"; aimed at {percent(asked)}" if isinstance(asked, int | float) else ""
    between = f"{percent(rate.low)} to {percent(rate.high)}, n = {count(n)}{target}"
    one = alone(fitted)
    if one is None:
        yield KeyFigure(name="Escalation", value=percent(rate.value), detail=between)
    else:
        yield KeyFigure(name=one[0].capitalize(), value=one[1], detail=f"Nothing escalates, n = {count(n)}{target}")
    versus = row["cost_vs_top"]
    yield KeyFigure(
        name=f"Cost against always {fitted.reference}", value=percent(versus),
        detail=f"{dollars(row['cost_usd_per_request'])} a request, verifiers included, n = {count(n)}",
        tone="plain" if versus is None else "good" if versus < 1.0 else "bad",
    )  # fmt: skip
    accuracy = figure_of(row["accuracy"], labelled)
    detail = "No sample is labelled."
    if accuracy.value is not None:
        top = f"{fitted.reference} alone {percent(row['accuracy_top'])}"
        detail = f"{percent(accuracy.low)} to {percent(accuracy.high)}, n = {count(labelled)}; {top}"
    yield KeyFigure(name="Quality", value=percent(accuracy.value), detail=detail)


def _findings(fitted: TaskPolicy) -> tuple[str, ...]:
    found = [fitted.why] if fitted.why else []
    return (*fitted.measured.get("baseline", ()), *found, *fitted.measured.get("warnings", []))


def _chosen(row: Mapping[str, Any]) -> Alternative | None:
    usd, accuracy = row.get("cost_usd_per_request"), figure_of(row.get("accuracy"), row.get("n_labelled", 0))
    if usd is None or accuracy.value is None:
        return None
    return Alternative(name="this policy", cost_usd=usd, accuracy=accuracy)


def _held(findings: Sequence[Finding]) -> Alternative | None:
    """Return a policy's cost and accuracy on the gate's samples; None unless both are criteria."""
    found = {finding.criterion.kind: finding.margin for finding in findings}
    right, usd = found.get("min_accuracy"), found.get("max_cost")
    if right is None or usd is None or right.value is None or usd.value is None:
        return None
    accuracy = Figure(value=right.value, low=right.low, high=right.high, n=right.n)
    return Alternative(name="this policy", cost_usd=usd.value, accuracy=accuracy)


def _threshold(fitted: TaskPolicy) -> float | None:
    point = max(fitted.points, key=lambda point: point.weight)
    return point.thresholds[0].t if point.thresholds else None
