"""`cascade replay`: a policy applied to recordings; no call is made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cascade.cli.figures import dollars_or_dash, percent, share
from cascade.cli.options import JsonOption, MapOption, TaskOption, VerifiersOption, load, names
from cascade.cli.recorded import with_labels, with_schemas
from cascade.cli.terminal import print_json, say, stdout, warn


def replay(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLES…", help="Samples, in one file or several.")],
    *,
    policy: Annotated[Path, typer.Option("--policy", "-p", metavar="FILE", help="The policy to apply.")],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Use this configuration's ladder and verifiers; default: those that the policy names.",
        ),
    ] = None,
    verifiers: VerifiersOption = None,
    task: TaskOption = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what a policy would have done with recorded samples: rate, accuracy, cost. No call is made."""
    import calibration
    from cascade.bulk.sample_table import parse_mapping, read_files
    from cascade.policy import Policy

    served = Policy.load(policy)
    found = read_files(samples, parse_mapping(mapping) if mapping else None)
    loaded = None if config is None else load(config)
    if loaded is not None:
        found = with_schemas(found, loaded)
    replayed = calibration.replay(
        with_labels(found),
        served,
        None if loaded is None else loaded.ladder,
        verifiers=names(verifiers),
        prices=None if loaded is None else loaded.price_book,
        tasks=task,
    )
    found_json = replayed.to_json()
    for warning in replayed.warnings:
        warn(warning)
    if as_json:
        print_json(found_json)
    else:
        _show(found_json)


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(title="Replayed", title_justify="left", title_style="bold")
    for heading in ("task", "n", "escalates", "accuracy", "always-top", "cost", "of always-top"):
        table.add_column(heading, justify="left" if heading == "task" else "right")
    rows = dict(found["tasks"])
    if len(rows) > 1:
        rows["all"] = found["total"]
    for name, row in rows.items():
        table.add_row(
            name,
            str(row["n"]),
            share(row["escalation_rate"]),
            share(row["accuracy"]),
            percent(row["accuracy_top"]),
            dollars_or_dash(row["cost_usd_per_request"]),
            percent(row["cost_vs_top"]),
        )
    stdout().print(table)
    say("Intervals are 90 %; accuracy is over labelled rows, cost is the mean of a request, verifiers included.")
