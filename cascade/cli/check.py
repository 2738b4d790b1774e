"""`cascade check`: the quality gate for CI, which tests a policy against limits on labelled samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import (
    JsonOption,
    MapOption,
    QualityOption,
    SameOption,
    TaskOption,
    VerifiersOption,
    load,
    load_sameness,
    names,
)
from cascade.cli.shared.page_file import ReportOption, write_page
from cascade.cli.shared.targets import parse_bounds
from cascade.cli.shared.terminal import dollars, percent, print_json, printable, say, stdout, warn
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.gate.finding import Criterion, Finding, Gate

FAILED = 1
"""Exit code of a gate that does not pass."""


def check(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLES…", help="One or more files of samples.")],
    *,
    policy: Annotated[Path, typer.Option("--policy", "-p", metavar="FILE", help="The policy to test.")],
    min_accuracy: Annotated[
        list[str] | None,
        typer.Option(
            "--min-accuracy",
            metavar="A",
            help="Lower limit on accuracy, the share of right answers served; tone=A for one dimension; repeatable.",
        ),
    ] = None,
    max_loss: Annotated[
        list[str] | None,
        typer.Option(
            "--max-loss",
            metavar="E",
            help="Upper limit on the accuracy loss against always asking the reference; tone=E for one dimension.",
        ),
    ] = None,
    max_error: Annotated[
        list[str] | None,
        typer.Option(
            "--max-error",
            metavar="A",
            help="Upper limit on the error rate among answers accepted below the top; tone=A for one dimension.",
        ),
    ] = None,
    max_disagreement: Annotated[
        float | None,
        typer.Option(
            "--max-disagreement",
            metavar="E",
            help="Upper limit on the share of answers that are not the same as the reference's; needs no label.",
        ),
    ] = None,
    same: SameOption = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="USD", help="Upper limit on the mean cost per request.")
    ] = None,
    escalation_tolerance: Annotated[
        float | None,
        typer.Option(
            "--escalation-tolerance",
            metavar="R",
            help="Largest allowed distance of the escalation rate from the policy's target.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="POLICY",
            help="Fail if accuracy is lower than that of this policy on the same samples.",
        ),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option("--max-drop", metavar="D", help="With --baseline: upper limit on the drop in accuracy."),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            "--proxy",
            metavar="VERIFIER",
            help="Prediction-powered inference: a judge with recorded scores of all samples narrows intervals.",
        ),
    ] = None,
    confidence: Annotated[float, typer.Option("--confidence", metavar="C", help="Confidence level of a pass.")] = 0.9,
    allow_undecided: Annotated[
        bool, typer.Option("--allow-undecided", help="Exit 0 if samples are too few to decide.")
    ] = False,
    each: Annotated[
        str | None,
        typer.Option("--each", metavar="tag.NAME", help="Every value of this tag has to meet the limits, too."),
    ] = None,
    allow_fitted: Annotated[
        bool, typer.Option("--allow-fitted", help="Test on samples that the policy was fitted on all the same.")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write JUnit XML.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="FILE", help="Also check that the policy fits this configuration's ladder."
        ),
    ] = None,
    verifiers: VerifiersOption = None,
    task: TaskOption = None,
    mapping: MapOption = None,
    quality: QualityOption = None,
    report_file: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Test a policy against limits on labelled samples that it was not fitted on: pass, fail, or undecided.

    A limit passes if the exact confidence bound of the figure meets it, and fails if the bound on the other side breaks
    it. Otherwise it is undecided, and the report says how many more samples would decide. No call is made. Exit code 1
    unless all limits pass. Samples that the policy was fitted on are refused, as far as equal contents tell (the key of
    its fingerprints stands beside the policy).
    """
    from calibration.fit.complete import with_labels, with_schemas
    from calibration.gate.gate import check_policy
    from cascade.policy.answer_fields import ANSWER_FIELDS, name_fields
    from cascade.policy.policy import Policy
    from cascade.policy.sample_key import read_key
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    if not 0.0 < confidence < 1.0:
        message = f"--confidence is {confidence}; a number between 0 and 1 was expected, such as 0.9."
        raise ConfigError(message)
    criteria = _criteria(
        min_accuracy=parse_bounds(min_accuracy, "--min-accuracy"),
        max_loss=parse_bounds(max_loss, "--max-loss"),
        max_error=parse_bounds(max_error, "--max-error"),
        max_disagreement=max_disagreement,
        max_cost=max_cost,
        escalation_tolerance=escalation_tolerance,
        # Without --max-drop, only a proven drop fails.
        max_drop=max_drop if max_drop is not None or baseline is None else 0.0,
    )
    served = Policy.load(policy).at(quality)
    asked = served.ladder.rungs if config is None else None
    found = read_files(samples, parse_mapping(mapping) if mapping else None, rungs=asked, say=warn)
    loaded = None if config is None else load(config)
    if loaded is not None:
        found = with_schemas(found, loaded)
    fields: dict[str, set[str]] = {}
    for sample in found:
        fields.setdefault(sample.request.task, set()).add(sample.request.answer_field or "")
    gate = check_policy(
        with_labels(found, say),
        served,
        criteria,
        ladder=None if loaded is None else loaded.ladder,
        baseline=None if baseline is None else Policy.load(baseline),
        confidence=confidence,
        verifiers=names(verifiers),
        prices=None if loaded is None else loaded.price_book,
        tasks=task,
        proxy=proxy,
        sameness=load_sameness(same),
        abstaining=() if loaded is None else [name for name in served.tasks if loaded.abstains(name)],
        sample_key=read_key(policy),
        allow_fitted=allow_fitted,
        each=each,
    )
    for warning in (*gate.first, *gate.warnings):
        warn(warning)
    sentences = {finding: sentence(finding, confidence) for finding in gate.findings}
    if junit is not None:
        from calibration.gate.junit import write_junit

        write_junit(gate, junit, policy=str(policy), sentences=sentences, allow_undecided=allow_undecided)
    if report_file is not None:
        from calibration.gate.replays import policy_ladder
        from calibration.pages.figures import pictures_of
        from calibration.pages.policy_page import checked_document
        from calibration.samples.survey import survey

        rows = with_labels(found)
        about = survey(rows)
        held = policy_ladder(about, served, names(verifiers)) if loaded is None else loaded.ladder
        checked = list(dict.fromkeys(finding.task for finding in gate.findings))
        prices = None if loaded is None else loaded.price_book
        seen = pictures_of(rows, held, about, checked, prices=prices, learned=served.learned)
        write_page(checked_document(gate, sentences, served, seen, ", ".join(map(str, samples))), report_file)
    if as_json:
        read = {name: sorted(own) for name, own in fields.items() if name in served.tasks}
        print_json({"policy": str(policy), ANSWER_FIELDS: read, **gate.to_json()})
    else:
        _show(gate, sentences)
        for name in dict.fromkeys(finding.task for finding in gate.findings):
            if any(fields.get(name, ())):
                say(f"{name}: the answer is read {name_fields(sorted(fields[name]))}.")
    if gate.outcome == "fail" or (gate.outcome == "undecided" and not allow_undecided):
        raise typer.Exit(FAILED)


def sentence(finding: Finding, confidence: float) -> str:
    """Return the outcome of one limit as a sentence."""
    from calibration.gate.finding import MEANINGS

    kind, limit, margin = finding.criterion.kind, finding.criterion.limit, finding.margin
    worded = dollars if kind == "max_cost" else percent
    where = finding.criterion.dimension
    meaning = MEANINGS[kind] if where is None else f"{MEANINGS[kind]}, {'by' if kind == 'min_scored' else 'in'} {where}"
    if finding.slice is not None:
        meaning = f"{meaning}, of {finding.slice}"
    if margin.value is None:
        return f"undecided: {meaning}: {finding.note}"
    ends = f"at least {worded(margin.low)}, at most {worded(margin.high)}, each with confidence {confidence:g}"
    asked = {
        "min_accuracy": f"at least {worded(limit)}",
        "min_scored": f"at least {worded(limit)}; look at the verifier's model, key and limits",
        "escalation_tolerance": f"{percent(finding.target)} ± {percent(limit)}",
    }.get(kind, f"at most {worded(limit)}")
    if kind == "max_drop" and limit == 0.0:
        asked = "no drop that can be shown"
    outcome = "no drop shown" if finding.shows_nothing else finding.outcome
    said = f"{outcome}: {meaning} is {worded(margin.value)} ({ends}; n = {margin.n:,}); asked for: {asked}"
    if finding.outcome == "undecided":
        more = finding.more_samples
        said += (
            "; it is so near to the limit that no number of samples would decide"
            if more is None
            else f"; about {more:,} more samples would decide"
        )
    if finding.slice is not None and finding.outcome == "pass":
        said += "; it may be named as one that does" if finding.holds_by_name else "; only all slices together"
    if finding.sharpened is not None:
        ppi = finding.sharpened
        said += (
            f"; with {ppi.proxy} on all {ppi.n:,} it is {percent(ppi.value)} ({percent(ppi.low)} to "
            f"{percent(ppi.high)}, asymptotic, so it does not decide)"
        )
    return said if finding.note is None else f"{said} ({finding.note})"


def _criteria(**limits: float | Mapping[str | None, float] | None) -> list[Criterion]:
    from calibration.gate.finding import MEANINGS, Criterion

    found = []
    for kind in MEANINGS:
        limit = limits.get(kind)
        if isinstance(limit, Mapping):
            found += [Criterion(kind, one, dimension) for dimension, one in limit.items()]
        elif limit is not None:
            found.append(Criterion(kind, limit))
    return found


def _show(gate: Gate, sentences: dict[Finding, str]) -> None:
    console = stdout()
    styles = {"pass": "green", "fail": "red", "undecided": "yellow"}
    said = ["no drop shown" if finding.shows_nothing else finding.outcome for finding in gate.findings]
    held = ", ".join(f"{count} {outcome}" for outcome, count in Counter(said).most_common())
    outcome = said[0] if {*said} == {"no drop shown"} else gate.outcome
    console.print(f"The gate: {outcome} ({held})", style=f"bold {styles[gate.outcome]}", highlight=False)
    for task in dict.fromkeys(finding.task for finding in gate.findings):
        console.print(f"Checked {printable(task)}", style="bold", markup=False, highlight=False)
        for finding in gate.findings:
            if finding.task == task:
                text = f"  {printable(sentences[finding])}."
                console.print(text, style=styles[finding.outcome], markup=False, highlight=False, soft_wrap=True)
    count = len(gate.findings)
    if count > 1:
        say(f"Each limit is tested at its own level, since all must pass; a fail is corrected for all {count} tests.")
