"""Cost tables: months, cost by model or tag, slices."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.report.values.content import TaskReport
from cascade.report.values.figure import Figure
from cascade.report.values.format_numbers import NOTHING, count, dollars, estimate, percent
from cascade.report.values.parts import Month, Slice, Spending
from cascade.report.values.rows import Table

LAST_MONTHS = 12
"""Maximum number of months shown; JSON has all."""


def month_table(task: TaskReport) -> Table:
    """Return the net saving of each month."""
    shown = task.months[-LAST_MONTHS:]
    rows = tuple(
        (
            month.at, count(month.n), dollars(month.top_usd), dollars(month.cost_usd), dollars(month.verifiers_usd),
            dollars(month.fruitless_usd), f"{count(month.labels)}, {dollars(month.labels_usd)}", money(month.net_usd),
        )
        for month in shown
    )  # fmt: skip
    columns = ("month", "requests", "always-top", "cost", "verifiers", "no answer", "labels", "saved, net")
    idle = frozenset({"verifiers", "no answer"})
    return Table(title="Saved by month", columns=columns, rows=rows, note=net_note(shown), idle=idle)


def net_note(months: Sequence[Month]) -> str:
    """Describe the deductions in monthly savings."""
    unknown = sum(month.n - month.net_usd.n for month in months)
    labels = sum(month.labels for month in months)
    parts = ["Net of verifiers and judges, and of requests that ended without an answer."]
    if labels and not any(month.labels_usd for month in months):
        parts.append("Labels are only counted; --label-cost subtracts their cost.")
    maybe = sum(month.maybe_charged_usd for month in months)
    if maybe:
        expected = sum(month.maybe_charged_estimate_usd for month in months)
        parts.append(
            f"Tries without an answer may have cost up to {dollars(maybe)} more (estimate: {dollars(expected)}); their "
            "cost is unknown."
        )
    if unknown:
        parts.append(f"For {count(unknown)} requests the cost of always-top is unknown; they count as no saving.")
    return " ".join(parts)


def money(figure: Figure) -> str:
    """Format dollars with their interval."""
    if figure.value is None or figure.low is None or figure.high is None:
        return NOTHING
    return f"{dollars(figure.value)} ({dollars(figure.low)} to {dollars(figure.high)})"


def spending_table(lines: Sequence[Spending], by: str, *, title: str | None = None) -> Table:
    """Return the cost of the models, the verifiers or the values of one tag."""
    mine = [each for each in lines if each.by == by]
    rows = tuple((each.name, count(each.n), dollars(each.usd), percent(each.share)) for each in mine)
    counted = "calls" if by in ("model", "verifier") else "requests"
    return Table(title=title or f"By {by}", columns=(by, counted, "cost", "of all"), rows=rows)


def slice_table(task: TaskReport) -> Table:
    """Return the worst slices, with joint confidence intervals."""
    rows = tuple(_slice(each) for each in task.slices)
    note = f"The intervals of all {count(task.slices_n)} slices hold jointly (exact, Bonferroni)."
    columns = ("slice", "measure", "value", "all requests", "")
    return Table(title="Slices", columns=columns, rows=rows, words=frozenset({"measure", ""}), note=note)


def _slice(each: Slice) -> tuple[str, ...]:
    said = "worse" if each.worse else "within chance"
    return f"{each.by} = {each.value}", each.measure, estimate(each.figure), percent(each.whole), said
