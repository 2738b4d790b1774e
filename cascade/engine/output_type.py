"""The type that an answer is parsed into, said as JSON Schema too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from cascade.errors import ConfigError


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
