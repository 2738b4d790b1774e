"""The answer of a client's own model to a bypassed request, read for its cost."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from cascade.dialects.chat import read_body
from cascade.dialects.native import as_chat
from cascade.exchange import ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.usage import Price

_FIRST_ERROR = 400


def read_own(
    dialect: ModuleType, status: int, content: bytes, call: ModelCall, price: Price | None
) -> Response | CallFailure | None:
    """Read an answer.

    Args:
        dialect: its dialect.
        status: its HTTP status.
        content: its body.
        call: the call that it answers.
        price: what the model costs; None: unknown.

    Returns:
        the response, or how it failed; None where its cost cannot be read, so that it counts at its worst case.
    """
    if status >= _FIRST_ERROR:
        message = f"the client's own model answered with the status {status}"
        return CallFailure(kind=FailureKind.UNKNOWN, message=message, status=status, charged=False)
    body: Any = json.loads(content)
    as_completion = getattr(dialect, "as_completion", as_chat)
    completion = as_completion(body)
    if completion is None:
        return None
    reply = read_body(completion, call=call, price=price or Price(input_usd=0.0, output_usd=0.0))
    return reply if isinstance(reply, Response) else None
