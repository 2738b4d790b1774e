"""Trace of a request: a root span, a child span for each call, an event for each verdict on its call's span.

The caller's current span is its parent: the context propagates with the call into the background loop.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cascade.exchange import ModelCall, Request
from cascade.ladder import Ladder
from cascade.redaction import redacted
from cascade.result import Attempt, Result
from cascade.telemetry import names
from cascade.telemetry.spanned import Spanned
from cascade.verdict import Verdict

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from cascade.telemetry.chat import Chat

_PROVIDER = "OTEL_PYTHON_TRACER_PROVIDER"


def begin(request: Request) -> RequestTrace | None:
    """Start a request's trace; None if no SDK records it."""
    # If the API was never imported, no SDK is configured: then skip its import too.
    if "opentelemetry.trace" not in sys.modules and _PROVIDER not in os.environ:
        return None
    from opentelemetry import trace

    tracer = trace.get_tracer(names.SCOPE)
    attributes = {names.OPERATION: names.WORKFLOW, names.WORKFLOW_NAME: names.SCOPE, names.TASK: request.task}
    span = tracer.start_span(f"cascade {request.task}", attributes=attributes)
    if not span.is_recording():
        return None
    return RequestTrace(tracer, span, request)


class RequestTrace(Spanned):
    """Trace of one request; a context manager around it."""

    def __init__(self, tracer: Tracer, span: Span, request: Request) -> None:
        super().__init__(tracer, span)
        self._content = os.environ.get(names.CAPTURE, "").lower() in ("true", "1", "span_only", "span_and_event")
        self._answers: dict[str, Span] = {}
        span.set_attribute(names.KIND, names.CHAIN)
        if request.session is not None:
            span.set_attribute(names.CONVERSATION, request.session)

    def chat(self, call: ModelCall, left_s: Callable[[], float | None] = lambda: None) -> Chat:
        """Start the span of one call.

        Args:
            call: the call.
            left_s: seconds until the request's deadline; None: there is none.
        """
        from cascade.telemetry.chat import Chat

        chat = Chat(self._tracer, call, content=self._content, left_s=left_s)
        if call.verifier is None:
            self._answers[call.rung] = chat.span
        return chat

    def ended(self, result: Result[Any], ladder: Ladder) -> None:
        """Record the result of the request, and every verdict."""
        about: dict[str, Any] = {
            names.OUTCOME: result.outcome,
            names.ESCALATED: result.escalated,
            names.COST: result.cost_usd,
            names.DECISION_ID: result.decision_id,
        }
        known = {names.RUNG: result.rung, names.CONFIDENCE: result.confidence}
        self.span.set_attributes(about | {name: value for name, value in known.items() if value is not None})
        if result.outcome in ("failed", "deadline", "budget"):
            failure = result.attempts[-1].failure if result.attempts else None
            kind = "failed" if failure is None else failure.kind.value
            self.fail(kind if result.outcome == "failed" else result.outcome)
        self.judged(result.attempts, ladder)

    def judged(self, attempts: tuple[Attempt, ...], ladder: Ladder) -> None:
        """Emit an event for every verdict, on the span of the judged call."""
        from opentelemetry import trace
        from opentelemetry._logs import SeverityNumber, get_logger

        logger = get_logger(names.SCOPE)
        marks = {rung.name: {one.name: one.pass_at for one in rung.verifiers} for rung in ladder}
        for attempt in attempts:
            parent = trace.set_span_in_context(self._answers.get(attempt.rung, self.span))
            about: dict[str, Any] = {
                names.RUNG: attempt.rung, names.DECISION: attempt.decision.action,
                names.REASON: attempt.decision.reason,
            }  # fmt: skip
            for verdict in attempt.verdicts:
                mark = marks.get(attempt.rung, {}).get(verdict.name, 0.5)
                logger.emit(
                    timestamp=time.time_ns(),
                    context=parent,
                    severity_number=SeverityNumber.INFO,
                    event_name=names.EVALUATION,
                    attributes=about | _evaluation(verdict, mark, content=self._content),
                )


def _evaluation(verdict: Verdict, mark: float, *, content: bool) -> dict[str, Any]:
    """Map a verdict to the conventions' attributes; its reason, which may quote the answer, only with content."""
    if verdict.veto:
        label, why = "fail", "vetoed"
    elif verdict.score is None:
        label, why = "abstain", "could not tell"
    else:
        label = "pass" if verdict.score >= mark else "fail"
        why = f"{verdict.score:.3g} against a pass mark of {mark:g}"
    about: dict[str, Any] = {names.EVALUATION_NAME: verdict.name, names.EVALUATION_LABEL: label}
    about[names.EVALUATION_WHY] = redacted(verdict.reason) if content and verdict.reason else why
    if verdict.score is not None:
        about[names.EVALUATION_SCORE] = verdict.score
    if verdict.cost_usd:
        about[names.COST] = verdict.cost_usd
    if "verifier_failed" in verdict.flags:
        about[names.ERROR] = "verifier_failed"
    return about
