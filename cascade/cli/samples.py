"""`cascade samples`: turns a decision log into samples: answers, verdicts and features as served, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascade.cli.shared.log_samples import say_skips, write_log_samples
from cascade.cli.shared.options import (
    ConfigOption,
    JsonOption,
    LogArgument,
    SinceOption,
    TaskOption,
    UntilOption,
    open_for_reading,
    period,
)
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import print_json, print_text
from cascade.errors import ConfigError


def samples(
    log: LogArgument = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File for the samples (JSON lines).")],
    config: ConfigOption = None,
    task: TaskOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the decisions of a log as samples, for calibrate, replay, check, assess and label.

    Each answer keeps the features and verdicts with which it was served, so a replay of the policy that served it
    decides as it was decided, also where the log stores no texts. Labels of several sources are averaged.
    """
    from cascade.log.samples import Skips

    if output.suffix == ".gz":
        message = f"{output} cannot be written compressed; give --output FILE.jsonl."
        raise ConfigError(message)
    skips = Skips()
    held = open_for_reading(log, config)
    try:
        with progress("Reading decisions", None, costs=False) as report:
            count = write_log_samples(
                held, output, skips=skips, tasks=task, **period(since, until), on_progress=lambda n: report(n, 0.0)
            )
    finally:
        held.close()
    if as_json:
        print_json({
            "output": str(output), "log": held.name, "samples": count, "textless": skips.without_text,
            "skipped": dict(skips.decisions), "labels_skipped": skips.labels, "before_schema_4": skips.before_features,
        })  # fmt: skip
    else:
        print_text(str(output))
    say_skips(skips, count)
