"""raise_for_result(): raises the error of a result that `run` must not return; and errors that end an exploration."""

from __future__ import annotations

from typing import Any, Literal

from cascade.errors import BudgetExceeded, DeadlineExceeded, EscalationCapped, ProviderError
from cascade.exchange import Request
from cascade.failure import FailureKind
from cascade.result import Attempt, Result
from cascade.settings import Settings

_ADVICE = {
    "auth": "Check the key; the dearer rungs were not asked, since a wrong key must not cost more.",
    "quota": "Check the account's balance and limits; the dearer rungs were not asked.",
    "not_found": "Check the model's name; the dearer rungs were not asked.",
}


def raise_for_result(
    result: Result[Any], request: Request, settings: Settings, on_cap: Literal["best", "error"] = "best"
) -> None:
    """Raise the error of a result, if it has one; the error carries the result.

    Raises:
        ProviderError: wrong key, spent quota, unknown model, malformed or filtered request.
        DeadlineExceeded, BudgetExceeded: that ran out first (unless `on_deadline`/`on_budget` is `best`).
        EscalationCapped: the escalation cap stopped it, and `on_cap` is `error`.
    """
    final = (result.attempts[-1].failure or result.attempts[-1].verifier_failure) if result.attempts else None
    if final is not None and result.outcome == "failed" and (kind := final.treatment.raises) is not None:
        message = f"{(result.error or '').rstrip('.')}. {_ADVICE.get(final.kind.value, 'No other rung was asked.')}"
        raise kind(message, result=result, evidence={"status": final.status})
    if result.outcome == "deadline" and settings.on_deadline == "raise":
        message = f"The deadline of {request.deadline_s:g} s passed; on_deadline='best' returns the best so far."
        raise DeadlineExceeded(message, result=result)
    if result.outcome == "budget" and settings.on_budget == "raise":
        scope = next((flag.partition(":")[2] for flag in result.flags if flag.startswith("budget:")), "request")
        message = (
            f"A budget does not allow the next call: {result.error or 'a verifier'}. "
            "on_budget='best' returns the best so far."
        )
        raise BudgetExceeded(message, result=result, evidence={"budget": scope})
    scope = next((flag.partition(":")[2] for flag in result.flags if flag.startswith("capped:")), "")
    if scope and on_cap == "error":
        whose = "of all requests" if scope == "global" else f"of the principal {request.principal!r}"
        message = f"The escalation cap {whose} is reached; on_cap='best' returns the best answer so far."
        raise EscalationCapped(message, result=result, evidence={"cap": scope})


def raise_if_fatal(attempts: tuple[Attempt, ...]) -> None:
    """Raise an error that ends an exploration, since further samples would fail too: no budget, wrong key, no quota."""
    for attempt in attempts:
        failure = attempt.failure or attempt.verifier_failure
        if attempt.decision.action == "stop" and failure is None:
            message = f"{attempt.rung}: a verifier's call could have cost more than is left"
            raise BudgetExceeded(message)
        if failure is None:
            continue
        message = f"{attempt.rung}: {failure.kind.value}: {failure.message}"
        if failure.kind is FailureKind.BUDGET:
            raise BudgetExceeded(message)
        if failure.kind in (FailureKind.AUTH, FailureKind.QUOTA, FailureKind.NOT_FOUND):
            raise (failure.treatment.raises or ProviderError)(message)
