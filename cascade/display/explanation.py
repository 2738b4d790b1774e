"""Explanation sheet: a decision's facts, then each attempt with its verdicts and what they added in log-odds."""

from __future__ import annotations

from typing import Any

from cascade.display.numbers import NOTHING, dollars, percent
from cascade.display.sheet import Grid, Sheet


def explanation_sheet(found: Any) -> Sheet:
    """Return an explanation's sheet."""
    facts = [
        ("answer", f"{found.rung} ({found.model})" if found.rung else NOTHING),
        ("decision", found.decision_id or NOTHING),
        ("request", found.request_id),
        ("cost", dollars(found.cost_usd)),
    ]
    facts += [("saved", dollars(found.saved_usd))] if found.saved_usd is not None else []
    facts += [("quality", found.quality)] if found.quality is not None else []
    facts.append(("mode", found.mode if found.propensity == 1.0 else f"{found.mode} ({percent(found.propensity)})"))
    facts.append(("policy", "none: pass marks" if found.policy_sha256 is None else found.policy_sha256))
    parts = [_attempt(number, one, found.confidence_means) for number, one in enumerate(found.attempts, start=1)]
    if found.observed is not None:
        seen = explanation_sheet(found.observed)
        parts.append(Sheet(title=f"the cascade would have: {seen.title}", facts=seen.facts, parts=seen.parts))
    return Sheet(title=f"{found.outcome}, task {found.task}", facts=tuple(facts), parts=tuple(parts), notes=found.notes)


def _attempt(number: int, one: Any, means: str | None) -> Sheet:
    facts = [("why", one.why)]
    facts += [("what if", one.would)] if one.would else []
    if one.confidence is not None:
        facts.append(("confidence", f"{one.confidence:.9g}" + (f", {means}" if means else "")))
    if one.threshold is not None:
        draw = "" if one.u is None else f", u {one.u:.4f}"
        facts.append(("threshold", f"t {one.threshold.t:.9g}, g {one.threshold.g:.4g}{draw}"))
    facts.append(("cost", f"{dollars(one.answer_usd)} answer, {dollars(one.verifiers_usd)} verifiers"))
    if one.next_rung is not None or one.next_usd is not None:
        facts.append(("next rung", f"{one.next_rung or NOTHING}, {dollars(one.next_usd)}"))
    rows = tuple(_rows(one))
    columns = ("signal", "value", "log-odds", "reason")
    grids = (Grid(columns=columns, rows=rows),) if rows else ()
    return Sheet(title=f"{number}. {one.rung} ({one.model}): {one.action}", facts=tuple(facts), parts=grids)


def _rows(one: Any) -> list[tuple[str, str, str, str]]:
    rows, seen = [], set()
    for verdict in one.verdicts:
        said = "veto" if verdict.veto else "abstains" if verdict.score is None else f"{verdict.score:.4g}"
        rows.append((verdict.verifier, said, _odds(one.contributions.get(verdict.verifier)), verdict.reason))
        seen.add(verdict.verifier)
        for name, value in verdict.signals.items():
            whole = f"{verdict.verifier}.{name}"
            seen.add(whole)
            rows.append((whole, _value(value), _odds(one.contributions.get(whole)), ""))
    for name, odds in one.contributions.items():
        if name not in seen:
            rows.append((name, _value((one.features or {}).get(name)), _odds(odds), ""))
    if one.contributions and one.intercept is not None:
        rows.append(("intercept", "", _odds(one.intercept), ""))
    return rows


def _value(value: float | None) -> str:
    return "missing" if value is None else f"{value:.4g}"


def _odds(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f}"
