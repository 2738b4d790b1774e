"""`cascade import`: recorded answers of batches, gateways, tracing and evaluations become samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.options import JsonOption
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import percent, print_json, print_text, say, warn
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.importing.tally import Tally


def import_(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…",
            help="Files to import (JSON, JSON Lines, CSV, Parquet; .gz too), or a postgresql:// address of LiteLLM's "
            "proxy. Of a batch, the input and the output file; of Langfuse, observations and scores.",
        ),
    ],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File for the samples (.jsonl).")
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Format: openai-batch, anthropic-batch, litellm-spend, langfuse, promptfoo, otel, csv, parquet; auto: "
            "told from each file.",
        ),
    ] = "auto",
    task: Annotated[str, typer.Option("--task", metavar="TASK", help="Task of the samples.")] = "default",
    rung: Annotated[
        list[str] | None,
        typer.Option(
            "--rung",
            metavar="NAME=MODEL",
            help="Rung of a recorded model, with the model as the ladder writes it: large=openai/gpt-4o. Other names "
            "of it in the files may follow after commas. Repeatable; a model of no rung is a rung by its own name.",
        ),
    ] = None,
    score: Annotated[
        str | None,
        typer.Option("--score", metavar="NAME", help="Langfuse: the score, from 0 to 1, that is the label."),
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN,…",
            help="Columns of a CSV or Parquet file: prompt, answer, model, id, session, group, gold, correct, "
            "cost_usd, latency_s, at, …; or a column per rung: recordings.RUNG.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count everything, and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import answers that were paid for elsewhere: they become recordings, and `explore` pays the missing rungs only.

    Answers to the same request become one sample. The same model's further answers to it are compared with the first
    and not kept: how often they differ is the model's own noise. What is left out is counted by reason. Keys, and
    passwords in addresses, are cut out; users, network addresses and headers are not read. The output is written whole
    or not at all.
    """
    from cascade.importing.format import READERS, source_of
    from cascade.importing.formats.table import parse_fields
    from cascade.importing.importer import import_files
    from cascade.importing.reader import Choices
    from cascade.importing.rung_names import parse_rungs

    if form != "auto" and form not in READERS:
        message = f"--format is {form!r}; one of auto, {', '.join(READERS)} was expected."
        raise ConfigError(message)
    if output is None and not dry_run:
        message = "No --output FILE was given; give one, or --dry-run to count only."
        raise ConfigError(message)
    if output is not None and output.exists() and not (force or dry_run):
        message = f"{output} exists, and may hold recordings that were paid for; give another --output, or --force."
        raise ConfigError(message)
    sources = [source_of(named) for named in files]
    rungs = parse_rungs(rung or [])
    choices = Choices(
        score=score,
        mapping=parse_fields(mapping) if mapping else {},
        model=next(iter(rungs.values()))[0] if len(rungs) == 1 else None,
    )
    with progress("Importing", None, costs=False) as report:
        tally = import_files(
            sources,
            None if dry_run else output,
            task=task,
            rungs=rungs,
            formats=None if form == "auto" else [form] * len(sources),
            choices=choices,
            on_rows=lambda rows: report(rows, 0.0),
        )
    _show(tally, named=set(rungs), output=None if dry_run else output)
    if as_json:
        print_json(_content(tally, output=None if dry_run else output))
    elif not dry_run:
        print_text(str(output))


def _show(tally: Tally, *, named: set[str], output: Path | None) -> None:
    """Say on stderr what was imported, what was left out and why, and how steady the models are."""
    where = "would be written (--dry-run)" if output is None else f"in {output}"
    period = f", from {tally.since} to {tally.until}" if tally.since else ""
    say(f"{tally.requests:,} samples {where}, of {tally.rows:,} rows{period}.")
    for name, n in tally.recordings.most_common():
        models = ", ".join(sorted(tally.models[name])[:5])
        labels = f", {tally.labelled[name]:,} labelled" if tally.labelled[name] else ""
        told = "" if models == name else f" ({models})"
        say(f"  {name}{told}: {n:,} recordings{labels}")
    for name, repeats in sorted(tally.repeats.items()):
        differ = (
            "none could be compared"
            if repeats.share_different is None
            else f"{percent(repeats.share_different)} differ"
        )
        unsure = f", {repeats.unsure:,} cannot be told" if repeats.unsure else ""
        say(
            f"  {name} answered {repeats.n:,} times a prompt again: {differ} from its first answer{unsure}. One answer "
            "was kept."
        )
    for what, n in sorted(tally.beside.items()):
        if n:
            say(f"  {n:,} {what}")
    for reason, one in sorted(tally.skipped.items(), key=lambda item: -item[1].n):
        warn(f"Left out: {one.n:,} rows, since {reason} (first: {one.first}).")
    for what, one in tally.notes.items():
        warn(f"{one.n:,} times: {what} (first: {one.first}).")
    for name in sorted(named - set(tally.recordings)):
        there = ", ".join(sorted(model for models in tally.models.values() for model in models)[:8])
        warn(f"No answer is of --rung {name}; the models in the files are {there}.")
    unnamed = [name for name in tally.recordings if name not in named]
    if named and unnamed:
        warn(f"Models of no --rung are rungs by their own names: {', '.join(sorted(unnamed)[:5])}.")


def _content(tally: Tally, *, output: Path | None) -> dict[str, Any]:
    return {
        "output": None if output is None else str(output),
        "rows": tally.rows,
        "samples": tally.requests,
        "since": tally.since,
        "until": tally.until,
        "rungs": {
            name: {
                "recordings": n,
                "labelled": tally.labelled[name],
                "models": dict(tally.models[name]),
                "repeats": None
                if name not in tally.repeats
                else {
                    "n": tally.repeats[name].n,
                    "different": tally.repeats[name].different,
                    "unsure": tally.repeats[name].unsure,
                    "share_different": tally.repeats[name].share_different,
                },
            }
            for name, n in tally.recordings.items()
        },
        "beside": {what: n for what, n in tally.beside.items() if n},
        "left_out": [{"reason": reason, "n": one.n, "first": one.first} for reason, one in tally.skipped.items()],
        "notes": [{"what": what, "n": one.n, "first": one.first} for what, one in tally.notes.items()],
    }
