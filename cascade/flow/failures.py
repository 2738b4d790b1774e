"""Failures in the flow: which responses count as failures, and the decision after a rung's failure."""

from __future__ import annotations

from cascade.exchange import Response
from cascade.failure import CallFailure, FailureKind
from cascade.finish_reason import filtered
from cascade.policy.operating_point import Decision


def unusable(reply: Response, on_other_model: str) -> CallFailure | None:
    """Turn an unusable response into a CallFailure; its cost is kept. None if usable."""
    if filtered(reply):
        kind = FailureKind.CONTENT_FILTER
        message = f"The provider's content filter stopped the answer (finish_reason {reply.finish_reason})."
    elif on_other_model == "raise" and "other_model" in reply.flags:
        kind = FailureKind.MISBEHAVED
        message = f"The provider reports that {reply.model_reported} answered, which is not the model asked for."
    else:
        return None
    return CallFailure(
        kind=kind,
        message=message,
        status=reply.status,
        charged=True,
        usage=reply.usage,
        cost_usd=reply.cost_usd or 0.0,
        latency_s=reply.latency_s,
        tries=reply.tries,
        endpoint=reply.endpoint,
    )


def after_failure(failure: CallFailure, on_content_filter: str) -> Decision:
    """Return the decision after a rung's failure."""
    then = failure.treatment.then
    if failure.kind is FailureKind.CONTENT_FILTER and on_content_filter == "escalate":
        then = "fail_over"
    if then != "fail_over":
        return Decision(action="stop", reason=failure.kind.value)
    unsuited = failure.kind in (FailureKind.CONTEXT, FailureKind.CONTENT_FILTER)
    return Decision(action="fail_over", reason=failure.kind.value if unsuited else "availability")
