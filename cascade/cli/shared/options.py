"""Command-line options that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from calibration.samples.sameness import Sameness
    from cascade.config import Config
    from cascade.log import Log


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="The configuration; default: CASCADE_CONFIG or ./cascade.yaml."
    ),
]
QualityOption = Annotated[
    str | None,
    typer.Option("--quality", metavar="NAME", help="Operating point of the policy (`calibrate --dial`)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
MaxAddedOption = Annotated[
    float | None,
    typer.Option(
        "--max-added-p95",
        metavar="SECONDS",
        help="Greatest latency added against always-top, at p95 of the samples: an estimate, not certified.",
    ),
]
MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN,…",
        help="Column mapping of a CSV or Parquet file: id, prompt, gold, task, group, session, recordings.RUNG, "
        "recordings.RUNG.correct, recordings.RUNG.cost_usd.",
    ),
]
TaskOption = Annotated[list[str] | None, typer.Option("--task", metavar="TASK", help="Only this task; repeatable.")]
VerifiersOption = Annotated[
    str | None,
    typer.Option(
        "--verifiers",
        metavar="NAMES",
        help="Verifiers to use, such as schema,hedging,logprob; default: all that are free or recorded at no cost.",
    ),
]
ConcurrencyOption = Annotated[int, typer.Option("--concurrency", min=1, help="Maximum number of calls at once.")]
EachOption = Annotated[
    str | None,
    typer.Option("--each", metavar="tag.NAME", help="Every value of this tag has to keep the bound, each by itself."),
]
SameOption = Annotated[
    str | None,
    typer.Option(
        "--same",
        metavar="MODULE:FUNCTION",
        help="Whose sameness a disagreement is about: a function of two texts, or judge (of calibrate); default: the "
        "reader of answers.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending.")]


def load(config: Path | None) -> Config:
    """Load the named configuration, or the default one.

    Raises:
        ConfigError: it is absent or invalid.
    """
    from cascade.config import default_path, load_config

    return load_config(config or default_path())


def names(text: str | None) -> list[str] | None:
    """Parse a list of names: `a,b,c`."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def load_sameness(named: str | None) -> Sameness | None:
    """Return the sameness of --same; None: the reader's.

    Raises:
        ConfigError: the function cannot be loaded, or a judge is named.
    """
    if named is None:
        return None
    if named == "judge":
        message = "--same judge is for `cascade calibrate --max-disagreement`; MODULE:FUNCTION was expected here."
        raise ConfigError(message)
    from calibration.samples.sameness import sameness_of
    from cascade.config.options import load_function

    return sameness_of(load_function(named, "--same", Path()), named)


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Parse options of the form `KEY=VALUE`.

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
    """Parse a value as JSON, else as text: `0.2` is a number, `fast` is text."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment_of(text: str | None, option: str) -> datetime | None:
    """Parse a point in time: ISO 8601, or an age (`90m`, `12h`, `7d`, `4w`)."""
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isdecimal() and len(number) < 6:
        return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(number)})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option} is {text!r}; a date or time such as 2026-01-31T12:00 (UTC), or 7d, 12h, 90m was expected."
        raise ConfigError(message) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


LogArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="LOG",
        help="The decision log, a file or a postgresql:// address; default: the configuration's.",
    ),
]

RecordedRungsOption = Annotated[
    str | None,
    typer.Option("--rungs", metavar="NAMES", help="Recorded rungs, cheapest first, if there is no --config."),
]
LadderConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="Use this configuration's ladder and prices.")
]

SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="Start: a date or time (2026-01-31, in UTC by default), or 7d ago."),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="End, exclusive: a date or time, or 7d ago.")
]


def period(since: str | None, until: str | None) -> dict[str, int | None]:
    """Return `since_ms` and `until_ms` of the two options, in Unix milliseconds."""
    moments = (moment_of(since, "--since"), moment_of(until, "--until"))
    since_ms, until_ms = (None if moment is None else round(moment.timestamp() * 1000) for moment in moments)
    return {"since_ms": since_ms, "until_ms": until_ms}


def is_log(named: str) -> bool:
    """Return whether the name is a decision log, not samples: a PostgreSQL address or a SQLite file."""
    if named.startswith(("postgres://", "postgresql://", "postgresql+", "sqlite:")):
        return True
    try:
        with Path(named).open("rb") as file:
            return file.read(16) == b"SQLite format 3\x00"
    except OSError:
        return False


def log_of(named: str | None, config: Path | None) -> str | Path:
    """Return the path or address of the log.

    Raises:
        ConfigError: no log was named, here or in the configuration.
        DataError: the file does not exist.
    """
    where: str | Path
    if named is not None:
        where = named if "://" in named else Path(named)
    else:
        loaded = load(config)
        if loaded.log is None:
            message = f"{loaded.path} names no `log`; give the path of the log, as in: cascade report decisions.db."
            raise ConfigError(message)
        where = loaded.log
    if isinstance(where, Path) and not where.exists():
        message = f"{where} does not exist; a decision log was expected. Runs with `log: {where.name}` write one."
        raise DataError(message)
    return where


def open_for_reading(named: str | None, config: Path | None) -> Log:
    """Open the log that a command reads.

    Raises:
        ConfigError: no log was named, here or in the configuration.
        DataError: the file does not exist.
        LogUnavailable: it cannot be read.
    """
    from cascade.log import open_log

    return open_log(log_of(named, config), read_only=True)
