"""The decision log that a command reads: the one that was named, or the configuration's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import load
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from cascade.log import Log

LogArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="LOG",
        help="The decision log, a file or a postgresql:// address; default: the configuration's.",
    ),
]


def is_log(named: str) -> bool:
    """Tell whether what was named is a decision log, not samples: a PostgreSQL address, or a SQLite file."""
    if named.startswith(("postgres://", "postgresql://", "postgresql+", "sqlite:")):
        return True
    try:
        with Path(named).open("rb") as file:
            return file.read(16) == b"SQLite format 3\x00"
    except OSError:
        return False


def log_of(named: str | None, config: Path | None) -> str | Path:
    """Return where the log is.

    Raises:
        ConfigError: none was named, here or in the configuration.
        DataError: there is no such file.
    """
    where: str | Path
    if named is not None:
        where = named if "://" in named else Path(named)
    else:
        loaded = load(config)
        if loaded.log is None:
            message = f"{loaded.path} names no `log`; give the log's file: cascade report decisions.db."
            raise ConfigError(message)
        where = loaded.log
    if isinstance(where, Path) and not where.exists():
        message = f"{where} does not exist; a decision log was expected, as runs with `log: {where.name}` write it."
        raise DataError(message)
    return where


def open_for_reading(named: str | None, config: Path | None) -> Log:
    """Open the log that a command reads.

    Raises:
        ConfigError: none was named, here or in the configuration.
        DataError: there is no such file.
        LogUnavailable: it cannot be read.
    """
    from cascade.log import open_log

    return open_log(log_of(named, config), read_only=True)
