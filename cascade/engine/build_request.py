"""Request construction: builds a Request from the caller's arguments and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from cascade.engine.options import OWN, PROVIDER, refuse_unknown
from cascade.errors import ConfigError
from cascade.exchange import Message, Request
from cascade.settings import Settings

_ELSEWHERE = " A provider's other parameters go into params={…}."


def build_request(
    prompt: str | Sequence[Message] | Request | None = None,
    *,
    messages: Sequence[Message] | None = None,
    function: str = "run",
    **options: Any,
) -> Request:
    """Make a request from a prompt and options.

    Args:
        prompt: one user's text, a chat, or a Request, whose fields the options replace.
        messages: a chat, in place of `prompt`.
        function: the called function, for the error.
        options: of `RequestOptions`, and `schema`.

    Raises:
        TypeError: an option is unknown, or there is not exactly one of `prompt` and `messages`.
        ConfigError: an option cannot be used; a schema is malformed or unsafe.
    """
    if (prompt is None) == (messages is None):
        found = "neither prompt nor messages" if prompt is None else "both prompt and messages"
        message = f"{function}() got {found}; exactly one of them was expected."
        raise TypeError(message)
    refuse_unknown(function, options.keys() - OWN - PROVIDER, OWN | PROVIDER, _ELSEWHERE)
    params = {**(options.pop("params", None) or {}), **{name: options.pop(name) for name in PROVIDER & options.keys()}}
    fields = schema_fields(options)
    if isinstance(prompt, Request):
        if params:
            fields["params"] = {**prompt.params, **params}
        return replace(prompt, **fields) if fields else prompt
    return Request.of(prompt if prompt is not None else messages or (), params=params, **fields)


def with_settings(request: Request, settings: Settings) -> Request:
    """Return the request with its task's settings as defaults."""
    missing: dict[str, Any] = {
        name: getattr(settings, name)
        for name in ("deadline_s", "max_cost_usd")
        if getattr(request, name) is None and getattr(settings, name) is not None
    }
    if request.schema is None and settings.schema is not None:
        missing |= schema_fields({"schema": settings.schema})
    return replace(request, **missing) if missing else request


def schema_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a request's fields, a `schema` that is a type replaced by its JSON Schema and kept as `output_type`.

    Raises:
        ConfigError: pydantic cannot describe the type.
    """
    schema = fields.get("schema")
    if schema is None or isinstance(schema, Mapping):
        return fields
    try:
        described = TypeAdapter(schema).json_schema()
    except Exception as error:  # noqa: BLE001 - pydantic raises several kinds for types that it cannot describe
        message = f"schema is {schema!r:.80}; a JSON Schema or a type that pydantic knows was expected ({error})."
        raise ConfigError(message) from None
    return {**fields, "schema": described, "output_type": schema}
