"""`cascade next-labels`: draws the requests to label next, with probabilities that are written into the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import ConfigOption, JsonOption, MapOption, TaskOption, VerifiersOption
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.terminal import print_json, print_text, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.planning.work_list import WorkList
    from calibration.targets.bound import MaxError, MaxLoss
    from cascade.cli.shared.rungs import Chosen
    from cascade.policy.policy import TaskPolicy
    from cascade.samples.sample import Sample


def next_labels(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLES…", help="Samples with recordings.")],
    *,
    labels: Annotated[
        int, typer.Option("--labels", "-n", min=1, metavar="N", help="Number of samples to choose in each task.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="File for all samples, with the chosen ones marked.")
    ],
    max_error: Annotated[
        float | None,
        typer.Option("--max-error", metavar="A", help="Bound to certify: error rate among accepted answers."),
    ] = None,
    max_loss: Annotated[
        float | None,
        typer.Option("--max-loss", metavar="E", help="Bound to certify: accuracy loss against the reference."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", "-p", metavar="FILE", help="Use the combiners and the bound of this policy."),
    ] = None,
    config: ConfigOption = None,
    rungs: Annotated[
        str | None,
        typer.Option("--rungs", metavar="NAMES", help="Recorded rungs, cheapest first; default: the policy's."),
    ] = None,
    verifiers: VerifiersOption = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            "--proxy",
            metavar="VERIFIER",
            help="Prediction-powered inference: a judge whose verdicts narrow the accuracy estimate.",
        ),
    ] = None,
    task: TaskOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the draw.")] = 0,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the most informative requests to label (active learning).

    With a bound to certify, labels go where a threshold could accept, and with --max-loss only where rung and reference
    differ. Without a bound, they go where the first rung is in doubt. Every sample can be drawn: the smallest
    probability is reported. Label FILE with `cascade label`, then calibrate with it, or draw another round from it.
    """
    from cascade.bulk.journal import dump
    from cascade.files import write_atomically
    from cascade.policy.policy import Policy
    from cascade.samples.jsonl import sample_line
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    if output.suffix == ".gz":
        message = f"{output} cannot be written compressed; give --output FILE.jsonl."
        raise ConfigError(message)
    found = read_files(samples, parse_mapping(mapping) if mapping else None)
    known = None if policy is None else Policy.load(policy)
    if rungs is None and config is None and known is not None:
        rungs = ",".join(known.ladder.rungs)
        if verifiers is None and known.ladder.verifiers:
            used = dict.fromkeys(name for own in known.ladder.verifiers.values() for name in own)
            verifiers = ",".join(dict.fromkeys((*used, *([proxy] if proxy else []))))
    lists = _choose(
        found,
        chosen_ladder(config, rungs, verifiers),
        labels=labels,
        bounds=(max_error, max_loss),
        policies={} if known is None else known.tasks,
        proxy=proxy,
        seed=seed,
        tasks=task,
    )
    changed = {sample.key: sample for work in lists.values() for sample in work.samples}
    lines = (sample_line(changed.get(sample.key, sample)) for sample in found)
    write_atomically(output, "".join(dump(line) + "\n" for line in lines))
    _show(lists, output, as_json=as_json)


def _choose(
    found: Sequence[Sample],
    chosen: Chosen,
    *,
    labels: int,
    bounds: tuple[float | None, float | None],
    policies: Mapping[str, TaskPolicy],
    proxy: str | None,
    seed: int,
    tasks: list[str] | None,
) -> dict[str, WorkList]:
    """Draw each task's labels."""
    from calibration.fit.complete import with_schemas
    from calibration.planning.work_list import choose_labels
    from calibration.samples.recorded import recorded_ladder
    from calibration.samples.table import by_task
    from cascade.ladder import Ladder

    if chosen.config is not None:
        found = with_schemas(found, chosen.config)
    given = chosen.ladder
    ladder = given if isinstance(given, Ladder) else recorded_ladder(found, given, chosen.verifiers)
    grouped = by_task(found)
    lists: dict[str, WorkList] = {}
    for name in tasks or grouped:
        if name not in grouped:
            message = f"No sample belongs to task {name!r}; the samples have {', '.join(sorted(grouped))}."
            raise ConfigError(message)
        lists[name] = choose_labels(
            name,
            grouped[name],
            ladder,
            labels=labels,
            bound=_bound(bounds, policies.get(name)),
            policy=policies.get(name),
            proxy=proxy,
            seed=seed,
        )
    return lists


def _bound(given: tuple[float | None, float | None], policy: TaskPolicy | None) -> MaxError | MaxLoss | None:
    """Return the given bound, else the policy's own; None if an accuracy is to be estimated."""
    from calibration.targets.bound import MaxError, MaxLoss

    error, loss = given
    if error is not None and loss is not None:
        message = "--max-error and --max-loss were both given; one of them was expected."
        raise ConfigError(message)
    if error is not None:
        return MaxError(error)
    if loss is not None:
        return MaxLoss(loss)
    target = {} if policy is None else policy.target
    if target.get("kind") == "together" and "confidence" in target:
        # Of several bounds the tightest takes the most labels.
        target = min(target["value"], key=lambda one: float(one["value"]))
    if target.get("kind") == "max_error":
        return MaxError(target["value"])
    return MaxLoss(target["value"]) if target.get("kind") == "max_loss" else None


def _show(lists: Mapping[str, WorkList], output: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"output": str(output), "tasks": {name: work.to_json() for name, work in lists.items()}})
    else:
        print_text(str(output))
    for name, work in lists.items():
        same = f", {work.n_harmless:,} need none since both rungs agree" if work.n_harmless else ""
        say(
            f"{name}: {work.n_chosen:,} of {len(work.samples):,} samples chosen (round {work.round}, probabilities "
            f"from {work.smallest:.3g}); {work.n_labelled:,} were labelled{same}."
        )
        guess = work.accuracy
        if guess is not None:
            better = f"; a label is worth {guess.worth:.1f} labels with this proxy" if guess.weight_of_proxy > 0 else ""
            say(
                f"  first rung right: {100 * guess.value:.1f} % ({100 * guess.low:.1f}–{100 * guess.high:.1f} %) by "
                f"{guess.n_labelled:,} labels{better}."
            )
    say(f"Label them: cascade label {output}")
    if any(work.n_harmless for work in lists.values()):
        say("`cascade certify` asks for fewer: rows where a served answer differs, until the loss is certified.")
