"""Error bodies for clients: which status and words each of our errors is, in each dialect's own form."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from cascade.errors import (
    AuthError,
    BadRequest,
    BudgetExceeded,
    CascadeError,
    ContentFiltered,
    DataError,
    DeadlineExceeded,
    EscalationCapped,
    LogUnavailable,
    ModelNotFound,
    PromptTooLong,
    ProviderError,
    QuotaExhausted,
    UnsupportedParameter,
)


class ErrorRow(NamedTuple):
    """How one kind of error is told."""

    status: int
    """The HTTP status."""

    kind: str
    """OpenAI's `type`, and Anthropic's where it has the word."""

    code: str
    """OpenAI's `code`; ours where it has none."""


class Refusal(CascadeError):
    """A server refuses a request before it is run; nothing is paid."""

    def __init__(
        self, message: str, row: ErrorRow, *, parameter: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.row = row
        """How it is told."""
        self.parameter = parameter
        """The parameter that it is about."""
        self.retry_after_s = retry_after_s
        """Seconds after which the same request may succeed; None: a repetition does not mend it."""


_ROWS: tuple[tuple[type[BaseException], ErrorRow], ...] = (
    (BudgetExceeded, ErrorRow(429, "rate_limit_error", "budget_exceeded")),
    (EscalationCapped, ErrorRow(429, "rate_limit_error", "escalation_capped")),
    (DeadlineExceeded, ErrorRow(504, "timeout_error", "deadline_exceeded")),
    (AuthError, ErrorRow(401, "authentication_error", "provider_authentication")),
    (QuotaExhausted, ErrorRow(429, "rate_limit_error", "insufficient_quota")),
    (ModelNotFound, ErrorRow(404, "not_found_error", "model_not_found")),
    (PromptTooLong, ErrorRow(400, "invalid_request_error", "context_length_exceeded")),
    (BadRequest, ErrorRow(400, "invalid_request_error", "bad_request")),
    (ContentFiltered, ErrorRow(400, "invalid_request_error", "content_filter")),
    (ProviderError, ErrorRow(502, "api_error", "provider_error")),
    (UnsupportedParameter, ErrorRow(400, "invalid_request_error", "unsupported_parameter")),
    (DataError, ErrorRow(400, "invalid_request_error", "invalid_request")),
    (LogUnavailable, ErrorRow(503, "api_error", "log_unavailable")),
    (CascadeError, ErrorRow(500, "api_error", "configuration")),
)
"""The first row that fits counts. What is no error of ours is told without its text, which may hold anything."""

RETRY_AFTER_S = 5.0
"""Seconds after which a request may be repeated that failed since no rung answered, or the log was down."""

_INTERNAL = ErrorRow(500, "api_error", "internal_error")


def error_row(error: BaseException) -> ErrorRow:
    """Return how an error is told."""
    if isinstance(error, Refusal):
        return error.row
    return next((row for kind, row in _ROWS if isinstance(error, kind)), _INTERNAL)


def error_message(error: BaseException) -> str:
    """Return an error's sentence; only its type where it is none of ours."""
    return str(error) if isinstance(error, CascadeError) else f"An internal error ({type(error).__name__})."


def openai_error(error: BaseException) -> tuple[int, dict[str, Any]]:
    """Return status and body of an error in OpenAI's form, of Chat Completions and Responses alike."""
    row = error_row(error)
    told = {"message": error_message(error), "type": row.kind, "param": parameter(error), "code": row.code}
    return row.status, {"error": told}


def parameter(error: BaseException) -> str | None:
    """Return the parameter that an error is about; None where it is about none."""
    return error.parameter if isinstance(error, UnsupportedParameter | Refusal) else None


def anthropic_error(error: BaseException) -> tuple[int, dict[str, Any]]:
    """Return status and body of an error in Anthropic's form, of Messages."""
    row = error_row(error)
    return row.status, {"type": "error", "error": {"type": row.kind, "message": error_message(error)}}


def error_headers(error: BaseException) -> dict[str, str]:
    """Return the headers by which client libraries tell whether a request is to be repeated.

    `retry-after` where the same request may succeed soon; else `x-should-retry: false`: one request, one bill.
    """
    if isinstance(error, Refusal):
        after_s = error.retry_after_s
    else:
        passing = isinstance(error, LogUnavailable) or type(error) is ProviderError
        after_s = RETRY_AFTER_S if passing else None
    return {"x-should-retry": "false"} if after_s is None else {"retry-after": str(max(1, math.ceil(after_s)))}
