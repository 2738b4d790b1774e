"""Curve tables: the quality charts as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cascade.policy.policy import P_RIGHT
from cascade.report.values.curves import Frontier, Reliability, RiskCoverage, Sweep
from cascade.report.values.figure import Quantiles
from cascade.report.values.format_numbers import NOTHING, count, dollars, duration, estimate, interval, percent
from cascade.report.values.rows import Table

MOST_POINTS = 21
"""Maximum number of rows of a curve; JSON has all."""


def frontier_table(frontier: Frontier) -> Table:
    """Return the alternatives: this cascade and each rung alone."""
    points = [each for each in (frontier.chosen, *frontier.singles) if each is not None]
    rows = [(each.name, dollars(each.cost_usd), estimate(each.accuracy)) for each in points]
    for name, curve in (("random mix, at most", frontier.random_mix), ("oracle, at most", frontier.oracle)):
        if curve:
            cost, accuracy = max(curve, key=lambda place: place[1])
            rows.append((name, dollars(cost), f"{percent(accuracy)} (n = {count(frontier.n)})"))
    columns = ("alternative", "per request", "accuracy")
    return Table(title="Cost against quality", columns=columns, rows=tuple(rows))


def sweep_table(sweep: Sweep) -> Table:
    """Return a selection of thresholds with their results."""
    step = max(1, -(-len(sweep.settings) // MOST_POINTS))
    rows = tuple(
        (
            f"{each.threshold:.3f}", percent(each.escalation_rate), interval(each.accuracy),
            percent(each.error_accepted), dollars(each.cost_usd),
        )
        for each in (*sweep.settings[:-1:step], sweep.settings[-1])
    )  # fmt: skip
    columns = ("threshold", "escalated", "accuracy", "error among accepted", "per request")
    return Table(title="Thresholds", columns=columns, rows=rows, note=f"n = {count(sweep.n)} requests.")


def reliability_table(rungs: Sequence[Reliability], means: str | None = None) -> Table:
    """Return the bins of every rung; `means`: what confidences are the probability of, None where not known."""
    rows = tuple((rung.rung, f"{each.confidence:.3f}", estimate(each.accuracy)) for rung in rungs for each in rung.bins)
    errors = ", ".join(f"{rung.rung} {rung.ece:.3f}" for rung in rungs if rung.ece is not None)
    note = f"Expected calibration error: {errors}." if errors else ""
    if means not in (None, P_RIGHT):
        note = f"Confidence is {means}, so that answers may be right less often than it says, or more often."
    confidence = "confidence" if means is None else f"confidence, {means}"
    return Table(title="Reliability", columns=("rung", confidence, "right"), rows=rows, note=note)


def coverage_table(rungs: Sequence[RiskCoverage]) -> Table:
    """Return a selection of coverages with their selective risk."""
    rows = []
    for rung in rungs:
        step = max(1, -(-len(rung.kept) // MOST_POINTS))
        rows += [
            (rung.rung, percent(each.coverage), estimate(each.error)) for each in (*rung.kept[:-1:step], rung.kept[-1])
        ]
    return Table(title="Risk and coverage", columns=("rung", "coverage", "error among them"), rows=tuple(rows))


def latency_table(latencies: Mapping[str, Quantiles]) -> Table:
    """Return quantiles with their intervals."""
    rows = tuple(
        (
            name, count(spread.n), _between(spread.p50, spread.p50_interval), _between(spread.p95, spread.p95_interval),
            _between(spread.p99, spread.p99_interval),
        )
        for name, spread in latencies.items()
        if spread.n
    )  # fmt: skip
    return Table(title="Latency", columns=("of", "n", "p50", "p95", "p99"), rows=rows)


def _between(value: float | None, ends: tuple[float, float] | None) -> str:
    if value is None or ends is None:
        return duration(value) if value is not None else NOTHING
    return f"{duration(value)} ({duration(ends[0])} to {duration(ends[1])})"
