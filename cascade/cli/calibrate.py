"""`cascade calibrate`: samples in, a policy out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.calibrated import operating_points, show_calibrated, tell_more
from cascade.cli.shared.options import (
    ConcurrencyOption,
    ConfigOption,
    JsonOption,
    MapOption,
    TaskOption,
    VerifiersOption,
    YesOption,
)
from cascade.cli.shared.page_file import ReportOption
from cascade.cli.shared.probing import AdmitOption, NoProbesOption, judges_of
from cascade.cli.shared.progress import progress, summed
from cascade.cli.shared.recorded import graded, schema_filler, with_recordings
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.targets import make_target, parse_bounds, parse_dial, parse_rates, target_by_task
from cascade.cli.shared.terminal import fail, print_json, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calibration.fit.fit import Target
    from calibration.samples.survey import Survey
    from cascade.cli.shared.rungs import Chosen
    from cascade.policy.judge_screening import JudgeScreening
    from cascade.policy.policy import Policy
    from cascade.samples.sample import Sample


def calibrate(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLES…", help="Samples, in one file or several.")],
    *,
    target_escalation: Annotated[
        str | None,
        typer.Option(
            "--target-escalation",
            metavar="R",
            help="Aim: the share of requests that leaves the first rung upwards (0.25); R1,R2,… fixes each rung's.",
        ),
    ] = None,
    target_cost: Annotated[
        float | None, typer.Option("--target-cost", metavar="USD", help="Aim: the mean cost of a request.")
    ] = None,
    target_loss: Annotated[
        float | None,
        typer.Option("--target-loss", metavar="E", help="Aim: accuracy lost against always using the top (0.01)."),
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option("--target-error", metavar="A", help="Aim: the error among answers accepted below the top."),
    ] = None,
    max_loss: Annotated[
        list[str] | None,
        typer.Option(
            "--max-loss",
            metavar="E",
            help="Certify: accuracy lost against always using the top, at most; tone=E for one dimension; repeatable.",
        ),
    ] = None,
    max_error: Annotated[
        list[str] | None,
        typer.Option(
            "--max-error",
            metavar="A",
            help="Certify: the error among answers accepted below the top; tone=A for one dimension; repeatable.",
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option("--confidence", metavar="C", help="How sure a certificate is; 0.9 unless given."),
    ] = None,
    require_certified: Annotated[
        bool,
        typer.Option("--require-certified", help="Exit with 1 where nothing can be certified, and say what could."),
    ] = False,
    dial: Annotated[
        list[str] | None,
        typer.Option(
            "--dial", metavar="NAME=KIND:VALUE", help="One more operating point: strict=max-loss:0.01; repeatable."
        ),
    ] = None,
    choose_rungs: Annotated[
        bool,
        typer.Option("--choose-rungs", help="Also try every sub-ladder that keeps the top: which rungs never pay?"),
    ] = False,
    config: ConfigOption = None,
    rungs: Annotated[
        str | None,
        typer.Option("--rungs", metavar="NAMES", help="Recorded rungs, cheapest first, where there is no --config."),
    ] = None,
    verifiers: VerifiersOption = None,
    combiner: Annotated[
        Path | None,
        typer.Option("--combiner", metavar="POLICY", help="Take the combiners of this policy: no labels are needed."),
    ] = None,
    task: TaskOption = None,
    new_task: Annotated[
        list[str] | None,
        typer.Option(
            "--new-task", metavar="TASK", help="A task without samples: it starts from the others; repeatable."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the policy goes.")] = Path(
        "policy.json"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Of the random choices.")] = 0,
    admit_judge: AdmitOption = None,
    no_probes: NoProbesOption = False,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="USD", help="What recording missing answers, or probing a judge, may cost."),
    ] = None,
    concurrency: ConcurrencyOption = 16,
    mapping: MapOption = None,
    yes: YesOption = False,
    report_file: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a policy: how verdicts become a confidence, and below which confidence a request escalates.

    The ladder comes from a configuration, or is named by --rungs. Aims are met in expectation; several are kept
    together, and refused where that cannot be. A bound (--max-loss, --max-error) is certified, or the safest policy
    is written and it is said what is missing. Without a target, the tasks' own in the configuration are used.
    Recordings that are missing are made first (this needs a configuration, and
    costs); recordings without a label are graded by their sample's gold answer. A configuration's judges are shown
    200 wrong answers first (this costs too), and refused with exit code 1 if they may pass more than 5 % of them.
    """
    from calibration.fit import fit
    from calibration.samples.survey import survey
    from cascade.policy.policy import Policy
    from cascade.samples.reader import ChangedSamples, SampleFiles
    from cascade.samples.table import parse_mapping

    source: Iterable[Sample] = SampleFiles(samples, parse_mapping(mapping) if mapping else None)
    with progress("Reading samples", None, costs=False):
        found = survey(source)
    chosen = chosen_ladder(config, rungs, verifiers)
    asked = make_target(
        {
            "escalation_rate": parse_rates(target_escalation),
            "mean_cost_usd": target_cost,
            "expected_loss": target_loss,
            "expected_error": target_error,
            "max_loss": parse_bounds(max_loss, "--max-loss"),
            "max_error": parse_bounds(max_error, "--max-error"),
            "confidence": confidence,
        }
    )
    points = parse_dial(dial or [])
    targets = target_by_task(asked, chosen.config, set(found.counts), task)
    known = None if combiner is None else Policy.load(combiner)
    found = found.of(targets)
    if chosen.config is not None:
        source = ChangedSamples(source, schema_filler(chosen.config))
        ladder = chosen.config.ladder
        if any(found.lacks(name, ladder.of(name).names) for name in targets):
            kept = out.with_name(out.name.removesuffix(".json") + ".samples.jsonl")
            wanted = [sample for sample in source if sample.request.task in targets]
            source = with_recordings(wanted, chosen.config, kept, max_cost=max_cost, concurrency=concurrency, yes=yes)
            found = survey(source)
    source = graded(source, found)
    admissions = judges_of(
        source, chosen, targets, out, admit=admit_judge or (), skip=no_probes, seed=seed, max_cost=max_cost, yes=yes
    )
    made: list[Policy] = []
    with progress("Judging recordings", len(found), costs=False) as report:
        judging = summed(report)
        for first, target in enumerate(dict.fromkeys(targets.values())):
            own = [name for name, wanted in targets.items() if wanted == target]
            made.append(
                fit.calibrate(
                    source,
                    chosen.ladder,
                    target=target,
                    dial=points,
                    shared_by=len(targets),
                    choose_rungs=choose_rungs,
                    verifiers=chosen.verifiers,
                    seed=seed,
                    combiner=known,
                    tasks=own,
                    new_tasks=_new(new_task, asked) if not first else (),
                    prices=None if chosen.config is None else chosen.config.price_book,
                    found=found.of(own),
                    progress=judging,
                )
            )
    policy = _together(made, admissions)
    policy.save(out)
    if report_file is not None:
        _write_page(policy, source, chosen, found, report_file, samples=samples, seed=seed)
    if as_json:
        measured = {
            name: {
                "n": fitted.n,
                **fitted.measured,
                **({"dial": {point: one.measured for point, one in fitted.dial.items()}} if fitted.dial else {}),
            }
            for name, fitted in policy.tasks.items()
        }
        print_json({"policy": str(out), "tasks": measured})
    else:
        show_calibrated(policy)
    tell_more(policy)
    folder = Path() if chosen.config is None else chosen.config.path.parent
    uncertified = [name for name, fitted in operating_points(policy).items() if fitted.certified is False]
    if require_certified and uncertified:
        named = ", ".join(uncertified)
        fail(f"Not certified: {named}. The safest policy is in {out}; nothing cheaper may be promised.")
        raise typer.Exit(1)
    say(f"The policy is in {out}; put `policy: {os.path.relpath(out, folder)}` into the configuration to serve it.")


def _new(names: list[str] | None, asked: Target | None) -> tuple[str, ...]:
    """Return the tasks that have no samples yet.

    Raises:
        ConfigError: no target was named that they could be fitted to.
    """
    if names and asked is None:
        message = f"--new-task {names[0]} needs a target on the command line, such as --target-escalation 0.25."
        raise ConfigError(message)
    return tuple(names or ())


def _write_page(
    policy: Policy,
    source: Iterable[Sample],
    chosen: Chosen,
    found: Survey,
    path: Path,
    *,
    samples: Sequence[Path],
    seed: int,
) -> None:
    """Write the page of a fitted policy."""
    from calibration.gate.replays import policy_ladder
    from cascade.cli.shared.page_file import write_page
    from cascade.cli.shared.pictures import pictures_of
    from cascade.cli.shared.policy_page import calibrated_document
    from cascade.ladder import Ladder

    held = chosen.ladder if isinstance(chosen.ladder, Ladder) else policy_ladder(found, policy, chosen.verifiers)
    prices = None if chosen.config is None else chosen.config.price_book
    seen = pictures_of(source, held, found, list(policy.tasks), prices=prices, seed=seed)
    write_page(calibrated_document(policy, seen, ", ".join(map(str, samples))), path)


def _together(policies: list[Policy], admissions: Sequence[JudgeScreening]) -> Policy:
    """Return one policy of all tasks, which were fitted by target, and what is known of the judges."""
    from calibration.judges.screening import with_judges

    first = policies[0]
    read: dict[str, dict[str, None]] = {}
    for policy in policies:
        for rung, used in policy.ladder.verifiers.items():
            read.setdefault(rung, {}).update(dict.fromkeys(used))
    together = replace(
        first,
        ladder=replace(first.ladder, verifiers={rung: tuple(used) for rung, used in read.items()}),
        tasks={name: fitted for policy in policies for name, fitted in policy.tasks.items()},
    )
    return with_judges(together, admissions)
