"""`cascade purge`: deletes decisions from a log permanently, by age or by principal."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import JsonOption, log_of, moment_of
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import interactive, print_json, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.log.purge import Purged

LogArgument = Annotated[str, typer.Argument(metavar="LOG", help="The decision log, a file or a postgresql:// address.")]


def purge(
    log: LogArgument,
    *,
    before: Annotated[
        str | None,
        typer.Option(
            "--before", metavar="WHEN", help="Decisions that ended before a date (2026-01-31, in UTC), or 90d ago."
        ),
    ] = None,
    principal: Annotated[
        str | None, typer.Option("--principal", metavar="NAME", help="Decisions made on behalf of this principal.")
    ] = None,
    expired: Annotated[
        bool,
        typer.Option(
            "--expired", help="Only texts that a label queue kept (`store_text: label-queue`) and whose time is over."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete decisions from a log permanently: their rows leave the database's file and its write-ahead log.

    With --before and --principal, only decisions that match both; with --expired, decisions stay. Backups, replicas,
    exports and results files are not touched.
    """
    from cascade.log import open_log
    from cascade.log.purge import purge as purge_log
    from cascade.log.purge import purge_expired
    from cascade.log.rows import now_ms

    if expired:
        if before is not None or principal is not None:
            message = "--expired was given with --before or --principal; it deletes by its own dates: give it alone."
            raise ConfigError(message)
        with open_log(log_of(log, None), read_only=dry_run) as held:
            name, found = held.name, purge_expired(held, at_ms=now_ms(), dry_run=dry_run)
        _tell(found, name, dry_run=dry_run, as_json=as_json)
        return
    if before is None and principal is None:
        message = "None of --before, --principal and --expired was given; say what to delete, as in --before 90d."
        raise ConfigError(message)
    moment = moment_of(before, "--before")
    before_ms = None if moment is None else round(moment.timestamp() * 1000)
    where = log_of(log, None)
    with open_log(where, read_only=True) as held:
        name = held.name
        found = purge_log(held, before_ms=before_ms, principal=principal, dry_run=True)
    if not dry_run:
        # Scrub even if nothing matches: an interrupted purge may have left traces.
        _confirm(found, name, yes=yes)
        with open_log(where) as held, progress("Deleting", found.decisions, costs=False) as report:
            found = purge_log(
                held, before_ms=before_ms, principal=principal, on_progress=lambda done, _: report(done, 0.0)
            )
    _tell(found, name, dry_run=dry_run, as_json=as_json)


def _tell(found: Purged, name: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"log": name, "dry_run": dry_run, **asdict(found)})
    say(f"{_counts(found)} {'would be' if dry_run else 'are'} deleted from {name}.")
    if not dry_run:
        say("Backups, replicas, exports and files of results are not touched.")


def _confirm(found: Purged, log: str, *, yes: bool) -> None:
    if yes or not found.decisions + found.calls:
        return
    if not interactive():
        message = f"{_counts(found)} would be deleted from {log} permanently; give --yes, or look with --dry-run."
        raise ConfigError(message)
    if not typer.confirm(f"Delete {_counts(found)} from {log} permanently?", err=True):
        message = "Nothing was deleted."
        raise ConfigError(message)


def _counts(found: Purged) -> str:
    kept = f" ({found.receipts:,} receipts stay, marked)" if found.receipts else ""
    if found.texts or not (found.decisions or found.calls):
        return f"The texts of {found.texts:,} decisions"
    return f"{found.decisions:,} decisions and {found.calls:,} calls{kept}"
