"""Intake: makes the Request that `run` runs of what the caller said and what was configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from cascade.errors import ConfigError
from cascade.exchange import Message, Request
from cascade.settings import Settings

_FIELDS = ("task", "quality", "schema", "deadline_s", "max_cost_usd", "principal", "session", "group", "tags", "id")


def build_request(prompt: str | Sequence[Message] | Request, **options: Any) -> Request:
    """Make a request; options that are no field of it go to the provider.

    Raises:
        ConfigError: an option cannot be used; a schema is malformed or unsafe.
    """
    if isinstance(prompt, Request):
        return replace(prompt, **options) if options else prompt
    fields = {name: options.pop(name) for name in _FIELDS if name in options}
    params = {**options.pop("params", {}), **options}
    return Request.of(prompt, params=params, **schema_fields(fields))


def with_settings(request: Request, settings: Settings) -> Request:
    """Return the request with what it does not say itself filled in from its task's settings."""
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
