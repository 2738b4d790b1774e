"""Result sheet: outcome, answer, and every attempt with its verdicts."""

from __future__ import annotations

from typing import Any

from cascade.display.numbers import NOTHING, count, dollars, duration
from cascade.display.sheet import Grid, Sheet


def result_sheet(result: Any) -> Sheet:
    """Return a result's sheet."""
    facts = [
        ("answer", result.answer if result.answer is not None else NOTHING),
        ("from", f"{result.rung} ({result.model})" if result.rung else NOTHING),
        ("cost", dollars(result.cost_usd)),
    ]
    facts += [("tool calls", count(len(result.tool_calls)))] if result.tool_calls else []
    if result.saved_usd is not None:
        facts.append(("saved", f"{dollars(result.saved_usd)} against always asking the top ({result.saved_how})"))
    facts.append(("time", duration(result.latency_s)))
    if result.skipped:
        facts.append(("not asked", ", ".join(f"{rung} (lacks {lack})" for rung, lack in result.skipped.items())))
    facts += [("error", result.error)] if result.error else []
    facts += [("flags", ", ".join(result.flags))] if result.flags else []
    rows = tuple(
        (
            attempt.rung,
            _said(attempt),
            "; ".join(map(_thought, attempt.verdicts)) or NOTHING,
            NOTHING if attempt.confidence is None else f"{attempt.confidence:.3f}",
            f"{attempt.decision.action}: {attempt.decision.reason}",
            dollars(attempt.answer_usd + attempt.verifiers_usd),
        )
        for attempt in result.attempts
    )
    columns = ("rung", "answer", "verdicts", "confidence", "decision", "cost")
    return Sheet(
        title=f"{result.outcome}, task {result.task}",
        facts=tuple(facts),
        parts=(Grid(columns=columns, rows=rows),) if rows else (),
    )


def _said(attempt: Any) -> str:
    if attempt.failure is not None:
        return f"{attempt.failure.kind.value}: {attempt.failure.message}"
    text: str = attempt.response.text
    return text if len(text) <= 200 else f"{text[:199]}…"


def _thought(verdict: Any) -> str:
    said = "veto" if verdict.veto else "abstains" if verdict.score is None else f"{verdict.score:.2f}"
    return f"{verdict.name} {said}"
