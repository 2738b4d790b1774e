"""Answer: what a result says to a client, whatever dialect it is written in; a result without one is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cascade.dialects.inbound.inbound import Inbound
from cascade.dialects.inbound.structured import call_of
from cascade.errors import BudgetExceeded, DeadlineExceeded, ProviderError
from cascade.exchange import EMPTY, TokenLogProb
from cascade.finish_reason import CUT_OFF, FILTERED
from cascade.result import Attempt, Result
from cascade.usage import Usage

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]

ABSTAINED = "No answer was accepted; the request is one for a person."
"""Refusal of a result that abstained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a result says to a client."""

    text: str
    """The answer's text; '' beside a tool call."""

    tool_calls: tuple[Mapping[str, Any], ...]
    """Calls that the client is to answer, in OpenAI's form."""

    refusal: str | None
    """The refusal, the model's own or that the cascade abstained."""

    finish_reason: FinishReason
    """Why it ended."""

    logprobs: tuple[TokenLogProb, ...] | None
    """Its tokens with their log-probabilities, where the client asked for them."""

    usage: Usage
    """Tokens of the call that gave the answer, not of all: clients tell by it how full the model's window is."""

    model: str
    """The model that answered, as its provider calls it."""

    message: Mapping[str, Any]
    """The provider's message: thinking, citations, signatures."""


def answer_of(result: Result[Any], inbound: Inbound) -> Answer:
    """Return what a result says.

    Raises:
        DeadlineExceeded, BudgetExceeded, ProviderError: it holds no answer; the error carries it.
    """
    attempt = answered(result)
    response = None if attempt is None else attempt.response
    if result.outcome == "abstained":
        usage = Usage() if response is None else response.usage
        return Answer(
            text="", tool_calls=(), refusal=ABSTAINED, finish_reason="stop", logprobs=None, usage=usage,
            model=_name(result.model or "cascade"), message=EMPTY,
        )  # fmt: skip
    if result.answer is None and not result.tool_calls:
        raise _without_answer(result)
    text, calls = result.answer or "", result.tool_calls
    if inbound.tool is not None and not calls and text:
        text, calls = "", (call_of(inbound.tool, text, result.decision_id),)
    wanted = bool(inbound.request.params.get("logprobs"))
    return Answer(
        text=text,
        tool_calls=calls,
        refusal=None if response is None else response.refusal,
        finish_reason=_finish(None if response is None else response.finish_reason, calls=bool(calls)),
        logprobs=response.logprobs if response is not None and wanted else None,
        usage=result.usage if response is None else response.usage,
        model=_name((response.model_reported if response is not None else None) or result.model or "cascade"),
        message=result.message,
    )


def answered(result: Result[Any]) -> Attempt | None:
    """Return the attempt whose answer a result holds; None where none has one."""
    found = [attempt for attempt in result.attempts if attempt.response is not None]
    return next((attempt for attempt in reversed(found) if attempt.rung == result.rung), found[-1] if found else None)


def _without_answer(result: Result[Any]) -> Exception:
    said = (result.error or "; ".join(result.reasons) or "no rung was asked").rstrip(".")
    if result.outcome == "deadline":
        return DeadlineExceeded(f"The deadline passed before there was an answer: {said}.", result=result)
    if result.outcome == "budget":
        return BudgetExceeded(f"The budget does not allow an answer: {said}.", result=result)
    return ProviderError(f"No rung has answered: {said}.", result=result)


def _finish(reason: str | None, *, calls: bool) -> FinishReason:
    folded = (reason or "").casefold()
    if folded in CUT_OFF:
        return "length"
    if folded in FILTERED:
        return "content_filter"
    return "tool_calls" if calls else "stop"


def _name(model: str) -> str:
    return model.rpartition("/")[2] or model
