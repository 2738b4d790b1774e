"""`cascade certify`: certifies a loss with labels only where answers differ, in one resumable command."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cascade.cli.explore import explore_samples
from cascade.cli.shared.certified import certify_same, end_certified
from cascade.cli.shared.certify_options import chosen_bound, require_judge, require_together
from cascade.cli.shared.exit_codes import Interrupted
from cascade.cli.shared.options import (
    ConfigOption,
    EachOption,
    JsonOption,
    MapOption,
    MaxAddedOption,
    RecordedRungsOption,
    TaskOption,
    VerifiersOption,
    YesOption,
)
from cascade.cli.shared.pair_run import open_run, record_judges, require_recorded, work_file
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.sitting import annotator_name
from cascade.cli.shared.targets import each_tag
from cascade.cli.shared.terminal import interactive, print_json, say, warn
from cascade.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calibration.fit.paired.run_labels import Asked
    from cascade.cli.shared.pair_labels import Work
    from cascade.config import Config


def certify(
    samples: Annotated[str, typer.Argument(metavar="SAMPLES|LOG", help="Recorded samples, or a decision log.")],
    *,
    max_loss: Annotated[
        float | None,
        typer.Option("--max-loss", metavar="E", help="Upper bound on the accuracy loss against the last rung: 0.02."),
    ] = None,
    never_worse_than: Annotated[
        str | None,
        typer.Option(
            "--never-worse-than",
            metavar="RUNG",
            help=(
                "Instead: compare with this single model, and ask no dearer one; `best`: with the best one by the "
                "labels to learn from; `every`: with each of them. With --margin."
            ),
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="E", help="Upper bound on the accuracy loss against that model: 0.02."),
    ] = None,
    max_disagreement: Annotated[
        float | None,
        typer.Option(
            "--max-disagreement",
            metavar="E",
            help="Instead, without a label: upper bound on the share of answers that are not the last rung's.",
        ),
    ] = None,
    prompt: Annotated[
        Path | None,
        typer.Option(
            "--prompt",
            metavar="FILE",
            help=(
                "Certify a changed system prompt, the whole text of FILE: every rung is asked again on the recorded "
                "requests, with FILE in place of their system messages. The bill comes first."
            ),
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --prompt: show rows, calls and dollars, and end there.")
    ] = False,
    target: Annotated[
        Literal["best"] | None,
        typer.Option(
            "--target", help="Instead of a bound, an aim: the best accuracy at no more than the last rung's cost."
        ),
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(
            "--labels",
            "-n",
            min=20,
            metavar="N",
            help="Rows of each task to label, at most; the audit is extra. None with --max-disagreement.",
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option("--by", metavar="WHO", help="Labels come from: terminal, browser, judge, or a CSV or JSONL FILE."),
    ] = "terminal",
    confidence: Annotated[
        float, typer.Option("--confidence", metavar="C", help="Confidence level of the certificate.")
    ] = 0.9,
    audit: Annotated[
        int, typer.Option("--audit", min=0, metavar="N", help="Rows of the audit, a uniform draw of all rows.")
    ] = 40,
    audit_bound: Annotated[
        bool,
        typer.Option(
            "--audit-bound",
            help="Take the audit's bound on the same value with another label off the loss; hundreds of labels.",
        ),
    ] = False,
    person: Annotated[
        int,
        typer.Option(
            "--person",
            min=0,
            metavar="N",
            help="After a judge: about N of the rows that differ are labelled by a person too, which certifies a loss.",
        ),
    ] = 0,
    judge_model: Annotated[
        str | None, typer.Option("--judge-model", metavar="MODEL", help="Model of the judge, with --by judge.")
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option("--rubric", metavar="FILE", help="Rubric for the judge: what a good answer is.")
    ] = None,
    annotator: Annotated[
        str | None,
        typer.Option("--annotator", "-a", metavar="NAME", help="Name of the annotator; default: the login name."),
    ] = None,
    show_gold: Annotated[
        bool, typer.Option("--show-gold/--hide-gold", help="Show the right answer where it is known.")
    ] = True,
    each: EachOption = None,
    max_added_p95: MaxAddedOption = None,
    config: ConfigOption = None,
    rungs: RecordedRungsOption = None,
    verifiers: VerifiersOption = None,
    task: TaskOption = None,
    labelled: Annotated[
        Path | None,
        typer.Option(
            "--labelled", metavar="FILE", help="File for the samples with their labels; default: SAMPLES itself."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="File for the policy.")] = Path(
        "policy.json"
    ),
    require_certified: Annotated[
        bool, typer.Option("--require-certified", help="Exit with 1 if the bound cannot be certified.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the folds; it moves no row.")] = 0,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="USD", help="Budget of asking again (--prompt), and of each judge's round."),
    ] = None,
    mapping: MapOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Certify a loss with few labels: only of rows where a rung says otherwise than the reference, the last rung.

    First the bill is said, and from recordings alone how many rows differ and what is to be gained. Then exactly the
    rows that count are labelled: to learn from, for a small audit, and down one walk of ever cheaper policies, which
    ends as soon as more labels cannot help. What nobody can tell counts as harmed. Then the policy is written.

    Every label is saved at once: run the command again to go on. A label by a judge is its opinion: the certificate
    says "as NAME judges", until a person confirms a part of them (--person). Rows with a gold answer are labelled by
    it, for nothing.

    With --max-disagreement no label is needed, and none is asked for. With --prompt recorded requests certify a changed
    system prompt before it goes out; the policy that comes of it serves that prompt and no other.
    """
    from calibration.fit.paired.fit import LabelBudget
    from calibration.samples.audit import AUDIT_SHARE, audit_size
    from calibration.targets.bound import MaxDisagreement, MaxLoss
    from calibration.targets.target import Best
    from cascade.cli.shared.changed_prompt import read_prompt, with_changed_prompt
    from cascade.cli.shared.pair_labels import Work
    from cascade.samples.table import parse_mapping

    bound = chosen_bound(
        max_loss, target, (never_worse_than, margin), confidence, audit_bound=audit_bound, same=max_disagreement
    )
    require_together(prompt, labels, max_disagreement, dry_run=dry_run)
    tag = each_tag(
        each,
        {
            "--target best": isinstance(bound, Best),
            "--never-worse-than every": never_worse_than == "every",
            "--person": person,
            "--audit-bound": audit_bound,
        },
    )
    chosen = chosen_ladder(config, rungs, verifiers)
    require_judge(by, judge_model, rubric)
    who = annotator_name(annotator) if by in ("terminal", "browser") and labels is not None else ""
    path, found = work_file(samples, labelled, parse_mapping(mapping) if mapping else None, task)
    source = path
    if prompt is not None:
        path, found = with_changed_prompt(
            found, path, read_prompt(prompt), chosen.config, task, dry_run=dry_run, max_cost=max_cost, yes=yes
        )
    require_recorded(found, path, chosen, task)
    if isinstance(bound, MaxDisagreement) or labels is None:
        policy = certify_same(
            path, source, chosen, bound, out, tasks=task, seed=seed, max_added_p95_s=max_added_p95, each=tag
        )
        end_certified(policy, out, chosen, {"samples": str(path)}, as_json=as_json, required=require_certified)
        return
    if audit_bound and isinstance(bound, MaxLoss):
        tasks = len({sample.request.task for sample in found if task is None or sample.request.task in task})
        least = audit_size(bound.value, AUDIT_SHARE * bound.delta / tasks / 2.0)
        say(f"--audit-bound: {least} audited rows without a conflict leave half of {bound.value:g} to the walk.")
        audit = max(audit, least)
    budget = LabelBudget(labels=labels, audit=audit, audit_bound=audit_bound, person=person)
    run = open_run(found, source, chosen, bound, budget, tasks=task,
               seed=seed, each=tag, reference=never_worse_than, max_added_p95_s=max_added_p95)  # fmt: skip
    for sentence in run.sentences():
        say(sentence)
    bills = run.bills()
    _confirm_worth([name for name, bill in bills.items() if not bill.worth], yes=yes)
    work = Work(path, found, run)
    # A round by file is a person's day: it asks for all that the walk may want.
    whole = by not in ("terminal", "browser", "judge")
    parts, asked = run.queue(whole=whole, judge=by == "judge")
    done, waiting = True, None
    if asked:
        from cascade.cli.shared.pair_labels import describe_parts

        say(f"To be labelled now: {describe_parts(parts)}.")
        done, waiting = _ask(
            work, asked, by, who=who, show_gold=show_gold, judge_model=judge_model, rubric=rubric,
            config=chosen.config, max_cost=max_cost, yes=yes,
        )  # fmt: skip
    for_person = run.queue()[0] if done and by == "judge" else {}
    figures = {
        "samples": str(path),
        "labelled_rows": run.counts(),
        "bill": {name: bill.to_json() for name, bill in bills.items()},
    }
    if not done or for_person:
        parts = for_person or run.queue(whole=whole, judge=by == "judge")[0]
        _show_waiting(parts, path, waiting, figures, as_json=as_json)
        return
    for sentence in run.choices() if asked else ():
        say(sentence)
    policy = record_judges(run, chosen, out)
    policy.save(out)
    end_certified(policy, out, chosen, {**figures, "waiting": {}}, as_json=as_json, required=require_certified)


def _confirm_worth(poor: Sequence[str], *, yes: bool) -> None:
    """Ask before anybody labels where there is little to gain."""
    if not poor:
        return
    warn(f"{', '.join(poor)}: few answers are the same, so labels buy little here.")
    if not yes and interactive() and not typer.confirm("Label all the same?", err=True):
        message = "Declined; nothing was labelled."
        raise Interrupted(message)


def _ask(
    work: Work,
    asked: Sequence[Asked],
    by: str,
    *,
    who: str,
    show_gold: bool,
    judge_model: str | None,
    rubric: Path | None,
    config: Config | None,
    max_cost: float | None,
    yes: bool,
) -> tuple[bool, Path | None]:
    """Have the asked answers labelled; return whether all is done, and the file in which answers wait for labels."""
    from cascade.cli.shared.pair_labels import ask_file, ask_judge, ask_person

    bare = sum(one.sample.textless for one in asked)
    if bare:
        message = (
            f"{bare:,} of {len(asked):,} rows to be labelled have no texts, since their log stored none; log with "
            "`store_text: full` or `redacted`, or bound the disagreement, which needs no label "
            "(`cascade calibrate LOG --max-disagreement`)."
        )
        raise DataError(message)
    if by in ("terminal", "browser"):
        say(f"{who} labels; each key is saved at once into {work.path}.")
        return ask_person(work, asked, who, browser=by == "browser", show_gold=show_gold), None
    if judge_model is not None:
        explore = partial(explore_samples, max_cost=max_cost, yes=yes)
        return ask_judge(work, asked, judge_model, rubric=rubric, config=config, explore=explore), None
    return ask_file(work, asked, Path(by))


def _show_waiting(
    parts: dict[str, dict[str, int]], path: Path, waiting: Path | None, figures: dict[str, Any], *, as_json: bool
) -> None:
    from cascade.cli.shared.pair_labels import describe_parts

    if as_json:
        queue = None if waiting is None else str(waiting)
        print_json({"policy": None, **figures, "waiting": parts, "queue": queue})
    say(f"Not done: {describe_parts(parts)} are still to be labelled; the labels so far are in {path}.")
    if any("person" in own for own in parts.values()) and waiting is None:
        say("Run the command again with --by terminal, --by browser or --by FILE, and without --judge-model.")
    elif waiting is not None:
        say(
            f"Fill in the column `correct` of {waiting} (1, 0, a share, or 'cannot tell'), and run the command again "
            f"with --by {waiting}."
        )
    else:
        say("Run the same command again to go on.")
