"""Row charts: verifiers, latencies, cost, reasons, slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cascade.report.page.drawing import ACCENT, ALARM, MUTED, data, dollar_axis, ends, finished, named, rising, tips
from cascade.report.values.figure import Quantiles
from cascade.report.values.parts import Slice, Spending, VerifierReport


def draw_verifiers(verifiers: Sequence[VerifierReport]) -> dict[str, Any] | None:
    """Draw each verifier's AUROC with its interval; the rule is chance."""
    import altair as alt

    rows = [
        {"name": f"{each.verifier} on {each.rung}", **ends(each.auroc)}
        for each in verifiers
        if each.auroc.value is not None
    ]
    if not rows:
        return None
    x = alt.X("value:Q", title="AUROC", scale=alt.Scale(domain=[0, 1], clamp=True), axis=alt.Axis(tickCount=5))
    base = alt.Chart(data(rows)).encode(y=alt.Y("name:N", title=None, sort=None))
    chance = alt.Chart(data([{"value": 0.5}]))
    said = tips(("name:N", "verifier"), value="AUROC", form=".2f")
    return finished(
        [
            chance.mark_rule(color=MUTED, strokeDash=[4, 4]).encode(x="value:Q"),
            base.mark_rule(color=ACCENT, strokeWidth=3, opacity=0.45).encode(
                x=alt.X("low:Q", title="AUROC"), x2="high:Q"
            ),
            base.mark_point(filled=True, size=80, color=ACCENT, opacity=1).encode(x=x, tooltip=said),
        ],
        height=rising(len(rows)),
    )


def draw_latency(latencies: Mapping[str, Quantiles]) -> dict[str, Any] | None:
    """Draw median, 95 % and 99 % quantile of every duration, with their intervals."""
    import altair as alt

    rows = []
    for name, spread in latencies.items():
        for quantile, value, between in (
            ("p50", spread.p50, spread.p50_interval), ("p95", spread.p95, spread.p95_interval),
            ("p99", spread.p99, spread.p99_interval),
        ):  # fmt: skip
            if value:
                low, high = between or (value, value)
                rows.append(
                    {"name": name, "quantile": quantile, "value": value, "low": low, "high": high, "n": spread.n}
                )
    if not rows:
        return None
    look = named("quantile", ("p50", "p95", "p99"))
    x = alt.X(
        "value:Q", title="seconds", scale=alt.Scale(type="log", nice=True), axis=alt.Axis(format="~g", tickCount=5)
    )
    base = alt.Chart(data(rows)).encode(y=alt.Y("name:N", title=None, sort=None))
    said = tips(("name:N", "of"), ("quantile:N", "quantile"), value="seconds", form=".3~g")
    return finished(
        [
            base.mark_rule(strokeWidth=3, opacity=0.45).encode(
                x=alt.X("low:Q", title="seconds"), x2="high:Q", color=look["color"]
            ),
            base.mark_point(filled=True, size=80, opacity=1).encode(x=x, tooltip=said, **look),
        ],
        height=rising(len(latencies)),
    )


def draw_money(lines: Sequence[Spending]) -> dict[str, Any] | None:
    """Draw the cost of each model and verifier."""
    import altair as alt

    rows = [{"name": each.name, "by": each.by, "usd": each.usd, "n": each.n} for each in lines if each.usd]
    if not rows:
        return None
    kinds = list(dict.fromkeys(each.by for each in lines if each.usd))
    bars = (
        alt.Chart(data(rows))
        .mark_bar(size=16)
        .encode(
            y=alt.Y("name:N", title=None, sort=None),
            x=alt.X("usd:Q", **dollar_axis(max(each.usd for each in lines))),
            color=named("by", kinds)["color"] if len(kinds) > 1 else alt.value(ACCENT),
            tooltip=[
                alt.Tooltip("name:N", title="what"),
                alt.Tooltip("usd:Q", title="US dollars", format="$,.4~f"),
                alt.Tooltip("n:Q", title="calls", format=","),
            ],
        )
    )
    return finished([bars], height=rising(len(rows), each=30))


def draw_reasons(reasons: Mapping[str, int], most: int = 12) -> dict[str, Any] | None:
    """Draw the escalation reasons."""
    import altair as alt

    rows = [{"name": reason, "n": n} for reason, n in list(reasons.items())[:most]]
    if not rows:
        return None
    bars = (
        alt.Chart(data(rows))
        .mark_bar(size=16, color=ACCENT)
        .encode(
            y=alt.Y("name:N", title=None, sort=None),
            x=alt.X("n:Q", title="answers", axis=alt.Axis(format="~s", tickCount=5)),
            tooltip=[alt.Tooltip("name:N", title="reason"), alt.Tooltip("n:Q", title="answers", format=",")],
        )
    )
    return finished([bars], height=rising(len(rows), each=30))


def draw_slices(slices: Sequence[Slice]) -> dict[str, Any] | None:
    """Draw the slices of one measure with their joint intervals; the rule is all requests together."""
    import altair as alt

    rows = [
        {
            "name": f"{each.by} = {each.value}",
            "state": "significantly worse" if each.worse else "within chance",
            **ends(each.figure),
        }
        for each in slices
    ]
    if not rows:
        return None
    look = named("state", ("within chance", "significantly worse"), (ACCENT, ALARM))
    axis = alt.Axis(format=".0%", tickCount=5)
    base = alt.Chart(data(rows)).encode(y=alt.Y("name:N", title=None, sort=None))
    whole = alt.Chart(data([{"whole": slices[0].whole}]))
    measure = slices[0].measure
    said = tips(("name:N", "slice"), value=measure, form=".1%")
    return finished(
        [
            whole.mark_rule(color=MUTED, strokeDash=[4, 4]).encode(x=alt.X("whole:Q", title=measure, axis=axis)),
            base.mark_rule(strokeWidth=3, opacity=0.45).encode(
                x=alt.X("low:Q", title=measure, axis=axis), x2="high:Q", color=look["color"]
            ),
            base.mark_point(filled=True, size=80, opacity=1).encode(
                x=alt.X("value:Q", axis=axis), tooltip=said, **look
            ),
        ],
        height=rising(len(rows)),
    )
