"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.config import Config

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="The configuration; default: CASCADE_CONFIG or ./cascade.yaml."
    ),
]
QualityOption = Annotated[
    str | None,
    typer.Option("--quality", metavar="NAME", help="The policy's operating point of this name (`calibrate --dial`)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN,…",
        help="Columns of a CSV or Parquet file: id, prompt, gold, task, group, recordings.RUNG, "
        "recordings.RUNG.correct, recordings.RUNG.cost_usd.",
    ),
]
TaskOption = Annotated[
    list[str] | None, typer.Option("--task", metavar="TASK", help="Only this task; may be given several times.")
]
VerifiersOption = Annotated[
    str | None,
    typer.Option(
        "--verifiers",
        metavar="NAMES",
        help="Verifiers to use, as in schema,hedging,logprob; default: all that are free or recorded at no cost.",
    ),
]
ConcurrencyOption = Annotated[int, typer.Option("--concurrency", min=1, help="How many calls at once.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending.")]


def load(config: Path | None) -> Config:
    """Read the configuration that was named, or the default one.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    from cascade.config import default_path, load_config

    return load_config(config or default_path())


def names(text: str | None) -> list[str] | None:
    """Read a list of names: `a,b,c`."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Read options of the form `KEY=VALUE`.

    Raises:
        ConfigError: one has no `=`.
    """
    found: dict[str, str] = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            message = f"{option} is {text!r}; KEY=VALUE was expected."
            raise ConfigError(message)
        found[key] = value
    return found


def value_of(text: str) -> Any:
    """Read a value as JSON where it is JSON, else take it as text: `0.2` is a number, `fast` is not."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text
