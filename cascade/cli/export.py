"""`cascade export`: writes the tables of a decision log as Parquet or CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, LogArgument, moment_of, open_for_reading
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import print_json, say
from cascade.errors import ConfigError


def export(
    log: LogArgument = None,
    *,
    config: ConfigOption = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="DIR", help="Write Parquet files into this folder.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="DIR", help="Write CSV files into this folder; spreadsheet formulas are escaped."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", help="Start: a date or time (2026-01-31, in UTC by default), or 7d ago."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="End, exclusive: a date or time, or 7d ago.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="Only this task.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files of an earlier export.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Export the tables of a decision log: decisions, attempts, verdicts, labels, calls, and what was observed.

    One file each: `observations`, `observed_attempts` and `observed_verdicts` are what the cascade would have done,
    `unobserved` counts what was dropped, by hour and reason.
    """
    from cascade.log.export import export as export_log

    folder = parquet or csv
    if folder is None or (parquet is not None and csv is not None):
        message = "Neither or both of --parquet DIR and --csv DIR were given; give one of them."
        raise ConfigError(message)
    form = "parquet" if parquet is not None else "csv"
    moments = [moment_of(since, "--since"), moment_of(until, "--until")]
    since_ms, until_ms = (None if moment is None else round(moment.timestamp() * 1000) for moment in moments)
    held = open_for_reading(log, config)
    try:
        with progress("Exporting", None, costs=False) as report:
            rows = export_log(
                held, folder, "parquet" if parquet is not None else "csv", since_ms=since_ms, until_ms=until_ms,
                task=task, replace=force, on_progress=lambda done, _: report(done, 0.0),
            )  # fmt: skip
    finally:
        held.close()
    if as_json:
        print_json({"log": held.name, "folder": str(folder), "format": form, "rows": rows})
    for name, count in rows.items():
        say(f"{folder / f'{name}.{form}'}: {count:,} rows")
