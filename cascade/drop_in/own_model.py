"""The answer of a client's own model to a bypassed request, read for its cost."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from cascade.dialects.chat import read_body
from cascade.dialects.inbound import responses
from cascade.dialects.native import as_chat
from cascade.dialects.origin import mapping, mappings
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
    completion = _of_responses(body) if dialect is responses else as_chat(body)
    if completion is None:
        return None
    reply = read_body(completion, call=call, price=price or Price(input_usd=0.0, output_usd=0.0))
    return reply if isinstance(reply, Response) else None


def _of_responses(body: Any) -> dict[str, Any] | None:
    """Return a response of OpenAI's Responses as a completion; None where it is none."""
    told = mapping(body)
    if told.get("object") != "response" or not isinstance(told.get("output"), list):
        return None
    items, used = mappings(told["output"]), mapping(told.get("usage"))
    parts = [part for item in items for part in mappings(item.get("content"))]
    calls = [
        {
            "id": item.get("call_id"),
            "type": "function",
            "function": {key: item.get(key) for key in ("name", "arguments")},
        }
        for item in items
        if item.get("type") == "function_call"
    ]
    text = "".join(str(part.get("text") or "") for part in parts if part.get("type") == "output_text")
    message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
    usage = {
        "prompt_tokens": used.get("input_tokens"),
        "completion_tokens": used.get("output_tokens"),
        "prompt_tokens_details": used.get("input_tokens_details"),
        "completion_tokens_details": used.get("output_tokens_details"),
    }
    finish = "stop" if told.get("status") == "completed" else "length"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"model": told.get("model"), "choices": [choice], "usage": usage if used else None}
