"""Quality charts: the cost–quality frontier, the threshold sweep, reliability and risk–coverage."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

from cascade.policy.policy import P_RIGHT
from cascade.report.page.drawing import (
    ACCENT,
    INK,
    MUTED,
    SERIES,
    data,
    dollar_axis,
    ends,
    finished,
    line_legend,
    named,
    share_axis,
    tips,
)
from cascade.report.values.curves import Frontier, Place, Reliability, RiskCoverage, Sweep

WIDEST = 4.0
"""Limit of a curve, in multiples of the dearest alternative: a longer curve would compress the rest."""


def draw_frontier(frontier: Frontier) -> dict[str, Any] | None:
    """Draw accuracy over cost: this cascade, each rung alone, other thresholds, a random mix, and the oracle."""
    import altair as alt

    points = [each for each in (frontier.chosen, *frontier.singles) if each is not None]
    if len(points) < 2:
        return None  # one point is told by its table
    rows: list[dict[str, Any]] = [
        {"name": each.name, "usd": each.cost_usd, "chosen": each is frontier.chosen, **ends(each.accuracy)}
        for each in points
    ]
    curves = {"other thresholds": frontier.cascades, "random mix": frontier.random_mix, "oracle": frontier.oracle}
    limit = WIDEST * max(each.cost_usd for each in points)
    lines = [
        {"curve": name, "usd": usd, "value": accuracy, "order": i}
        for name, curve in curves.items()
        for i, (usd, accuracy) in enumerate(_running(curve) if name == "other thresholds" else curve)
        if usd <= limit
    ]
    x = alt.X("usd:Q", **dollar_axis(max(each.cost_usd for each in points), "US dollars per request", grid=False))
    y = alt.Y("value:Q", **share_axis("accuracy"))
    layers: list[Any] = []
    if lines:
        names = [name for name in curves if any(row["curve"] == name for row in lines)]
        colours = {"other thresholds": ACCENT, "random mix": MUTED, "oracle": SERIES[2]}
        dashes = {"other thresholds": [1, 0], "random mix": [2, 3], "oracle": [8, 4]}
        layers.append(
            alt.Chart(data(lines))
            .mark_line(strokeWidth=2)
            .encode(
                x=x,
                y=y,
                order="order:Q",
                color=alt.Color(
                    "curve:N",
                    title=None,
                    legend=line_legend(),
                    scale=alt.Scale(domain=names, range=[colours[n] for n in names]),
                ),
                strokeDash=alt.StrokeDash(
                    "curve:N",
                    title=None,
                    legend=line_legend(),
                    scale=alt.Scale(domain=names, range=[dashes[n] for n in names]),
                ),
            )
        )
    base = alt.Chart(data(rows)).encode(x=x)
    said = tips(("name:N", "what"), ("usd:Q", "US dollars"), value="accuracy", form=".1%")
    fill = alt.condition("datum.chosen", alt.value(ACCENT), alt.value(INK))
    shape = alt.condition("datum.chosen", alt.value("diamond"), alt.value("circle"))
    size = alt.condition("datum.chosen", alt.value(190), alt.value(80))
    layers.append(
        base.mark_rule(strokeWidth=1.5, opacity=0.5, color=INK).encode(y=alt.Y("low:Q", title="accuracy"), y2="high:Q")
    )
    layers.append(base.mark_point(filled=True, opacity=1).encode(y=y, color=fill, shape=shape, size=size, tooltip=said))
    # Labels point to the middle, so that none is clipped; the cascade's is above its mark, the others below.
    middle = (min(each.cost_usd for each in points) + max(each.cost_usd for each in points)) / 2.0
    for is_left, chosen in itertools.product((True, False), (True, False)):
        align: Literal["left", "right"] = "left" if is_left else "right"
        wanted = [row for row in rows if (row["usd"] <= middle) is is_left and row["chosen"] is chosen]
        text = alt.Chart(data(wanted)).mark_text(
            align=align, dx=10 if is_left else -10, dy=-14 if chosen else 14, color=INK, fontSize=12
        )
        layers += [text.encode(x=x, y=y, text="name:N")] if wanted else []
    return finished(layers, height=290)


def draw_sweep(sweep: Sweep) -> dict[str, Any]:
    """Draw escalation rate, accuracy and the error among accepted answers over the threshold."""
    import altair as alt

    rate, accuracy, error = "escalation rate", "accuracy", "error among accepted"
    rows = []
    for each in sweep.settings:
        rows.append({"t": each.threshold, "measure": rate, "value": each.escalation_rate})
        rows.append({"t": each.threshold, "measure": accuracy, **ends(each.accuracy)})
        if each.error_accepted is not None:
            rows.append({"t": each.threshold, "measure": error, "value": each.error_accepted})
    names = [rate, accuracy, error]
    x = alt.X("t:Q", title="threshold", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(grid=False, tickCount=5))
    y = alt.Y("value:Q", **share_axis(None, domain=(0.0, 1.0)))
    colour = alt.Color(
        "measure:N", title=None, legend=line_legend(), scale=alt.Scale(domain=names, range=list(SERIES[:3]))
    )
    base = alt.Chart(data(rows)).encode(x=x)
    said = tips(("measure:N", "what"), ("t:Q", "threshold"), value="value", form=".1%", n=False)
    dash = alt.StrokeDash(
        "measure:N", title=None, legend=line_legend(), scale=alt.Scale(domain=names, range=[[1, 0], [7, 3], [2, 3]])
    )
    layers: list[Any] = [
        base.transform_filter("datum.measure == 'accuracy'").mark_area(opacity=0.15, color=SERIES[1]).encode(
            y=alt.Y("low:Q", title=None), y2="high:Q"
        ),
        base.mark_line(strokeWidth=2).encode(y=y, color=colour, strokeDash=dash),
        base.mark_point(size=60, opacity=0).encode(y=y, tooltip=said),
    ]  # fmt: skip
    if sweep.chosen is not None:
        chosen = alt.Chart(data([{"t": sweep.chosen, "text": f"now {sweep.chosen:.3g}"}]))
        layers.append(chosen.mark_rule(color=INK, strokeWidth=1.5).encode(x="t:Q"))
        high = sweep.chosen > 0.7
        align: Literal["left", "right"] = "right" if high else "left"
        words = chosen.mark_text(align=align, dx=-6 if high else 6, color=INK, fontSize=12)
        layers.append(words.encode(x="t:Q", y=alt.value(10), text="text:N"))
    return finished(layers)


def draw_reliability(rungs: Sequence[Reliability], means: str | None = None) -> dict[str, Any] | None:
    """Draw the reliability diagram: accuracy over confidence; on the diagonal it is calibrated.

    `means`: what confidences are the probability of. Where it is not being right there is no diagonal.
    """
    import altair as alt

    rows = [
        {"rung": rung.rung, "confidence": each.confidence, **ends(each.accuracy)}
        for rung in rungs
        for each in rung.bins
    ]
    if not rows:
        return None
    look = named("rung", [rung.rung for rung in rungs])
    x = alt.X(
        "confidence:Q",
        title="confidence" if means is None else f"confidence, {means}",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(grid=False, tickCount=5),
    )
    y = alt.Y("value:Q", **share_axis("accuracy", domain=(0.0, 1.0)))
    base = alt.Chart(data(rows)).encode(x=x)
    diagonal = alt.Chart(data([{"confidence": 0, "value": 0}, {"confidence": 1, "value": 1}]))
    said = tips(("rung:N", "rung"), ("confidence:Q", "confidence"), value="right", form=".1%")
    return finished(
        [
            *(
                [diagonal.mark_line(color=MUTED, strokeDash=[4, 4], strokeWidth=1.5).encode(x=x, y=y)]
                if means in (None, P_RIGHT)
                else []
            ),
            base.mark_rule(strokeWidth=1.5, opacity=0.4).encode(
                y=alt.Y("low:Q", title="accuracy"), y2="high:Q", color=look["color"]
            ),
            base.mark_point(filled=True, size=60, opacity=1).encode(y=y, tooltip=said, **look),
        ]
    )


def draw_risk_coverage(rungs: Sequence[RiskCoverage]) -> dict[str, Any] | None:
    """Draw selective risk over coverage: the error among the most confident answers."""
    import altair as alt

    rows = [{"rung": rung.rung, "coverage": each.coverage, **ends(each.error)} for rung in rungs for each in rung.kept]
    if not rows:
        return None
    colour = named("rung", [rung.rung for rung in rungs])["color"].legend(line_legend())
    dashes = [[1, 0], [7, 3], [2, 3], [8, 3, 2, 3]]
    domain = [rung.rung for rung in rungs]
    dash = alt.StrokeDash(
        "rung:N",
        title=None,
        legend=line_legend(),
        scale=alt.Scale(domain=domain, range=[dashes[i % 4] for i in range(len(domain))]),
    )
    axis = share_axis("coverage", domain=(0.0, 1.0))
    axis["axis"] = alt.Axis(format=".0%", tickCount=5, grid=False)
    base = alt.Chart(data(rows)).encode(x=alt.X("coverage:Q", **axis))
    y = alt.Y("value:Q", title="error among them", axis=alt.Axis(format=".0%", tickCount=5))
    said = tips(("rung:N", "rung"), ("coverage:Q", "kept"), value="wrong", form=".1%")
    return finished(
        [
            base.mark_area(opacity=0.12).encode(y=alt.Y("low:Q", title="error among them"), y2="high:Q", color=colour),
            base.mark_line(strokeWidth=2).encode(y=y, color=colour, strokeDash=dash),
            base.mark_point(size=60, opacity=0).encode(y=y, tooltip=said),
        ]
    )


def _running(curve: Sequence[Place]) -> list[Place]:
    """Return the curve sorted by cost: a sweep is sorted by threshold."""
    return sorted(curve)
