"""`cascade forget`: takes a principal out of a decision log and out of files that came from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascade.cli.shared.options import JsonOption, log_of
from cascade.cli.shared.terminal import interactive, print_json, say
from cascade.errors import ConfigError


def forget(
    log: Annotated[str, typer.Argument(metavar="LOG", help="The decision log, a file or a postgresql:// address.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE…]",
            help="Files that came from it, samples, requests, results, exports, journals: .jsonl, .csv and .tsv (.gz "
            "too), .parquet, .part.",
        ),
    ] = None,
    *,
    principal: Annotated[str, typer.Option("--principal", metavar="NAME", help="Whose requests are taken out.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be taken out.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take a principal out permanently: of the log, as `cascade purge`, and of files that came from it.

    Files come first, by the ids that the log knows: if it is interrupted, run it again. Policies hold no requests.
    Backups, replicas, and files that are not named are not touched.
    """
    from dataclasses import asdict

    from cascade.bulk.forget import forget as forget_in
    from cascade.bulk.forget import traces
    from cascade.log import open_log
    from cascade.log.purge import purge

    with open_log(log_of(log, None)) as held:
        found = traces(held, principal)
        lines = {str(path): forget_in(path, found, dry_run=True) for path in files or ()}
        counted = purge(held, principal=principal, dry_run=True)
        told = f"{counted.decisions:,} decisions and {counted.calls:,} calls of {held.name}"
        told += "".join(f", {n:,} lines of {path}" for path, n in lines.items())
        if not dry_run:
            if not yes and not (interactive() and typer.confirm(f"Delete {told} permanently?", err=True)):
                message = f"Nothing was deleted. {told} would be; give --yes, or look with --dry-run."
                raise ConfigError(message)
            for path in files or ():
                forget_in(path, found)
            counted = purge(held, principal=principal)
        name = held.name
    if as_json:
        print_json({"log": name, "dry_run": dry_run, **asdict(counted), "lines": lines})
    say(f"{told} {'would be' if dry_run else 'are'} deleted.")
    if not dry_run:
        say("Backups, replicas, and files that were not named are not touched.")
