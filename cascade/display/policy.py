"""Policy sheet: target, promise and measurements of every task and operating point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.display.numbers import count, dollars, duration, percent, span
from cascade.display.sheet import Sheet


def policy_sheet(policy: Any) -> Sheet:
    """Return a policy's sheet."""
    points = {
        name if quality is None else f"{name}, quality {quality}": point
        for name, task in policy.tasks.items()
        for quality, point in ((None, task), *task.dial.items())
    }
    notes = []
    if any(point.measured for point in points.values()):
        notes.append("Intervals are 90 %; accuracy is estimated on held-out labels.")
    if any(point.certified is None for point in points.values()):
        notes.append("Aims are met in expectation; they are not certified.")
    return Sheet(
        title=f"Policy for {' → '.join(policy.ladder.rungs)}",
        facts=(("created", policy.created), ("sha256", policy.sha256[:16])),
        parts=tuple(Sheet(title=name, facts=tuple(_facts(point))) for name, point in points.items()),
        notes=tuple(notes),
    )


def asked(target: Mapping[str, Any]) -> str:
    """Format a target in words."""
    if "max_escalation" in target:
        rest = {key: one for key, one in target.items() if key != "max_escalation"}
        return f"{asked(rest)}, escalating at most {percent(target['max_escalation'])}"
    if "max_added_p95_s" in target:
        rest = {key: one for key, one in target.items() if key != "max_added_p95_s"}
        return f"{asked(rest)}, adding at most {duration(target['max_added_p95_s'])} at p95"
    kind, value = str(target.get("kind", "")), target.get("value")
    if kind == "together":
        return " and ".join(asked(part) for part in value or [])
    if kind == "best":
        return "the best accuracy at the reference's cost"
    if kind == "mean_cost":
        return f"a mean cost of {dollars(value)} per request"
    rates = ", ".join(percent(rate) for rate in value) if isinstance(value, list) else percent(value)
    where = f" in {target['dimension']}" if target.get("dimension") else ""
    return f"{kind.replace('_', ' ')} {rates}{where}"


def _facts(task: Any) -> list[tuple[str, str]]:
    found: Mapping[str, Any] = task.measured
    facts = [("samples", count(task.n))] if task.n else []
    facts += [("asked for", asked(task.target))] if task.target else []
    for point in task.points:
        thresholds = ", ".join(f"{threshold.t:.4g}" for threshold in point.thresholds)
        part = "" if len(task.points) == 1 else f"{percent(point.weight)} of requests: "
        facts.append(("ladder", f"{part}{' → '.join(point.rungs)}" + (f" at {thresholds}" if thresholds else "")))
    if task.certified is not None:
        facts.append(("certified", "yes" if task.certified else f"no: {task.why or 'the safest policy serves'}"))
    if all(point.rungs == (task.reference,) for point in task.points):
        facts.append(("served by the top", "100 %"))
    elif rate := found.get("escalation_rate"):
        facts.append(("escalation rate", span(rate.get("expected"), rate.get("low"), rate.get("high"))))
    if accuracy := found.get("accuracy"):
        right = span(accuracy.get("value"), accuracy.get("low"), accuracy.get("high"))
        facts.append(("accuracy", f"{right}; always {task.reference}: {percent(found.get('accuracy_top'))}"))
    if found.get("cost_usd_per_request") is not None:
        share = percent(found.get("cost_vs_top"))
        facts.append(("a request", f"{dollars(found['cost_usd_per_request'])}, {share} of always-top"))
    return facts
