"""Result line: serialises a Result as JSON, for `cascade run --json` and the output of a bulk run."""

from __future__ import annotations

import math
from typing import Any

from pydantic_core import to_jsonable_python

from cascade.result import Attempt, Result


def result_line(result: Result[Any]) -> dict[str, Any]:
    """Serialise a result as JSON: names and numbers, the answer, every attempt with its verdicts."""
    return {
        "id": result.request_id,
        "task": result.task,
        "outcome": result.outcome,
        "answer": result.answer,
        "parsed": to_jsonable_python(result.parsed, inf_nan_mode="null"),
        "tool_calls": [dict(call) for call in result.tool_calls],
        "rung": result.rung,
        "model": result.model,
        "confidence": result.confidence,
        "calibrated": result.calibrated,
        "cost_usd": result.cost_usd,
        "answers_usd": result.answers_usd,
        "verifiers_usd": result.verifiers_usd,
        "saved_usd": result.saved_usd,
        "saved_how": result.saved_how,
        "latency_s": round(result.latency_s, 6),
        "usage": {"input_tokens": result.usage.input_tokens, "output_tokens": result.usage.output_tokens},
        "error": result.error,
        "flags": list(result.flags),
        "tags": dict(result.tags),
        "policy_sha256": result.policy_sha256,
        "decision_id": result.decision_id,
        "attempts": [_attempt(attempt) for attempt in result.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    decision, failure = attempt.decision, attempt.failure
    threshold = decision.threshold
    return {
        "rung": attempt.rung,
        "model": attempt.model,
        "endpoint": attempt.endpoint or None,
        "action": decision.action,
        "reason": decision.reason,
        "confidence": decision.confidence,
        "threshold": None if threshold is None else {"t": threshold.t, "g": threshold.g},
        "cost_usd": attempt.answer_usd + attempt.verifiers_usd,
        "latency_s": round(attempt.latency_s, 6),
        "failure": None if failure is None else {"kind": failure.kind.value, "message": failure.message},
        "verdicts": [
            {
                "name": verdict.name,
                "score": verdict.score,
                "veto": verdict.veto,
                "reason": verdict.reason,
                "signals": {name: _finite(value) for name, value in verdict.signals.items()},
                "cost_usd": verdict.cost_usd,
            }
            for verdict in attempt.verdicts
        ],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
