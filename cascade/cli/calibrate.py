"""`cascade calibrate`: samples in, a policy out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.figures import dollars, percent, share, show_blocks
from cascade.cli.options import (
    ConfigOption,
    JsonOption,
    MapOption,
    TaskOption,
    VerifiersOption,
    YesOption,
)
from cascade.cli.progress import progress
from cascade.cli.recorded import with_labels, with_recordings, with_schemas
from cascade.cli.rungs import chosen_ladder
from cascade.cli.terminal import print_json, say, warn
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.target import EscalationRate
    from cascade.config import Config
    from cascade.policy import Policy


def calibrate(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLES…", help="Samples, in one file or several.")],
    *,
    target_escalation: Annotated[
        str | None,
        typer.Option(
            "--target-escalation",
            metavar="R",
            help="The share of requests that leaves the first rung upwards (0.25); R1,R2,… fixes each rung's.",
        ),
    ] = None,
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
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the policy goes.")] = Path(
        "policy.json"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Of the random choices.")] = 0,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="USD", help="What recording missing answers may cost.")
    ] = None,
    mapping: MapOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fit a policy: how verdicts become a confidence, and below which confidence a request escalates.

    The ladder comes from a configuration, or is named by --rungs. Without --target-escalation, the tasks' own targets
    in the configuration are used. Recordings that are missing are made first (this needs a configuration, and
    costs); recordings without a label are graded by their sample's gold answer.
    """
    from calibration import fit
    from cascade.bulk.sample_table import parse_mapping, read_files
    from cascade.policy import Policy

    found = read_files(samples, parse_mapping(mapping) if mapping else None)
    chosen = chosen_ladder(config, rungs, verifiers)
    targets = _targets(target_escalation, chosen.config, {sample.request.task for sample in found}, task)
    known = None if combiner is None else Policy.load(combiner)
    found = [sample for sample in found if sample.request.task in targets]
    if chosen.config is not None:
        found = with_schemas(found, chosen.config)
        kept = out.with_name(out.name.removesuffix(".json") + ".samples.jsonl")
        found = with_recordings(found, chosen.config, kept, max_cost=max_cost, yes=yes)
    found = with_labels(found)
    made: list[Policy] = []
    with progress("Judging recordings", len(found), costs=False) as report:
        judged = dict.fromkeys(targets, 0)

        def judging(name: str, done: int, total: int) -> None:
            del total
            judged[name] = done
            report(sum(judged.values()), 0.0)

        for target in dict.fromkeys(targets.values()):
            own = [name for name, wanted in targets.items() if wanted == target]
            made.append(
                fit.calibrate(
                    [sample for sample in found if sample.request.task in own],
                    chosen.ladder,
                    target=target,
                    verifiers=chosen.verifiers,
                    seed=seed,
                    combiner=known,
                    prices=None if chosen.config is None else chosen.config.price_book,
                    progress=judging,
                )
            )
    policy = _together(made)
    policy.save(out)
    if as_json:
        measured = {name: {"n": fitted.n, **fitted.measured} for name, fitted in policy.tasks.items()}
        print_json({"policy": str(out), "tasks": measured})
    else:
        _show(policy)
    for name, fitted in policy.tasks.items():
        if fitted.why:
            warn(f"{name}: {fitted.why}")
    folder = Path() if chosen.config is None else chosen.config.path.parent
    say(f"The policy is in {out}; put `policy: {os.path.relpath(out, folder)}` into the configuration to serve it.")


def _targets(
    rates: str | None, config: Config | None, present: set[str], wanted: list[str] | None
) -> dict[str, EscalationRate]:
    """Return the target of every task that is to be fitted."""
    from calibration.target import EscalationRate

    tasks = sorted(present) if wanted is None else wanted
    for name in tasks:
        if name not in present:
            message = f"No sample belongs to task {name!r}; the samples have {', '.join(sorted(present))}."
            raise ConfigError(message)
    if rates is not None:
        target = EscalationRate([_rate(part) for part in rates.split(",")])
        return dict.fromkeys(tasks, target)
    found: dict[str, EscalationRate] = {}
    for name in tasks:
        configured = None if config is None else config.targets.get(name)
        if configured is None:
            message = (
                f"No target for task {name!r}; give --target-escalation 0.25, or the task a `target` in the "
                "configuration."
            )
            raise ConfigError(message)
        found[name] = EscalationRate(configured)
    return found


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"--target-escalation has {text!r}; a number from 0 to 1 was expected (0.25 is a quarter)."
        raise ConfigError(message) from None


def _together(policies: list[Policy]) -> Policy:
    """Return one policy of all tasks: tasks with different targets were fitted one after another."""
    first = policies[0]
    read: dict[str, dict[str, None]] = {}
    for policy in policies:
        for rung, used in policy.ladder.verifiers.items():
            read.setdefault(rung, {}).update(dict.fromkeys(used))
    return replace(
        first,
        ladder=replace(first.ladder, verifiers={rung: tuple(used) for rung, used in read.items()}),
        tasks={name: fitted for policy in policies for name, fitted in policy.tasks.items()},
    )


def _show(policy: Policy) -> None:
    blocks = {}
    for name, fitted in policy.tasks.items():
        found: dict[str, Any] = fitted.measured
        rate, rungs = found["escalation_rate"], found["points"][0]["rungs"]
        expected = share({"value": rate["expected"], "low": rate["low"], "high": rate["high"]})
        thresholds = ", ".join(f"{one['t']:.4g}" for one in found["points"][0]["thresholds"]) or "none"
        blocks[name] = [
            ("samples", f"{found['n']:,}, {found['n_labelled']:,} of them labelled"),
            ("ladder", " → ".join(rungs)),
            ("escalation rate", f"{expected}; asked for: {_asked(fitted.target)}"),
            *((f"… of {level['rung']}", share({**level, "value": level["expected"]})) for level in found["rungs"][1:]),
            ("thresholds", thresholds),
            ("accuracy", f"{share(found['accuracy'])}; always {found['reference']}: {percent(found['accuracy_top'])}"),
            ("a request", f"{dollars(found['cost_usd_per_request'])}, {percent(found['cost_vs_top'])} of always-top"),
        ]
    show_blocks("Calibrated", blocks)
    say("Intervals are 90 %; the rate's is that of the true rate, accuracy is estimated out of fold.")


def _asked(target: dict[str, Any]) -> str:
    value = target.get("value")
    return ", ".join(percent(rate) for rate in value) if isinstance(value, list) else percent(value)
