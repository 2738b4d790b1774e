"""`cascade log`: maintains a decision log as a whole; so far, it migrates the schema."""

from __future__ import annotations

from pathlib import Path

import typer

from cascade.cli.shared.exit_codes import guarded
from cascade.cli.shared.options import ConfigOption, LogArgument, log_of
from cascade.cli.shared.terminal import say

log = typer.Typer(name="log", help="Maintain a decision log.", no_args_is_help=True, rich_markup_mode=None)


@log.command()
@guarded
def upgrade(named: LogArgument = None, *, config: ConfigOption = None) -> None:
    """Migrate the schema of a decision log to this release; no row is lost.

    SQLite files are migrated by the next run that writes to them. PostgreSQL is not, since other processes may still
    write with an earlier release: stop them first.
    """
    from cascade.log import upgrade_log

    where = log_of(named, config)
    name, version = upgrade_log(where)
    say(f"{Path(name).name if isinstance(where, Path) else name} has schema {version}.")
