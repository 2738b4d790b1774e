"""Time charts: escalation rate against its target, and cost."""

from __future__ import annotations

from typing import Any

from cascade.report.page.drawing import (
    ACCENT,
    BAND,
    MUTED,
    SERIES,
    data,
    dollar_axis,
    ends,
    finished,
    named,
    share_axis,
    tips,
)
from cascade.report.values.content import ByTime, TaskReport

MOST_STEPS = 400
"""Maximum number of days or hours drawn, the latest; JSON has all."""

FINE, MISSED = "in the promised band within chance", "left the promised band significantly"


def draw_escalation(task: TaskReport, by_time: ByTime) -> dict[str, Any] | None:
    """Draw the rate of every day or hour with its interval, the target and the band from the samples."""
    import altair as alt

    rows = [
        {"at": step.at, "target": step.target, "state": MISSED if step.alarm else FINE, **ends(step.escalation_rate)}
        for step in task.series[-MOST_STEPS:]
        if step.escalation_rate.value is not None
    ]
    if not rows:
        return None
    aimed = any(row["target"] is not None for row in rows)
    base = alt.Chart(data(rows)).encode(
        x=alt.X("at:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(grid=False, tickCount=6))
    )
    y = alt.Y("value:Q", **share_axis("escalation rate"))
    look = named("state", (FINE, MISSED), (ACCENT, "var(--alarm)"))
    if not any(row["state"] == MISSED for row in rows):
        look = {"color": alt.value(ACCENT), "shape": alt.value("circle")}
    form = "%Y-%m-%d" if by_time == "day" else "%Y-%m-%d %H:%M"
    said = [
        alt.Tooltip("at:T", title="UTC", format=form, formatType="utc"),
        *tips(value="escalated", form=".1%"),
        *([alt.Tooltip("target:Q", title="target", format=".1%")] if aimed else []),
    ]
    layers: list[Any] = []
    use = task.policies[0] if task.policies else None
    if use is not None and use.low is not None and use.high is not None:
        band = alt.Chart(data([{"low": use.low, "high": use.high}]))
        layers.append(band.mark_rect(color=BAND).encode(y=alt.Y("low:Q", title="escalation rate"), y2="high:Q"))
    layers.append(
        base.mark_rule(strokeWidth=1.5, opacity=0.35).encode(
            y=alt.Y("low:Q", title="escalation rate"), y2="high:Q", color=look["color"]
        )
    )
    if aimed:
        line = base.mark_line(interpolate="step-after", strokeDash=[6, 4], color=MUTED, strokeWidth=1.5)
        layers.append(line.encode(y=alt.Y("target:Q", title="escalation rate")))
    layers.append(base.mark_point(filled=True, size=46, opacity=1).encode(y=y, tooltip=said, **look))
    if use is not None and use.alarm_at is not None:
        alarm = alt.Chart(data([{"at": use.alarm_at, "text": "alarm"}])).encode(x="at:T")
        layers.append(alarm.mark_rule(color="var(--alarm)", strokeWidth=1.5))
        words = alarm.mark_text(align="right", dx=-6, color="var(--alarm)", fontSize=12)
        layers.append(words.encode(y=alt.value(10), text="text:N"))
    return finished(layers)


def draw_spending(task: TaskReport, by_time: ByTime) -> dict[str, Any] | None:
    """Draw the cost of every day or hour, answers and verifiers stacked."""
    import altair as alt

    rows = [
        {"at": step.at, "what": what, "usd": usd}
        for step in task.series[-MOST_STEPS:]
        for what, usd in (("answers", step.cost_usd - step.verifiers_usd), ("verifiers", step.verifiers_usd))
    ]
    if not rows or not any(row["usd"] for row in rows):
        return None
    unit: Any = "utcyearmonthdate" if by_time == "day" else "utcyearmonthdatehours"
    form = "%b %d" if by_time == "day" else "%b %d %H:%M"
    kinds = ["answers", "verifiers"] if task.verifiers_usd else ["answers"]
    bars = (
        alt.Chart(data(row for row in rows if row["what"] in kinds))
        .mark_bar()
        .encode(
            x=alt.X("at:T", title=None, timeUnit=unit, axis=alt.Axis(grid=False, tickCount=6, format=form)),
            y=alt.Y("usd:Q", stack="zero", **dollar_axis(max(step.cost_usd for step in task.series))),
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=kinds, range=list(SERIES[: len(kinds)])))
            if len(kinds) > 1
            else alt.value(ACCENT),
            tooltip=[
                alt.Tooltip("at:T", title="UTC", format="%Y-%m-%d %H:%M", formatType="utc"),
                alt.Tooltip("what:N", title="what"),
                alt.Tooltip("usd:Q", title="US dollars", format="$,.4~f"),
            ],
        )
    )
    return finished([bars], height=180)
