"""`cascade label`: collects blind human labels of recorded answers, in the terminal or in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cascade.cli.shared.options import JsonOption, SinceOption, TaskOption, UntilOption, is_log, log_of, names, period
from cascade.cli.shared.sitting import annotator_name, checked_name, sit
from cascade.cli.shared.terminal import print_json, print_text, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.samples.sample import Sample

MAX_DIMENSIONS = 8
Draw = Literal["uniform", "doubt", "watched"]


def label(
    file: Annotated[
        str, typer.Argument(metavar="FILE|LOG", help="Samples with recordings, or a decision log that stores texts.")
    ],
    *,
    annotator: Annotated[
        str | None,
        typer.Option("--annotator", "-a", metavar="NAME", help="Name of the annotator; default: the login name."),
    ] = None,
    dimension: Annotated[
        list[str] | None,
        typer.Option(
            "--dimension",
            metavar="NAME",
            help="Label dimension asked of each answer (correct, complete, tone); repeatable.",
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Label in the browser, on this machine only.")] = False,
    rungs: Annotated[
        str | None, typer.Option("--rungs", metavar="NAMES", help="Only answers of these rungs; default: all.")
    ] = None,
    task: TaskOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also show samples outside the draw, and answers that have a label.")
    ] = False,
    show_gold: Annotated[
        bool, typer.Option("--show-gold/--hide-gold", help="Show the right answer where it is known.")
    ] = True,
    kappa: Annotated[
        bool, typer.Option("--kappa", help="Only show the agreement of annotators (Cohen's kappa).")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File for the labels; default: FILE itself.")
    ] = None,
    decisions: Annotated[
        int, typer.Option("--labels", "-n", min=1, max=10_000, metavar="N", help="Of a log: decisions to draw.")
    ] = 50,
    draw: Annotated[
        Draw,
        typer.Option(
            "--draw",
            help="Of a log: all decisions alike; rather those whose confidence is near a half; or watched answers that "
            "differ from the reference's, both of them.",
        ),
    ] = "uniform",
    since: SinceOption = None,
    until: UntilOption = None,
    imported: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Into a log: labels from elsewhere, CSV or JSON lines with decision_id and correct.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Label recorded answers blind: right, wrong or half right, with the models' names hidden.

    Answers stand side by side in random order; each label is one key. Every key is saved at once: run the command
    again to go on. Two annotators of one file see the same samples first; their agreement is shown at the end.
    Of a decision log, decisions are drawn, and labels go into the log with the probability of the draw.
    """
    from cascade.samples.reader import read_files
    from cascade.samples.rows import TABLES

    if is_log(file):
        _label_log(
            file, annotator, decisions, draw, imported, rungs=names(rungs), tasks=task, since=since, until=until,
            browser=browser, everything=everything, unfit=dimension or output or kappa, as_json=as_json,
        )  # fmt: skip
        return
    if imported is not None:
        message = f"--import takes labels into a decision log, and {file} is none; `cascade grade` labels samples."
        raise ConfigError(message)
    kept = _output(Path(file), output, TABLES)
    source = kept if kept.exists() else Path(file)
    found = read_files([source])
    if kappa:
        _show(found, kept, said=None, as_json=as_json)
        return
    who = annotator_name(annotator)
    wanted = [checked_name(name, "--dimension") for name in dimension or ["correct"]]
    if len(set(wanted)) < len(wanted) or len(wanted) > MAX_DIMENSIONS:
        message = f"--dimension is {', '.join(wanted)}; at most {MAX_DIMENSIONS} different names were expected."
        raise ConfigError(message)
    from cascade.bulk.journal import Journal
    from cascade.labelling import Session, lay_items

    items = lay_items(found, who, rungs=names(rungs), tasks=task, everything=everything, show_gold=show_gold)
    if not items:
        say(f"Nothing is left for {who} to label in {source}; --all also shows labelled answers.")
        _show(found, kept, said=0, as_json=as_json)
        return
    with Journal(kept.with_name(f"{kept.name}.{who}"), kind="label") as journal:
        session = Session(items, journal, dimensions=wanted)
        say(f"{len(items):,} samples for {who}; labels are saved to {kept}.")
        try:
            sit(session, browser=browser)
        finally:
            # On Ctrl-C too, the labels given so far are saved.
            said = session.labels()
            done = _save(source, kept, who, said)
            journal.path.unlink(missing_ok=True)
    _show(done, kept, said=len(said), as_json=as_json)


def _label_log(
    named: str,
    annotator: str | None,
    n: int,
    draw: Draw,
    imported: Path | None,
    *,
    rungs: list[str] | None,
    tasks: list[str] | None,
    since: str | None,
    until: str | None,
    browser: bool,
    everything: bool,
    unfit: object,
    as_json: bool,
) -> None:
    """Label decisions of a log, or take labels into it."""
    from cascade.cli.shared.label_log import import_labels, label_log
    from cascade.log import open_log

    if unfit:
        message = (
            "--dimension, --output and --kappa are of files; give samples of the log: cascade samples LOG -o FILE."
        )
        raise ConfigError(message)
    with open_log(log_of(named, None)) as log:
        if imported is not None:
            found = import_labels(log, imported)
        else:
            found = label_log(
                log, annotator_name(annotator), n, draw, rungs=rungs, tasks=tasks,
                everything=everything, sit=lambda session: sit(session, browser=browser), **period(since, until),
            )  # fmt: skip
    if as_json:
        print_json({"log": named, **found})


def _save(source: Path, kept: Path, who: str, said: Mapping[tuple[str, str], Any]) -> list[Sample]:
    """Merge labels into the samples as they are on disk now: another annotator may have saved meanwhile."""
    from cascade.bulk.journal import dump
    from cascade.files import write_atomically
    from cascade.labelling import annotate
    from cascade.samples.jsonl import sample_line
    from cascade.samples.reader import read_files

    found = [
        annotate(sample, who, said[sample.key]) if sample.key in said else sample
        for sample in read_files([kept if kept.exists() else source])
    ]
    write_atomically(kept, "".join(dump(sample_line(sample)) + "\n" for sample in found))
    return found


def _output(file: Path, output: Path | None, tables: tuple[str, ...]) -> Path:
    kept = output or file
    if kept.suffix in (*tables, ".gz"):
        message = f"{kept} cannot be written in place; give --output FILE.jsonl."
        raise ConfigError(message)
    return kept


def _show(samples: list[Sample], kept: Path, *, said: int | None, as_json: bool) -> None:
    from cascade.labelling.kappa import compare_annotators

    agreed = compare_annotators(samples)
    if as_json:
        pairs = [
            {"annotators": [first, second], "dimension": dimension, **found.to_json()}
            for (first, second, dimension), found in agreed.items()
        ]
        print_json({"output": str(kept), "n_labelled": said or 0, "kappa": pairs})
    else:
        print_text(str(kept))
    if said is not None:
        say(f"{said:,} sample{'' if said == 1 else 's'} labelled in this session.")
    elif not agreed:
        say("No answer was labelled by two annotators; add a second one with `cascade label --annotator NAME`.")
    for (first, second, dimension), found in agreed.items():
        share = f"{100 * found.agreement:.0f} % of {found.n:,} answers alike"
        value = (
            "kappa is undefined, since both always gave the same label"
            if found.value is None or found.low is None or found.high is None
            else f"kappa {found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
        )
        say(f"{first} and {second} on {dimension}: {value}, {share}.")
