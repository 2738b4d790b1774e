"""`cascade report`: reports on a decision log: rates against targets, cost, quality, latency, verifiers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, LogArgument, moment_of, open_for_reading
from cascade.cli.shared.terminal import fail, print_json, print_text, stdout
from cascade.errors import ConfigError


def report(
    log: LogArgument = None,
    *,
    config: ConfigOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", help="Start: a date or time (2026-01-31, in UTC by default), or 7d, 12h ago."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="End, exclusive: a date or time, or 7d, 12h ago.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="Only this task.")] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="TAG",
            help="Group by this tag's values, or by principal, session, group, quality, model, rung, outcome or task.",
        ),
    ] = None,
    hourly: Annotated[bool, typer.Option("--hourly", help="Show the time series by hour, not by day.")] = False,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Compare rates with this policy, not with the logged ones."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one self-contained HTML file with charts."),
    ] = None,
    label_cost: Annotated[
        float | None,
        typer.Option("--label-cost", metavar="USD", help="Cost of one label, subtracted from each month's savings."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 if a certificate is refuted by watching it.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Show all tables and footnotes, not one screen.")] = False,
    as_json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print markdown on stdout.")] = False,
) -> None:
    """Report on a decision log: what is saved, promised and kept in one line, each task, and what there is to do."""
    if as_json and markdown:
        message = "--json and --markdown were both given; one of them was expected."
        raise ConfigError(message)
    from cascade.policy.policy import Policy
    from cascade.report import report as made_of
    from cascade.report.tables.markdown import written
    from cascade.report.values.line import refuted

    held = open_for_reading(log, config)
    try:
        found = made_of(
            held,
            since=moment_of(since, "--since"),
            until=moment_of(until, "--until"),
            task=task,
            by=by,
            by_time="hour" if hourly else "day",
            policy=None if policy is None else Policy.load(policy),
            label_usd=label_cost,
        )
    finally:
        held.close()
    if html is not None:
        from cascade.cli.shared.page_file import write_page
        from cascade.report.page.drawing import can_draw
        from cascade.report.page.log_page import log_document

        write_page(log_document(found, drawn=can_draw()), html)
    if as_json:
        print_json(found.to_json())
    elif markdown:
        print_text(written(found).rstrip("\n"))
    elif html is None:
        from cascade.report.tables.text import rendered

        stdout().print(rendered(found, full=full))
    if strict and (broken := refuted(found.tasks)):
        fail(f"The certificate of {', '.join(broken)} is refuted.")
        raise typer.Exit(1)
