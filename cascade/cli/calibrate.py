"""`cascade calibrate`: fits a policy on samples."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import typer

from cascade.cli.explore import explore_samples
from cascade.cli.shared.calibrated import print_baseline, print_caveats, show_calibrated
from cascade.cli.shared.options import (
    ConcurrencyOption,
    ConfigOption,
    EachOption,
    JsonOption,
    MapOption,
    MaxAddedOption,
    RecordedRungsOption,
    SameOption,
    TaskOption,
    VerifiersOption,
    YesOption,
    is_log,
    load_sameness,
    open_for_reading,
)
from cascade.cli.shared.page_file import ReportOption
from cascade.cli.shared.progress import progress, summed
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.targets import each_tag, parse_bounds, parse_dial, parse_rates
from cascade.cli.shared.terminal import fail, print_json, say, warn
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from calibration.judges.same_judge import SameJudge
    from calibration.samples.sameness import Sameness
    from calibration.samples.survey import Survey
    from cascade.bulk.exploration import Exploration
    from cascade.cli.shared.rungs import Chosen
    from cascade.engine.cascade import Cascade
    from cascade.policy.policy import Policy
    from cascade.samples.sample import Sample


def calibrate(
    samples: Annotated[
        list[str], typer.Argument(metavar="SAMPLES…|LOG", help="One or more files of samples, or a decision log.")
    ],
    *,
    target_escalation: Annotated[
        str | None,
        typer.Option(
            "--target-escalation",
            metavar="R",
            help="Aim: escalation rate of the first rung (0.25); R1,R2,… sets the rate of each rung.",
        ),
    ] = None,
    target_cost: Annotated[
        float | None, typer.Option("--target-cost", metavar="USD", help="Aim: mean cost per request.")
    ] = None,
    target_loss: Annotated[
        float | None,
        typer.Option("--target-loss", metavar="E", help="Aim: accuracy loss against always-top (0.01)."),
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option("--target-error", metavar="A", help="Aim: error rate among answers accepted below the top."),
    ] = None,
    redraws: Annotated[
        int,
        typer.Option(
            "--redraws",
            min=0,
            metavar="N",
            help="Fit again on N other draws of the labels, and say how far cost and loss move (20 takes seconds).",
        ),
    ] = 0,
    max_escalation: Annotated[
        float | None,
        typer.Option(
            "--max-escalation",
            metavar="R",
            help="Greatest escalation rate, beside a bound or another aim: both hold, or the conflict is shown.",
        ),
    ] = None,
    max_added_p95: MaxAddedOption = None,
    target: Annotated[
        Literal["best"] | None,
        typer.Option("--target", help="Aim: the best accuracy at no more than the cost of always-top."),
    ] = None,
    max_loss: Annotated[
        list[str] | None,
        typer.Option(
            "--max-loss",
            metavar="E",
            help="Certify: upper bound on the accuracy loss against always-top; tone=E for one dimension; repeatable.",
        ),
    ] = None,
    max_error: Annotated[
        list[str] | None,
        typer.Option(
            "--max-error",
            metavar="A",
            help="Certify: upper bound on the error among answers accepted below the top; tone=A by dimension.",
        ),
    ] = None,
    max_disagreement: Annotated[
        float | None,
        typer.Option(
            "--max-disagreement",
            metavar="E",
            help="Certify without a label: upper bound on the share of answers that are not the same as always-top's.",
        ),
    ] = None,
    each: EachOption = None,
    same: SameOption = None,
    judge_model: Annotated[
        str | None,
        typer.Option(
            "--judge-model", metavar="MODEL", help="Model of the judge, with --same judge; asking it costs money."
        ),
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option("--rubric", metavar="FILE", help="With --same judge: what is the same.")
    ] = None,
    checks: Annotated[
        int | None,
        typer.Option(
            "--checks",
            min=200,
            metavar="N",
            help="With --same judge: rows of a task that a person checks; default: 200.",
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option("--confidence", metavar="C", help="Confidence level of a certificate; default: 0.9."),
    ] = None,
    require_certified: Annotated[
        bool,
        typer.Option(
            "--require-certified", help="Exit with 1 if the bound cannot be certified, and report what could be."
        ),
    ] = False,
    dial: Annotated[
        list[str] | None,
        typer.Option(
            "--dial", metavar="NAME=KIND:VALUE", help="Add an operating point: strict=max-loss:0.01; repeatable."
        ),
    ] = None,
    choose_rungs: Annotated[
        bool,
        typer.Option(
            "--choose-rungs", help="Also try every sub-ladder that keeps the top, to find rungs that never pay."
        ),
    ] = False,
    config: ConfigOption = None,
    rungs: RecordedRungsOption = None,
    verifiers: VerifiersOption = None,
    combiner: Annotated[
        Path | None,
        typer.Option("--combiner", metavar="POLICY", help="Reuse the combiners of this policy; no labels are needed."),
    ] = None,
    task: TaskOption = None,
    new_task: Annotated[
        list[str] | None,
        typer.Option(
            "--new-task",
            metavar="TASK",
            help="Cold start: a task without samples, which starts from the others; repeatable.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="File for the policy.")] = Path(
        "policy.json"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Random seed.")] = 0,
    admit_judge: Annotated[
        list[str] | None,
        typer.Option(
            "--admit-judge",
            metavar="NAME",
            help="Admit a judge although it passes too many probes; the policy records it.",
        ),
    ] = None,
    no_probes: Annotated[
        bool, typer.Option("--no-probes", help="Do not probe judges with wrong answers first; the policy records it.")
    ] = False,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="USD", help="Budget for recording missing answers and probing judges."),
    ] = None,
    concurrency: ConcurrencyOption = 16,
    mapping: MapOption = None,
    yes: YesOption = False,
    report_file: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a policy: how verdicts become a confidence, and the thresholds below which a request escalates.

    The ladder comes from a configuration, or from --rungs. Aims are met in expectation; several aims hold together, or
    are refused if they cannot. A bound (--max-loss, --max-error, --max-disagreement) is certified; if it
    cannot be, the safest policy is written and the report names what is missing. --max-disagreement needs no label.
    Without a target, the tasks' targets in the configuration are used.
    Missing recordings are made first (this needs a configuration and costs money). Recordings without a label are
    graded by the gold answer of their sample. Each judge of a configuration is first probed with 200 wrong answers
    (this costs money too), and refused with exit code 1 if it may pass more than 5 % of them.

    A decision log is read as `cascade samples` writes it: observed decisions have every rung.
    """
    from calibration import calibrate_files
    from calibration.judges.screening import UNPROBED
    from calibration.pages.blocks import operating_points
    from calibration.targets.by_task import make_target
    from cascade.policy.policy import Policy
    from cascade.samples.table import parse_mapping

    chosen = chosen_ladder(config, rungs, verifiers)
    asked = make_target(
        {
            "escalation_rate": parse_rates(target_escalation),
            "mean_cost_usd": target_cost,
            "expected_loss": target_loss,
            "expected_error": target_error,
            "best": target == "best",
            "max_loss": parse_bounds(max_loss, "--max-loss"),
            "max_error": parse_bounds(max_error, "--max-error"),
            "max_disagreement": max_disagreement,
            "confidence": confidence,
        }
    )
    if max_escalation is not None and target_escalation is not None:
        message = "--max-escalation and --target-escalation are both given; one of them was expected."
        raise ConfigError(message)
    tag = each_tag(each, {"--same judge": same == "judge"})
    if new_task and asked is None:
        message = f"--new-task {new_task[0]} needs a target on the command line, such as --target-escalation 0.25."
        raise ConfigError(message)
    with (
        _as_files(samples, task) as paths,
        _Shown(partial(explore_samples, max_cost=max_cost, concurrency=concurrency, yes=yes)) as shown,
    ):
        policy = calibrate_files(
            paths,
            # A log's samples are gone in the end; its record of looks is not. Of a server's log, it is the policy's.
            looks_beside=[out if "://" in one else Path(one) for one in samples],
            config=chosen.config,
            rungs=chosen.rungs,
            verifiers=chosen.verifiers,
            target=asked,
            max_escalation=max_escalation,
            max_added_p95_s=max_added_p95,
            redraws=redraws,
            each=tag,
            dial=parse_dial(dial or []),
            choose_rungs=choose_rungs,
            combiner=None if combiner is None else Policy.load(combiner),
            tasks=task,
            new_tasks=new_task or (),
            mapping=parse_mapping(mapping) if mapping else None,
            out=out,
            seed=seed,
            sameness=_sameness(same, judge_model, rubric, checks),
            probe_judges=not no_probes,
            admit_judges=admit_judge or (),
            explore=shown.explore,
            say=shown.say,
            progress=shown.judged,
            on_samples=shown.ready,
        )
    if chosen.config is not None and any(one.why == UNPROBED for one in policy.judges):
        warn("Judges were not probed; their false accept rate is unknown. Calibrate without --no-probes to measure it.")
    if report_file is not None:
        _write_page(policy, shown, chosen, report_file, samples=samples, seed=seed)
    print_baseline(policy)
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
    print_caveats(policy)
    folder = Path() if chosen.config is None else chosen.config.path.parent
    uncertified = [name for name, fitted in operating_points(policy).items() if fitted.certified is False]
    if require_certified and uncertified:
        named = ", ".join(uncertified)
        fail(f"Not certified: {named}. The safest policy is in {out}; no cheaper one can be promised.")
        raise typer.Exit(1)
    say(f"The policy is in {out}; put `policy: {os.path.relpath(out, folder)}` into the configuration to serve it.")


def _sameness(
    same: str | None, model: str | None, rubric: Path | None, checks: int | None
) -> Sameness | SameJudge | None:
    """Return whose sameness a disagreement is about."""
    if (same == "judge") != (model is not None) or (model is None and (rubric or checks)):
        message = "--same judge and --judge-model belong together, and --rubric and --checks go with both."
        raise ConfigError(message)
    if model is None:
        return load_sameness(same)
    from calibration.judges.same_judge import RUBRIC, SameJudge
    from calibration.samples.checks import CHECKS

    return SameJudge(model=model, rubric=rubric or RUBRIC, checks=checks or CHECKS)


@contextmanager
def _as_files(named: Sequence[str], tasks: list[str] | None) -> Iterator[list[Path]]:
    """Yield files of samples; a decision log becomes one, for as long as it is needed."""
    import tempfile

    from cascade.cli.shared.log_samples import say_skips, write_log_samples
    from cascade.cli.shared.missing_hours import require_hours
    from cascade.log.samples import Skips

    with ExitStack() as stack:
        paths: list[Path] = []
        for one in named:
            if not is_log(one):
                paths.append(Path(one))
                continue
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cascade-"))
            paths.append(Path(folder) / "samples.jsonl")
            held, skips = open_for_reading(one, None), Skips()
            try:
                require_hours(held, tasks)
                say_skips(skips, write_log_samples(held, paths[-1], skips=skips, tasks=tasks))
            finally:
                held.close()
        yield paths


class _Shown:
    """Terminal progress of a calibration: one bar at a time, sentences between them."""

    samples: Iterable[Sample]
    """The completed samples."""

    found: Survey
    """The survey of the samples."""

    def __init__(self, explore: Callable[..., Exploration]) -> None:
        self._explore, self._bar = explore, ExitStack()
        self._judged: Callable[[str, int, int], None] | None = None

    def __enter__(self) -> Self:
        self._bar.enter_context(progress("Reading samples", None, costs=False))
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def say(self, text: str) -> None:
        self._bar.close()
        say(text)

    def explore(self, app: Cascade, samples: Sequence[Sample], output: Path, *, label: str) -> Exploration:
        self._bar.close()
        return self._explore(app, samples, output, label=label)

    def ready(self, samples: Iterable[Sample], found: Survey) -> None:
        self._bar.close()
        self.samples, self.found = samples, found
        self._judged = summed(self._bar.enter_context(progress("Judging recordings", len(found), costs=False)))

    def judged(self, task: str, done: int, total: int) -> None:
        if self._judged is not None:
            self._judged(task, done, total)


def _write_page(
    policy: Policy,
    shown: _Shown,
    chosen: Chosen,
    path: Path,
    *,
    samples: Sequence[str],
    seed: int,
) -> None:
    """Write the page of a fitted policy."""
    from calibration.gate.replays import policy_ladder
    from calibration.pages.figures import pictures_of
    from calibration.pages.policy_page import calibrated_document
    from cascade.cli.shared.page_file import write_page
    from cascade.ladder import Ladder

    held = chosen.ladder if isinstance(chosen.ladder, Ladder) else policy_ladder(shown.found, policy, chosen.verifiers)
    prices = None if chosen.config is None else chosen.config.price_book
    seen = pictures_of(shown.samples, held, shown.found, list(policy.tasks), prices=prices, seed=seed)
    write_page(calibrated_document(policy, seen, ", ".join(map(str, samples))), path)
