"""OpenAPI: the description of the server's routes, as `/openapi.json` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from types import ModuleType
from typing import Any

from cascade.dialects.inbound import chat, messages, responses
from cascade.dialects.inbound.extension import FIELDS

_OBJECT: Mapping[str, Any] = {"type": "object"}
_TEXT: Mapping[str, Any] = {"type": "string"}
_KINDS = {"a text": _TEXT, "a number": {"type": "number", "exclusiveMinimum": 0}}

_STATUSES = {
    "400": "the request cannot be used as it is",
    "401": "the key is missing or wrong, or the provider refused ours",
    "403": "the key may not, or a web page asks",
    "404": "no such model, decision or route",
    "408": "the request did not arrive in time",
    "409": "an Idempotency-Key came with another body",
    "413": "the body is larger than 8 MiB",
    "429": "a budget, a rate, the escalation cap or the queue",
    "500": "a failure of ours, and the reference's too",
    "502": "no rung answered",
    "503": "the server is shutting down, or the log cannot be written",
    "504": "the deadline passed",
}


@cache
def openapi() -> dict[str, Any]:
    """Return the description (OpenAPI 3.1)."""
    ask = {
        "/v1/chat/completions": _asked("A chat completion", chat, "messages"),
        "/v1/responses": _asked("A response", responses, "input"),
        "/v1/messages": _asked("A message", messages, "messages", "max_tokens"),
        "/v1/messages/count_tokens": _asked("An estimate of a prompt's tokens", messages, "messages", streams=False),
    }
    feedback = {
        "decision_id": _TEXT, "correct": {"type": "boolean"}, "score": {"type": "number", "minimum": 0, "maximum": 1},
        "kind": _TEXT, "rung": _TEXT,
    }  # fmt: skip
    labelled = _body(feedback, "decision_id")
    named = [{"name": "id", "in": "path", "required": True, "schema": _TEXT}]
    paths: dict[str, Any] = {path: {"post": operation} for path, operation in ask.items()} | {
        "/v1/models": {"get": _operation("The models that may be asked")},
        "/v1/models/{id}": {"get": _operation("One model", parameters=named)},
        "/v1/cascade/feedback": {"post": _operation("Label a decision", requestBody=labelled)},
        "/v1/cascade/decisions/{id}": {"get": _operation("A decision, taken apart", parameters=named)},
        "/v1/cascade/reload": {"post": _operation("Read policy and aliases again")},
        "/healthz": {"get": _operation("Whether the process lives", kind="text/plain", security=[])},
        "/readyz": {"get": _operation("Whether requests may come", kind="text/plain", security=[])},
        "/metrics": {"get": _operation("Metrics for Prometheus", kind="text/plain")},
        "/openapi.json": {"get": _operation("This description", security=[])},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "calibrated-cascade", "version": version("calibrated-cascade")},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            }
        },
        "security": [{"bearer": []}, {"key": []}],
    }


def _asked(summary: str, dialect: ModuleType, *required: str, streams: bool = True) -> dict[str, Any]:
    table = dialect.PARAMETERS
    known: dict[str, Any] = {name: {} for name in sorted(table.passed | table.read | table.accepted.keys())}
    shape = "array" if dialect is not responses else ["array", "string"]
    options = {name: _KINDS.get(kind, _OBJECT) for name, kind in FIELDS.items()}
    known |= {
        "model": {**_TEXT, "description": "cascade/TASK, cascade/TASK:QUALITY, or an alias"},
        "messages" if dialect is not responses else "input": {"type": shape, "minItems": 1, "maxItems": 2000},
        "stream": {"type": ["boolean", "null"]},
        "cascade": {"type": ["object", "null"], "properties": options, "additionalProperties": False},
    }
    kinds = ("application/json", "text/event-stream") if streams else ("application/json",)
    made = _operation(summary, requestBody=_body(known, "model", *required))
    made["responses"]["200"]["content"] = {kind: {} for kind in kinds}
    return made


def _body(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    shape = {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}
    return {"required": True, "content": {"application/json": {"schema": shape}}}


def _operation(summary: str, *, kind: str = "application/json", **more: Any) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": summary, "content": {kind: {}}}}
    for status, said in _STATUSES.items():
        answers[status] = {"description": said, "content": {"application/json": {"schema": _OBJECT}}}
    if summary == "Whether requests may come":
        answers["503"]["content"]["text/plain"] = {}
    return {"summary": summary, **more, "responses": answers}
