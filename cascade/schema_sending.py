"""Schema sending: puts a request's schema to a model, natively as `response_format` or as an instruction in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from cascade.answer_schema import ANSWER_MARK, of_format
from cascade.exchange import Message, Request

Sent = Literal["", "native", "prompt"]
"""How a schema went out; '' where there is none."""

NATIVE_SCHEMA = ("auto", "always", "never")
"""Whether a rung is sent schemas natively: where its model is known to take them, always, or never."""

_STRICT_KEYS = frozenset(
    ("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$defs", "$ref")
) | {"title", "description"}
_INSTRUCTION = " with JSON only, without a code fence or other text. It must satisfy this JSON Schema:\n"
_SYSTEM = ("system", "developer")


def with_schema(
    request: Request, params: Mapping[str, Any], *, mode: str, able: bool | None
) -> tuple[tuple[Message, ...], dict[str, Any], Sent]:
    """Return messages and parameters that put the request's schema to a model, and how they do.

    A `response_format` that a model cannot take is replaced by the instruction, so that no rung fails for it.

    Args:
        request: the request, which has a schema.
        params: the parameters of the call, the rung's and the request's.
        mode: one of `NATIVE_SCHEMA`.
        able: whether the model takes a schema; None if unknown.
    """
    schema = request.schema or {}
    given = params.get("response_format")
    refused = mode == "never" or (mode == "auto" and able is False)
    if given is not None and of_format(given)[0] is not None:
        whole = of_format(given)[0] == schema
        if refused:
            rest = {name: value for name, value in params.items() if name != "response_format"}
            return _instructed(request, schema, params), rest, "prompt"
        if whole:
            # litellm takes pydantic's models as they are; any other type it does not know.
            plain = isinstance(given, Mapping) or hasattr(given, "model_json_schema")
            return request.messages, {**params, **({} if plain else {"response_format": _native(schema)})}, "native"
        return _instructed(request, schema, params), dict(params), "prompt"
    free = not params.get("tools") and not params.get("functions") and schema.get("type") == "object"
    if given is None and (mode == "always" or (mode == "auto" and able and free)):
        return request.messages, {**params, "response_format": _native(schema)}, "native"
    return _instructed(request, schema, params), dict(params), "prompt"


def is_refusal_of_schema(message: str) -> bool:
    """Return whether a provider's error says that it does not take the schema which was sent natively."""
    folded = message.lower()
    return any(word in folded for word in ("response_format", "json_schema", "schema", "output_format", "structured"))


def without_instruction(text: str) -> str:
    """Return a message's text without the instruction that was appended to it."""
    before, found, _ = text.partition(f"Answer{_INSTRUCTION}")
    return before.rstrip() if found else text


def _native(schema: Mapping[str, Any]) -> dict[str, Any]:
    sent = _without_mark(schema)
    strict = {"strict": True} if _is_strict(sent) else {}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": sent, **strict}}


def _is_strict(schema: Any) -> bool:
    """Return whether a schema satisfies what OpenAI asks of strict ones: closed objects, every property required."""
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if not isinstance(here, Mapping) or not here.keys() <= _STRICT_KEYS:
            return False
        named = here.get("properties", {})
        if (here.get("type") == "object" or named) and (
            here.get("additionalProperties") is not False or set(here.get("required", ())) != set(named)
        ):
            return False
        waiting += [*named.values(), *here.get("$defs", {}).values(), *here.get("anyOf", ())]
        waiting += [here["items"]] if "items" in here else []
    return True


def _without_mark(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_mark(item) for key, item in value.items() if not (key == ANSWER_MARK and item is True)}
    return [_without_mark(item) for item in value] if isinstance(value, list | tuple) else value


def _instructed(request: Request, schema: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return the messages with the instruction at the end of the system message, else of the last user's."""
    text = json.dumps(_without_mark(schema), ensure_ascii=False, separators=(",", ":"))
    called = "Unless you call a tool, answer" if params.get("tools") or params.get("functions") else "Answer"
    words = f"{called}{_INSTRUCTION}{text}"
    messages = list(request.messages)
    places = [place for place, message in enumerate(messages) if message.get("role") in _SYSTEM]
    places = places[:1] or [place for place, message in enumerate(messages) if message.get("role") == "user"][-1:]
    if not places:
        return ({"role": "system", "content": words}, *messages)
    message = messages[places[0]]
    content = message.get("content")
    if isinstance(content, list | tuple):
        added: Any = [*content, {"type": "text", "text": words}]
    else:
        added = f"{content}\n\n{words}" if content else words
    messages[places[0]] = {**message, "content": added}
    return tuple(messages)
