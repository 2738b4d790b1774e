"""`cascade judges`: ranks recorded judges on labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.options import JsonOption, MapOption, TaskOption, names
from cascade.cli.shared.terminal import dollars, percent, print_json, printable, say, share, stdout
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from calibration.assess.worth import Estimate
    from cascade.policy.judge_screening import JudgeScreening


def judges(
    given: Annotated[
        list[str] | None,
        typer.Argument(metavar="JUDGES… SAMPLES…", help="Names of recorded verdicts, then files of samples."),
    ] = None,
    *,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="POLICY", help="Show how the judges of a policy were screened.")
    ] = None,
    rungs: Annotated[
        str | None, typer.Option("--rungs", metavar="NAMES", help="Only answers of these rungs; default: all.")
    ] = None,
    pass_at: Annotated[
        float, typer.Option("--pass-at", metavar="S", help="Pass mark: the score from which an answer passes.")
    ] = 0.5,
    true_accept: Annotated[
        float,
        typer.Option(
            "--true-accept", metavar="S", help="Rank at this true accept rate: the share of right answers that pass."
        ),
    ] = 0.9,
    at_mark: Annotated[bool, typer.Option("--at-mark", help="Rank at the pass mark, the same for all judges.")] = False,
    confidence: Annotated[
        float, typer.Option("--confidence", metavar="C", help="Joint confidence of all upper bounds.")
    ] = 0.9,
    task: TaskOption = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank judges by the upper bound of their false accept rate, then by AUROC and cost. No call is made.

    Each judge is compared where 90 % of the right answers pass (--true-accept), since one pass mark fits some judges
    badly. Every judge needs verdicts on the same labelled answers: put all of them into a ladder and run `cascade
    explore`. Recordings only rank judges. To admit one, `cascade calibrate` probes it with wrong answers; --policy
    shows the result.
    """
    admissions = () if policy is None else _admissions(policy)
    if policy is not None and not given:
        if as_json:
            print_json({"admissions": [one.to_json() for one in admissions]})
        return
    from calibration.fit.complete import with_labels
    from calibration.judges.judges import rank_judges
    from calibration.judges.screening import UNPROBED
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    given = given or []
    files = [
        Path(one) for one in given if Path(one).is_file() or Path(one).suffix in {".jsonl", ".gz", ".csv", ".parquet"}
    ]
    wanted = [one for one in given if Path(one) not in files]
    if not files or not wanted:
        missing = "no file of samples" if not files else "no judge"
        message = f"{given} names {missing}; recorded verdicts and files of samples were expected: a b samples.jsonl."
        raise ConfigError(message)
    samples = with_labels(read_files(files, parse_mapping(mapping) if mapping else None), say)
    ranking = rank_judges(
        [one for one in samples if task is None or one.request.task in task],
        list(dict.fromkeys(wanted)),
        rungs=names(rungs),
        pass_at=pass_at,
        true_accept=None if at_mark else true_accept,
        confidence=confidence,
    )
    if as_json:
        more = {} if policy is None else {"admissions": [one.to_json() for one in admissions]}
        print_json(ranking.to_json() | more)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    equal = f"wrong ones passed with {percent(true_accept)} of right ones"
    for heading in ("judge", equal, f"from {pass_at:g} on", "right ones", "AUROC", "abstains", "a verdict"):
        table.add_column(heading, overflow="fold")
    for judge in ranking.judges:
        auroc = judge.auroc
        table.add_row(
            printable(judge.judge),
            _passed(None if judge.equal is None else judge.equal.false_accept),
            _passed(judge.false_accept),
            percent(judge.true_accept),
            "–" if auroc is None else f"{auroc.value:.3f}",
            percent(judge.abstained),
            dollars(judge.cost_usd),
        )
    stdout().print(table, markup=False, highlight=False)
    first = ranking.judges[0]
    say(
        f"{first.n:,} labelled answers, {first.n_wrong:,.0f} of them wrong; ranked at {ranking.ranked_by}. "
        f"The upper bounds hold jointly for all judges with confidence {confidence:g}."
    )
    if ranking.n_left_out:
        say(f"{ranking.n_left_out:,} labelled answers lack the verdict of at least one judge and are left out.")
    known = {one.judge for one in admissions if one.why != UNPROBED}
    unknown = [judge.judge for judge in ranking.judges if judge.judge not in known]
    if unknown:
        say(f"Not admitted: not probed: {', '.join(map(printable, unknown))}; `cascade calibrate` probes judges.")


def _passed(found: Estimate | None) -> str:
    return "–" if found is None else share({"value": found.value, "low": found.low, "high": found.high})


def _admissions(path: Path) -> tuple[JudgeScreening, ...]:
    """Read the screening of a policy's judges, and print it."""
    from calibration.judges.screening import sentence
    from cascade.policy.policy import Policy

    found = Policy.load(path).judges
    for one in found:
        say(sentence(one))
    if not found:
        say(f"{path} uses no judge.")
    return found
