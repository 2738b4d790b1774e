"""Sample panels: the figures shared by the pages of calibrate, replay and check."""

from __future__ import annotations

from collections.abc import Iterator

from calibration.assess.worth import VerifierWorth
from calibration.pages.figures import Pictures, coverage_of, frontier_of, reliability_of, sweep_of
from cascade.policy.policy import P_RIGHT
from cascade.report.page import advice
from cascade.report.page.document import Panel
from cascade.report.page.drawing import can_draw
from cascade.report.page.line_charts import draw_verifiers
from cascade.report.page.quality_charts import draw_frontier, draw_reliability, draw_risk_coverage, draw_sweep
from cascade.report.tables.curve_table import coverage_table, frontier_table, reliability_table, sweep_table
from cascade.report.values.curves import Alternative
from cascade.report.values.figure import NO_FIGURE, Figure
from cascade.report.values.format_numbers import NOTHING, count, dollars, percent
from cascade.report.values.parts import VerifierReport
from cascade.report.values.rows import Table

UNSEEN = "Samples of this task lack labels of right and wrong answers on its rungs, so quality cannot be drawn."
OUT_OF_FOLD = "Confidences are out of fold: no answer is ranked by a combiner that saw its label."


def sample_panels(
    seen: Pictures | None, prefix: str, reference: str, chosen: Alternative | None, threshold: float | None
) -> Iterator[Panel]:
    """Yield the panels of one task's samples: frontier, sweep, reliability, risk–coverage and verifiers.

    Args:
        seen: the diagnostics; None: labels are missing.
        prefix: of the anchors.
        reference: the task's reference.
        chosen: the policy's cost and accuracy.
        threshold: the first rung's threshold in it.
    """
    if seen is None:
        yield Panel(id=f"{prefix}-frontier", title="Cost and quality", missing=UNSEEN)
        return
    draw = can_draw()
    frontier, sweep = frontier_of(seen.diagnosis, chosen), sweep_of(seen.diagnosis, reference, threshold)
    if frontier is not None:
        best = max((accuracy for _, accuracy in frontier.oracle), default=0.0)
        yield Panel(
            id=f"{prefix}-frontier",
            title="Cost and quality",
            text="Up and to the left is better. The diamond is this policy, discs are single rungs, vertical bars are "
            f"intervals. n = {count(frontier.n)} samples labelled on every rung: other thresholds (solid), mixing "
            "rungs at random (dotted), the oracle, which knows the labels (dashed).",
            chart=draw_frontier(frontier) if draw else None,
            tables=(frontier_table(frontier),),
            advice=f"The oracle reaches {percent(best)}; the gap to the solid line is what better "
            "verifiers could gain. Below the dotted line a cascade is worse than a random mix.",
        )
    if sweep is not None:
        yield Panel(
            id=f"{prefix}-sweep",
            title="Other thresholds",
            text=f"What each threshold of {sweep.rung} gives if the rest goes straight to {reference}; "
            f"n = {count(sweep.n)}, shaded: the accuracy's interval, point by point. {OUT_OF_FOLD}",
            chart=draw_sweep(sweep) if draw else None,
            tables=(sweep_table(sweep),),
            advice="Choose by a target (calibrate corrects for optimism), not by eye.",
            do=False,
        )
    reliability, coverage = reliability_of(seen.diagnosis), coverage_of(seen.diagnosis)
    n = ", ".join(f"{rung.rung} n = {count(rung.n)}" for rung in reliability)
    yield Panel(
        id=f"{prefix}-reliability",
        title="Reliability of confidences",
        text="Bins of equal count: of answers with a confidence, P(right), of 0.8, eight in ten should be right "
        "(dotted line). "
        f"{n}.",
        chart=draw_reliability(reliability, P_RIGHT) if draw else None,
        tables=(reliability_table(reliability, P_RIGHT),),
        **advice.on_reliability(reliability, P_RIGHT)._asdict(),
    )
    yield Panel(
        id=f"{prefix}-risk",
        title="Risk and coverage",
        text=f"The error among the most confident answers, over the share accepted; shaded: intervals. {n}.",
        chart=draw_risk_coverage(coverage) if draw else None,
        tables=(coverage_table(coverage),),
        **advice.on_coverage(coverage)._asdict(),
    )
    if seen.worth:
        yield _verifiers(seen.worth, prefix, draw=draw)


def _verifiers(worth: tuple[VerifierWorth, ...], prefix: str, *, draw: bool) -> Panel:
    drawn = [_as_report(one) for one in worth]
    rows = tuple(
        (
            one.rung, one.verifier, one.standing, count(one.n),
            NOTHING if one.auroc is None else f"{one.auroc.value:.2f}",
            NOTHING if one.auroc_added is None else f"{one.auroc_added.value:+.3f}",
            dollars(one.cost_usd_per_request),
            NOTHING if one.saves_usd_per_request is None else dollars(one.saves_usd_per_request.value),
        )
        for one in worth
    )  # fmt: skip
    columns = ("rung", "verifier", "standing", "n", "AUROC", "added", "costs", "saves")
    sentences = [one.sentence() for one in worth if one.cost_usd_per_request or one.standing in {"chance", "reversed"}]
    return Panel(
        id=f"{prefix}-verifiers",
        title="Worth of verifiers",
        text="AUROC alone, with intervals; the dashed line is chance. Added is what all others lose without it.",
        chart=draw_verifiers(drawn) if draw else None,
        tables=(Table(title="Verifiers", columns=columns, rows=rows, words=frozenset({"verifier", "standing"})),),
        do=bool(sentences),
        advice=" ".join(sentences) or "All of them are free or separate right from wrong; keep them.",
    )


def _as_report(one: VerifierWorth) -> VerifierReport:
    area = NO_FIGURE
    if one.auroc is not None:
        area = Figure(value=one.auroc.value, low=one.auroc.low, high=one.auroc.high, n=one.n)
    return VerifierReport(rung=one.rung, verifier=one.verifier, n=one.n, auroc=area)
