"""The command line application: registers one file per command; heavy imports wait until a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from cascade.cli import (
    assess,
    batch,
    calibrate,
    certify,
    check,
    dashboard,
    demo,
    doctor,
    explore,
    export,
    forget,
    grade,
    import_,
    init,
    judges,
    keys,
    label,
    log,
    next_labels,
    plan,
    purge,
    renew,
    replay,
    report,
    run,
    samples,
    schema,
    serve,
    show,
    tail,
    verify,
    worth,
)
from cascade.cli.shared.commands import FORMAT, FORMAT_VARIABLE, Commands
from cascade.cli.shared.exit_codes import guarded
from cascade.cli.shared.log_lines import LogFormat, LogLevel, set_up
from cascade.cli.shared.terminal import speak_in_events

app = typer.Typer(
    name="cascade",
    cls=Commands,
    help="Try the cheap model first, verify its answer, and escalate at the rate you asked for.",
    epilog="Data goes to stdout, everything else to stderr. Exit codes: 0 ok, 1 a gate failed, 2 usage, configuration "
    "or data, 3 provider or I/O, 130 interrupted.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback gives the flag's value
    if wanted:
        from cascade import __version__

        typer.echo(f"cascade {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    log_format: Annotated[
        LogFormat,
        typer.Option(
            FORMAT,
            envvar=FORMAT_VARIABLE,
            help="Log format on stderr: sentences, or one JSON object per line.",
        ),
    ] = "text",
    log_level: Annotated[
        LogLevel,
        typer.Option("--log-level", envvar="CASCADE_LOG_LEVEL", help="Lowest log level that is shown."),
    ] = "warning",
) -> None:
    """Handle the global options, which stand before the command."""
    # Sentences for people appear at every level; as JSON events they are INFO.
    level: LogLevel = "info" if log_format == "json" and log_level in ("warning", "error") else log_level
    del version  # its callback has printed it
    set_up(log_format, level)
    speak_in_events(log_format == "json")


for _command in (
    demo.demo,
    init.init,
    run.run,
    import_.import_,
    explore.explore,
    grade.grade,
    samples.samples,
    next_labels.next_labels,
    label.label,
    judges.judges,
    assess.assess,
    worth.worth,
    plan.plan,
    calibrate.calibrate,
    certify.certify,
    renew.renew,
    replay.replay,
    check.check,
    report.report,
    show.show,
    tail.tail,
    dashboard.dashboard,
    serve.serve,
    export.export,
    purge.purge,
    forget.forget,
    verify.verify,
    doctor.doctor,
    schema.schema,
):
    app.command(_command.__name__.rstrip("_").replace("_", "-"))(guarded(_command))
app.add_typer(log.log)
app.add_typer(keys.keys)
app.add_typer(batch.batch)


def main() -> None:
    """Run the command line; the `cascade` script and `python -m cascade` call this."""
    app(prog_name="cascade")


__all__ = ["app", "main"]
