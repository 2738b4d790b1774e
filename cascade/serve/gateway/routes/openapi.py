"""OpenAPI: the description of the server's routes, as `/openapi.json` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from types import ModuleType
from typing import Any

from cascade.dialects.inbound import chat, messages, responses
from cascade.dialects.inbound.extension import FIELDS
from cascade.dialects.inbound.parameters import ANYTHING
from cascade.exchange import NAME
from cascade.samples.request_limits import ALLOWED

_OBJECT: Mapping[str, Any] = {"type": "object"}
_TEXT: Mapping[str, Any] = {"type": "string"}
_TAGS: Mapping[str, Any] = {"type": "object", "additionalProperties": _TEXT}
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
def openapi(*, keyed: bool) -> dict[str, Any]:
    """Return the description (OpenAPI 3.1); `keyed`: whether keys are asked for."""
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
        "security": [{"bearer": []}, {"key": []}] if keyed else [],
    }


_NUMBER: Mapping[str, Any] = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_WORD: Mapping[str, Any] = {"type": ["string", "null"]}
_FLAG: Mapping[str, Any] = {"type": ["boolean", "null"]}
_COUNT: Mapping[str, Any] = {"type": ["integer", "null"], "minimum": 1, "maximum": 100_000}
_LIST: Mapping[str, Any] = {"type": ["array", "null"], "description": "as the API of the dialect has it"}
_FORM: Mapping[str, Any] = {"type": ["object", "null"], "description": "as the API of the dialect has it"}
_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty"), _NUMBER),
    **dict.fromkeys(("logprobs", "parallel_tool_calls", "stream"), _FLAG),
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "max_output_tokens", "top_k"), _COUNT),
    **dict.fromkeys(("tools", "functions", "include", "stop_sequences"), _LIST),
    **dict.fromkeys(("response_format", "thinking", "text", "reasoning", "output_config", "output_format"), _FORM),
    **dict.fromkeys(("user", "safety_identifier", "instructions", "system", "reasoning_effort", "verbosity"), _WORD),
    "metadata": {"type": ["object", "null"], "additionalProperties": _TEXT},
    "seed": {"type": ["integer", "null"]},
    "stop": {"type": ["string", "null"]},
    "top_logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
    "repetition_penalty": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
    "logit_bias": {"type": ["object", "null"], "additionalProperties": {"type": "number"}},
    "tool_choice": {"enum": ["auto", "none", "required", None]},
}
"""Types of parameters that are simple to say."""


def _message(*roles: str) -> dict[str, Any]:
    """Return the simplest message; parts, tool calls and their results are as the API of the dialect has them."""
    properties = {"role": {"enum": [*roles]}, "content": {"type": ["string", "array"], "minLength": 1, "minItems": 1}}
    return {"type": "object", "required": ["role", "content"], "properties": properties}


def _asked(summary: str, dialect: ModuleType, *required: str, streams: bool = True) -> dict[str, Any]:
    table = dialect.PARAMETERS
    names = (table.passed & ALLOWED) | table.read | table.accepted.keys()
    known: dict[str, Any] = {name: _TYPES.get(name, {}) for name in sorted(names)}
    for name, values in table.accepted.items():
        if ANYTHING not in values:
            known[name] = {"enum": [*values, None]}
    roles = ("user", "assistant") if dialect is messages else ("system", "developer", "user", "assistant")
    shape: dict[str, Any] = {"type": "array", "minItems": 1, "maxItems": 2000, "items": _message(*roles)}
    if dialect is responses:
        shape = {"anyOf": [{**_TEXT, "minLength": 1}, shape]}
    options = {name: _KINDS.get(kind, _TAGS) for name, kind in FIELDS.items()}
    options |= {"task": {**_TEXT, "pattern": f"^{NAME.pattern}$"}}
    known |= {
        "model": {**_TEXT, "description": "cascade/TASK, cascade/TASK:QUALITY, or an alias"},
        "messages" if dialect is not responses else "input": shape,
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
