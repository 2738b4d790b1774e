"""`cascade schema`: prints the JSON Schema of cascade.yaml, of a line of samples or of a policy."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cascade.cli.shared.terminal import print_json


class Kind(StrEnum):
    """Documents that have a JSON Schema."""

    config = "config"
    samples = "samples"
    policy = "policy"


def schema(kind: Annotated[Kind, typer.Argument(help="Document to describe.")]) -> None:
    """Print the JSON Schema of cascade.yaml, of one line of a samples file, or of a policy."""
    print_json(schema_of(kind.value))


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `config`, `samples` or `policy`."""
    described: dict[str, Any]
    if kind == "config":
        from cascade.config.models import ConfigModel

        described = ConfigModel.model_json_schema()
    elif kind == "samples":
        from cascade.samples.line_types import LINE

        described = LINE.json_schema()
    else:
        from pydantic import TypeAdapter

        from cascade.policy.policy import Policy

        described = TypeAdapter(Policy).json_schema(mode="serialization")
        described["properties"]["sha256"] = {"type": "string", "description": "Digest of the content without this key."}
        described["required"] = [*described.get("required", []), "sha256"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
