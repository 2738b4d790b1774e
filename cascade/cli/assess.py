"""`cascade assess`: estimates whether a cascade pays on a task, before calibration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.options import JsonOption, MapOption, TaskOption, VerifiersOption, is_log
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.terminal import dollars, percent, print_json, say, show_blocks, warn
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.assess.assessment import Assessment, RungAssessment
    from calibration.assess.worth import VerifierWorth
    from calibration.judges.skip_rule import SkipRule


def assess(
    samples: Annotated[
        list[str],
        typer.Argument(metavar="SAMPLES…", help="One or more files of samples, or one decision log."),
    ],
    *,
    rungs: Annotated[
        str | None,
        typer.Option("--rungs", metavar="NAMES", help="Recorded rungs, cheapest first, if there is no --config."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Use this configuration's ladder and prices.")
    ] = None,
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
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the cross-validation folds.")] = 0,
    task: TaskOption = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Assess whether a cascade pays on recorded samples: worth it, not worth it, or cannot tell. No call is made.

    The baseline is the hull of all single models: their random mixes at equal accuracy. The saving is net of verifiers,
    shadow calls and labels, estimated out of fold with 90 % confidence intervals. The worth of each verifier is
    reported too. A decision log shows rates and costs, and quality only where it is labelled; the report lists what it
    cannot show.
    """
    from calibration.assess.assessment import Overheads, assess_table
    from calibration.assess.diagnostics import diagnose
    from calibration.assess.worth import measure_worth
    from calibration.combine.held_out import hold_out
    from calibration.fit.complete import with_labels, with_schemas
    from calibration.judges.skip_rule import propose_skip_rule
    from calibration.samples.recorded import recorded_ladder
    from calibration.samples.selective import require_unselective_samples
    from calibration.samples.table import by_task, lay_out
    from cascade.files import write_atomically
    from cascade.ladder import Ladder
    from cascade.plugins import resolve
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    if len(samples) == 1 and is_log(samples[0]):
        from cascade.cli.shared.assess_log import assess_log

        assess_log(samples[0], task=task, as_json=as_json)
        return
    _require_overheads(label_cost, requests, shadow_share)
    chosen = chosen_ladder(config, rungs, verifiers)
    found = read_files([Path(one) for one in samples], parse_mapping(mapping) if mapping else None)
    found = with_labels(found if chosen.config is None else with_schemas(found, chosen.config), say)
    tasks = {name: rows for name, rows in by_task(found).items() if task is None or name in task}
    if not tasks:
        message = f"No sample belongs to task {(task or ['?'])[0]!r}; give --task a name that the samples have."
        raise ConfigError(message)
    shown: dict[str, Any] = {}
    pictures: dict[str, Any] = {}
    for name, rows in tasks.items():
        given = chosen.ladder
        ladder = resolve(given) if isinstance(given, Ladder) else recorded_ladder(rows, given, chosen.verifiers)
        table = lay_out(name, rows, ladder, prices=None if chosen.config is None else chosen.config.price_book)
        require_unselective_samples(table, rows, needs="whether a cascade pays")
        held_out = hold_out(table, seed=seed)
        labelled = int((table.correct >= 0.0).sum())  # each label was paid for; NaN if absent
        overheads = Overheads(shadow_share=shadow_share, label_usd=label_cost, labels=labelled, requests=requests)
        assessment, worth = assess_table(table, held_out, overheads), measure_worth(table, seed=seed)
        rules = propose_skip_rule(table, seed=seed)
        shown[name] = {
            **assessment.to_json(),
            "verifiers": [one.to_json() for one in worth],
            "sparing": [rule.to_json() for rule in rules],
        }
        if diagnostics is not None:
            pictures[name] = diagnose(table, held_out).to_json()
        if not as_json:
            _show(name, assessment, worth, rules)
    if diagnostics is not None:
        write_atomically(diagnostics, json.dumps(pictures, allow_nan=False) + "\n")
    if as_json:
        print_json({"tasks": shown})
    else:
        say("Money is per request, against the hull of single models at equal accuracy; intervals are 90 %.")
    if not label_cost:
        warn("Labels are counted as free; give --label-cost and --requests to include their cost.")


def _require_overheads(label_cost: float, requests: int, shadow_share: float) -> None:
    if label_cost and not requests:
        message = "--label-cost needs --requests N, the number of requests over which the labels are spread."
        raise ConfigError(message)
    if label_cost < 0.0 or requests < 0 or not 0.0 <= shadow_share <= 1.0:
        message = "--label-cost and --requests cannot be negative, and --shadow-share is a number in [0, 1]."
        raise ConfigError(message)


def _show(name: str, assessment: Assessment, worth: tuple[VerifierWorth, ...], rules: tuple[SkipRule, ...]) -> None:
    rows = [("verdict", assessment.verdict), ("why", assessment.why)]
    for rung in assessment.rungs:
        rows += _figures(rung)
        rows += [("", one.sentence()) for one in worth if one.rung == rung.rung and one.standing != "constant"]
        silent = [one.verifier for one in worth if one.rung == rung.rung and one.standing == "constant"]
        if silent:
            rows.append(("", f"Constant or no verdict on every answer: {', '.join(silent)}."))
        rows += [("", _rule(rule)) for rule in rules if rule.rung == rung.rung and rule.pays]
    show_blocks("Assessed", {name: rows})


def _rule(rule: SkipRule) -> str:
    gain = f"that skips {percent(rule.spared)} of its verdicts and saves {dollars(rule.saves_usd)} per answer"
    ends = f"{rule.when} is below {rule.below:.3g} or above {rule.above:.3g}"
    return f"{rule.verifier} can be skipped where {ends}: {gain} (verifier `Sparing`)."


def _figures(rung: RungAssessment) -> list[tuple[str, str]]:
    lead, area, net = rung.lead, rung.area, rung.net_usd
    rows = [
        (rung.rung, f"{rung.verdict}; {rung.n:,} samples labelled on it and the reference"),
        ("the reference leads by", f"{100 * lead.value:.1f} points ({_points(lead.low)} to {_points(lead.high)})"),
        ("area above chance", f"{100 * area.value:.2f} points ({_points(area.low)} to {_points(area.high)})"),
    ]
    if net is not None:
        rows.append(("net saving", f"{dollars(net.value)} ({dollars(net.low)} to {dollars(net.high)})"))
        off = [
            ("answers below", rung.below_usd), ("verifiers", rung.verifiers_usd),
            ("shadow", rung.shadow_usd), ("labels", rung.labels_usd),
            ("other models", rung.hull_usd),
        ]  # fmt: skip
        taken = ", ".join(f"{name} {dollars(usd)}" for name, usd in off)
        rows.append(("taken off", f"{taken}, from {dollars(rung.gross_usd)}"))
    if rung.more_labels is not None:
        rows.append(
            ("to decide", f"about {rung.more_labels:,} more labelled samples, if the estimates stay as they are")
        )
    return rows


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f}"
