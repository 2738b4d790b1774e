"""Requests of client libraries as they came over the wire (versions of 2026-11), and results to answer them with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from cascade.exchange import Response
from cascade.policy.operating_point import Decision
from cascade.result import Attempt, Result
from cascade.usage import Usage


class RecordedClient(NamedTuple):
    """One request."""

    name: str
    path: str
    body: Any


def recorded(path: str) -> list[RecordedClient]:
    """Return the requests of one route."""
    lines = (Path(__file__).parent / "clients_recorded.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        RecordedClient(f"{row['n']}:{row['label']}", row["path"], row["body"]) for row in rows if row["path"] == path
    ]


def result_of(response: Response, **fields: Any) -> Result[Any]:
    """Return the result whose answer a response is."""
    attempt = Attempt(
        rung="small", model="openai/gpt-5-nano", response=response, decision=Decision(action="accept", reason="top")
    )
    given = {
        "request_id": "r", "decision_id": "d1", "outcome": "accepted", "answer": response.text, "rung": "small",
        "model": "openai/gpt-5-nano", "attempts": (attempt,), "tool_calls": response.tool_calls,
        "message": response.message, "saved_usd": 0.5, "flags": ("uncalibrated",),
    }  # fmt: skip
    return Result(**(given | fields))


def response_of(text: str = "Fine.", **fields: Any) -> Response:
    """Return a usual response."""
    given = {
        "text": text, "message": {"role": "assistant", "content": text}, "finish_reason": "stop",
        "usage": Usage(input_tokens=7, output_tokens=3, cached_tokens=2, reasoning_tokens=1), "cost_usd": 0.25,
        "model_reported": "gpt-5-nano-2025-08-07",
    }  # fmt: skip
    return Response(**(given | fields))
