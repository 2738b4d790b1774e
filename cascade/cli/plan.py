"""`cascade plan`: plans the sample size of a promise, from a pilot or from assumptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import JsonOption, MapOption, TaskOption, VerifiersOption
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.terminal import dollars, percent, print_json, say, stdout, warn
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.planning.pilot import Kept
    from calibration.planning.plan import Plan


def plan(
    *,
    max_error: Annotated[
        float | None,
        typer.Option("--max-error", metavar="A", help="Promise: upper bound on the error rate among accepted answers."),
    ] = None,
    max_loss: Annotated[
        float | None,
        typer.Option(
            "--max-loss", metavar="E", help="Promise: upper bound on the accuracy loss against the reference."
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option("--min-accuracy", metavar="A", help="Gate: lower limit on the accuracy of served answers."),
    ] = None,
    target_escalation: Annotated[
        float | None,
        typer.Option("--target-escalation", metavar="R", help="Escalation rate, to be met within --tolerance."),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", metavar="R", help="Largest distance of the true escalation rate from the target."),
    ] = 0.03,
    confidence: Annotated[
        float, typer.Option("--confidence", metavar="C", help="Confidence level of the promise.")
    ] = 0.9,
    tasks: Annotated[int, typer.Option("--tasks", min=1, help="Number of tasks that are promised together.")] = 1,
    expected: Annotated[
        float | None,
        typer.Option(
            "--expected",
            metavar="X",
            help="Without a pilot: expected error, harm or accuracy; default: half the bound.",
        ),
    ] = None,
    accept_share: Annotated[
        float | None,
        typer.Option(
            "--accept-share", metavar="S", help="Coverage: share of requests answered below the top; default: several."
        ),
    ] = None,
    same: Annotated[
        float,
        typer.Option("--same", metavar="S", help="Without a pilot: share of answers that agree with the reference."),
    ] = 0.0,
    pilot: Annotated[
        list[Path] | None,
        typer.Option("--pilot", metavar="SAMPLES", help="Pilot of recorded, labelled samples; repeatable."),
    ] = None,
    rungs: Annotated[
        str | None, typer.Option("--rungs", metavar="NAMES", help="Recorded rungs of the pilot, cheapest first.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Use this configuration's ladder.")
    ] = None,
    verifiers: VerifiersOption = None,
    task: TaskOption = None,
    label_cost: Annotated[
        float | None,
        typer.Option("--label-cost", metavar="USD", help="Cost of one label, to add the cost of all labels."),
    ] = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan the sample size: how many labelled samples a promise will need. No call is made.

    The sizes give the later tests a power of .8 if errors occur as expected, or as in the pilot. A pilot of a few dozen
    samples estimates its own rates only roughly.
    """
    from calibration.planning.plan import plan_rate, recommended

    plans: list[Plan] = []
    found: dict[str, tuple[Kept, ...]] = {}
    if max_error is None and max_loss is None and min_accuracy is None and target_escalation is None:
        message = "Nothing is promised; give --max-error, --max-loss, --min-accuracy or --target-escalation."
        raise ConfigError(message)
    if target_escalation is not None:
        plans.append(plan_rate(target_escalation, tolerance, confidence=confidence))
    if pilot:
        shares = None if accept_share is None else (accept_share,)
        found = _pilots(pilot, rungs, config, verifiers, task, mapping, shares)
        for kept in found.values():
            for one in kept:
                plans += _from_pilot(one, max_error, max_loss, min_accuracy, confidence, tasks)
    else:
        plans += _assumed(max_error, max_loss, min_accuracy, expected, accept_share or 0.5, same, confidence, tasks)
    if as_json:
        from dataclasses import asdict

        shown = [{**one.to_json(), "labels_usd": _labels_usd(one, label_cost)} for one in plans]
        best = recommended(plans)
        advice = None if best is None else {"samples": best[0], "labels": best[1]}
        print_json(
            {
                "recommended": advice,
                "plans": shown,
                "pilot": {name: [asdict(one) for one in kept] for name, kept in found.items()},
            }
        )
        return
    _show(plans, label_cost)
    if max_loss is not None:
        say(
            "These are labels on random rows. Of recorded answers, `cascade certify` labels only rows that differ from "
            "the reference's, mostly fewer; it says how many before anybody labels."
        )
    say("Samples are per task. A promise holds with the confidence named; the power of the test is .8.")
    if max_loss is not None:
        say(
            "For a loss it is twice the samples of one policy's test, since a fit has to find that policy: measured, "
            "and no guarantee. Shares of a tenth are often not reached; plan with a quarter or more (--accept-share)."
        )


def _assumed(
    max_error: float | None,
    max_loss: float | None,
    min_accuracy: float | None,
    expected: float | None,
    accept_share: float,
    same: float,
    confidence: float,
    tasks: int,
) -> list[Plan]:
    from calibration.planning.plan import plan_accuracy, plan_error, plan_loss

    plans = []
    if max_error is not None:
        error = max_error / 2 if expected is None else expected
        plans.append(plan_error(max_error, error, accept_share, confidence=confidence, tasks=tasks))
    if max_loss is not None:
        harm = max_loss / 2 if expected is None else expected
        plans.append(plan_loss(max_loss, harm, 0.0, same, confidence=confidence, tasks=tasks))
    if min_accuracy is not None:
        accuracy = (1.0 + min_accuracy) / 2 if expected is None else expected
        plans.append(plan_accuracy(min_accuracy, accuracy, confidence=confidence, tasks=tasks))
    return plans


def _from_pilot(
    kept: Kept,
    max_error: float | None,
    max_loss: float | None,
    min_accuracy: float | None,
    confidence: float,
    tasks: int,
) -> list[Plan]:
    from dataclasses import replace

    from calibration.planning.plan import plan_accuracy, plan_error, plan_loss

    plans = []
    if max_error is not None:
        plans.append(plan_error(max_error, kept.error, kept.share, confidence=confidence, tasks=tasks))
    if max_loss is not None:
        share = kept.share
        plans.append(
            plan_loss(max_loss, kept.harm, kept.gain, kept.same, confidence=confidence, tasks=tasks, accept_share=share)
        )
    if min_accuracy is not None:
        gated = plan_accuracy(min_accuracy, kept.accuracy, confidence=confidence, tasks=tasks)
        plans.append(replace(gated, accept_share=kept.share))
    return plans


def _pilots(
    files: list[Path],
    rungs: str | None,
    config: Path | None,
    verifiers: str | None,
    tasks: list[str] | None,
    mapping: str | None,
    shares: tuple[float, ...] | None,
) -> dict[str, tuple[Kept, ...]]:
    from calibration.fit.complete import with_labels
    from calibration.planning.pilot import SHARES, read_pilot
    from calibration.samples.sameness import same_answers
    from calibration.samples.selective import require_unselective_samples
    from calibration.samples.table import by_task, lay_out
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    chosen = chosen_ladder(config, rungs, verifiers)
    read = read_files(files, parse_mapping(mapping) if mapping else None, rungs=chosen.rungs, say=say)
    grouped = by_task(with_labels(read, say))
    found: dict[str, tuple[Kept, ...]] = {}
    for name, rows in grouped.items():
        if tasks is None or name in tasks:
            ladder = chosen.of(rows)
            table = lay_out(name, rows, ladder)
            require_unselective_samples(table, rows, needs="the rates of a pilot")
            groups = [group for group in table.groups if group is not None]
            if len(set(groups)) < len(groups):
                warn(
                    f"{name}: samples of the pilot share groups (sessions); a certificate then tests groups, and takes "
                    "more than these numbers, which are of independent samples."
                )
            found[name] = read_pilot(table, same_answers(rows, table.rungs), shares or SHARES)
    if not found:
        message = f"No sample of the pilot belongs to {', '.join(tasks or ()) or 'any task'}."
        raise ConfigError(message)
    return found


def _show(plans: list[Plan], label_cost: float | None) -> None:
    from rich.table import Table

    from calibration.planning.plan import recommended

    best = recommended(plans)
    if best is None:
        advice = "No number of samples that is practical keeps every promise; loosen one, or accept less below the top."
    else:
        advice = f"Record {best[0]:,} samples of each task, and label {best[1]:,}: then each promise can be kept."
    stdout().print(advice, style="bold", markup=False, highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("promise", "accepted below the top", "expected", "samples", "labels", "at least"):
        table.add_column(heading, overflow="fold")
    if label_cost is not None:
        table.add_column("labels cost")
    for one in plans:
        row = [
            f"{one.promise} {one.limit:g}",
            percent(one.accept_share),
            percent(one.expected),
            "no number" if one.samples is None else f"{one.samples:,}",
            "–" if one.labels is None else f"{one.labels:,}",
            f"{one.least:,}",
        ]
        table.add_row(*row, *([] if label_cost is None else [dollars(_labels_usd(one, label_cost))]))
    stdout().print(table, markup=False, highlight=False)


def _labels_usd(one: Plan, label_cost: float | None) -> float | None:
    return None if label_cost is None or one.labels is None else label_cost * one.labels
