"""`cascade init`: writes a commented configuration, and its JSON Schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascade.cli.shared.terminal import print_text, say
from cascade.errors import ConfigError


def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder for the files.")] = Path(),
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Write a commented configuration (cascade.yaml), and its JSON Schema for editors."""
    import json
    from importlib.resources import files

    from cascade.cli.schema import schema_of
    from cascade.files import write_atomically

    config, described = directory / "cascade.yaml", directory / "cascade.schema.json"
    for path in (config, described):
        if path.exists() and not force:
            message = f"{path} already exists; move it away, or overwrite it with --force."
            raise ConfigError(message)
    write_atomically(described, json.dumps(schema_of("config"), indent=1) + "\n")
    write_atomically(config, files("cascade.cli").joinpath("template.yaml").read_text(encoding="utf-8"))
    print_text(str(config))
    say(
        "Written, with cascade.schema.json for editors. Put your models in, set their keys in the environment, then: "
        "cascade doctor"
    )
