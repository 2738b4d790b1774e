"""`cascade assess`: estimates whether a cascade pays on a task, before calibration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.assessed import assess_labels, show_assessed
from cascade.cli.shared.disagreement import disagreement_rows
from cascade.cli.shared.options import (
    JsonOption,
    LadderConfigOption,
    MapOption,
    RecordedRungsOption,
    SameOption,
    TaskOption,
    VerifiersOption,
    is_log,
    load_sameness,
)
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.terminal import print_json, say, show_blocks, warn
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.assess.disagreement import DisagreementAssessment
    from cascade.ladder import Ladder
    from cascade.samples.sample import Sample


def assess(
    samples: Annotated[
        list[str],
        typer.Argument(metavar="SAMPLES…", help="One or more files of samples, or one decision log."),
    ],
    *,
    rungs: RecordedRungsOption = None,
    config: LadderConfigOption = None,
    verifiers: VerifiersOption = None,
    shadow_share: Annotated[
        float,
        typer.Option(
            "--shadow-share", metavar="S", help="Shadow share: requests that the top rung answers too, for labels."
        ),
    ] = 0.01,
    label_cost: Annotated[float, typer.Option("--label-cost", metavar="USD", help="Cost of one label.")] = 0.0,
    requests: Annotated[
        int, typer.Option("--requests", metavar="N", help="Number of requests over which the label cost is spread.")
    ] = 0,
    diagnostics: Annotated[
        Path | None,
        typer.Option(
            "--diagnostics",
            metavar="FILE",
            help="Write reliability and risk–coverage curves, sweeps and the frontier as JSON.",
        ),
    ] = None,
    same: SameOption = None,
    choose_rungs: Annotated[
        bool, typer.Option("--choose-rungs", help="By disagreement: also try every sub-ladder that keeps the top.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the cross-validation folds.")] = 0,
    task: TaskOption = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Assess whether a cascade pays on recorded samples: worth it, not worth it, or cannot tell. No call is made.

    With labels: the baseline is the hull of all single models, their random mixes at equal accuracy. The saving is net
    of verifiers, shadow calls and labels, estimated out of fold with 90 % confidence intervals. The worth of each
    verifier is reported too.

    Without a label: what a policy would save at what disagreement with always-top's answers, estimated on the rows that
    a certificate (`calibrate --max-disagreement`) learns from. So a decision log is assessed where it was observed,
    with the hours in which observations are missing; else it shows rates and costs, and lists what it cannot show.
    """
    from calibration.assess.disagreement import assess_samples
    from calibration.fit.complete import with_labels, with_schemas
    from calibration.samples.table import by_task
    from cascade.files import write_atomically
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    if len(samples) == 1 and is_log(samples[0]):
        from cascade.cli.shared.assess_log import assess_log

        assess_log(
            samples[0],
            chosen=None if config is None and rungs is None else chosen_ladder(config, rungs, verifiers),
            verifiers=verifiers,
            task=task,
            sameness=load_sameness(same),
            choose_rungs=choose_rungs,
            seed=seed,
            as_json=as_json,
        )
        return
    _require_overheads(label_cost, requests, shadow_share)
    chosen = chosen_ladder(config, rungs, verifiers)
    columns = parse_mapping(mapping) if mapping else None
    found = read_files([Path(one) for one in samples], columns, rungs=chosen.rungs, say=warn)
    found = with_labels(found if chosen.config is None else with_schemas(found, chosen.config), say)
    tasks = {name: rows for name, rows in by_task(found).items() if task is None or name in task}
    if not tasks:
        message = f"No sample belongs to task {(task or ['?'])[0]!r}; give --task a name that the samples have."
        raise ConfigError(message)
    shown: dict[str, Any] = {}
    pictures: dict[str, Any] = {}
    prices = None if chosen.config is None else chosen.config.price_book
    paid = False
    for name, rows in tasks.items():
        ladder = chosen.of(rows)
        apart = _compared(rows, ladder) and assess_samples(
            rows,
            ladder,
            sameness=load_sameness(same),
            prices=prices,
            seed=seed,
            choose_rungs=choose_rungs,
            abstains=chosen.config is not None and chosen.config.abstains(name),
        )
        if apart and not _labelled(rows):
            shown[name] = _by_disagreement(name, rows, ladder, apart, as_json=as_json)
            continue
        quality = assess_labels(name, rows, ladder, prices, (shadow_share, label_cost, requests), seed, diagnostics)
        paid = True
        shown[name] = {**quality.to_json(), "disagreement": apart.to_json() if apart else None}
        if quality.pictures is not None:
            pictures[name] = quality.pictures
        if not as_json:
            show_assessed(name, quality, apart or None)
    if diagnostics is not None:
        write_atomically(diagnostics, json.dumps(pictures, allow_nan=False) + "\n")
    if as_json:
        print_json({"tasks": shown})
    elif paid:
        say("Money is per request, against the hull of single models at equal accuracy; intervals are 90 %.")
    if paid and not label_cost:
        warn("Labels are counted as free; give --label-cost and --requests to include their cost.")


def _compared(rows: Sequence[Sample], ladder: Ladder) -> bool:
    """Return whether some answer can be compared with the last rung's."""
    *below, top = ladder.names
    return any(top in row.recordings and any(rung in row.recordings for rung in below) for row in rows)


def _labelled(rows: Sequence[Sample]) -> bool:
    return any(recording.correct is not None for row in rows for recording in row.recordings.values())


def _by_disagreement(
    name: str, rows: Sequence[Sample], ladder: Ladder, apart: DisagreementAssessment, *, as_json: bool
) -> dict[str, Any]:
    """Show what can be said of a task without a label; return it as JSON."""
    from calibration.assess.repair import measure_repair

    repairs = measure_repair(rows, ladder)
    if not as_json:
        told = [(one.rung, one.sentence()) for one in repairs]
        show_blocks("Assessed", {name: [*disagreement_rows(apart), *told]})
    return {**apart.to_json(), "repair": [one.to_json() for one in repairs]}


def _require_overheads(label_cost: float, requests: int, shadow_share: float) -> None:
    if label_cost and not requests:
        message = "--label-cost needs --requests N, the number of requests over which the labels are spread."
        raise ConfigError(message)
    if label_cost < 0.0 or requests < 0 or not 0.0 <= shadow_share <= 1.0:
        message = "--label-cost and --requests cannot be negative, and --shadow-share is a number in [0, 1]."
        raise ConfigError(message)
