"""Tables of money and of what stands out: months, spending, slices."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.report.values.content import TaskReport
from cascade.report.values.figure import Figure
from cascade.report.values.format_numbers import NOTHING, count, dollars, estimate, percent
from cascade.report.values.parts import Month, Slice, Spending
from cascade.report.values.rows import Table

LAST_MONTHS = 12
"""Months that are shown; JSON holds all."""


def month_table(task: TaskReport) -> Table:
    """Return what each month saved, net of what the log knows."""
    shown = task.months[-LAST_MONTHS:]
    rows = tuple(
        (
            month.at, count(month.n), dollars(month.top_usd), dollars(month.cost_usd), dollars(month.verifiers_usd),
            dollars(month.fruitless_usd), f"{count(month.labels)}, {dollars(month.labels_usd)}", money(month.net_usd),
        )
        for month in shown
    )  # fmt: skip
    columns = ("month", "requests", "always-top", "cost", "of it verifiers", "no answer", "labels", "saved, net")
    idle = frozenset({"of it verifiers", "no answer"})
    return Table(title="Saved by month", columns=columns, rows=rows, note=net_note(shown), idle=idle)


def net_note(months: Sequence[Month]) -> str:
    """Say what monthly savings are net of."""
    unknown = sum(month.n - month.net_usd.n for month in months)
    labels = sum(month.labels for month in months)
    parts = ["Net of verifiers and judges, and of requests that ended without an answer."]
    if labels and not any(month.labels_usd for month in months):
        parts.append("Labels are counted; --label-cost takes off what one costs.")
    maybe = sum(month.maybe_charged_usd for month in months)
    if maybe:
        expected = sum(month.maybe_charged_estimate_usd for month in months)
        parts.append(
            f"Tries without an answer may have cost up to {dollars(maybe)} more, about {dollars(expected)} by what "
            "such calls cost otherwise; nobody knows."
        )
    if unknown:
        parts.append(
            f"For {count(unknown)} requests nothing is known of what the top would have cost; they save nothing."
        )
    return " ".join(parts)


def money(figure: Figure) -> str:
    """Say dollars with their interval."""
    if figure.value is None or figure.low is None or figure.high is None:
        return NOTHING
    return f"{dollars(figure.value)} ({dollars(figure.low)} to {dollars(figure.high)})"


def spending_table(lines: Sequence[Spending], by: str, *, title: str | None = None) -> Table:
    """Return what the models, the verifiers or the values of one tag cost."""
    mine = [each for each in lines if each.by == by]
    rows = tuple((each.name, count(each.n), dollars(each.usd), percent(each.share)) for each in mine)
    counted = "calls" if by in ("model", "verifier") else "requests"
    return Table(title=title or f"By {by}", columns=(by, counted, "cost", "of all"), rows=rows)


def slice_table(task: TaskReport) -> Table:
    """Return the slices that stand out, with the intervals that hold for all of them together."""
    rows = tuple(_slice(each) for each in task.slices)
    note = f"The intervals of all {count(task.slices_n)} slices hold together (exact, level divided: Bonferroni)."
    columns = ("slice", "measure", "its own", "all requests", "")
    return Table(title="Slices", columns=columns, rows=rows, words=frozenset({"measure", ""}), note=note)


def _slice(each: Slice) -> tuple[str, ...]:
    said = "worse" if each.worse else "may be chance"
    return f"{each.by} = {each.value}", each.measure, estimate(each.figure), percent(each.whole), said
