"""`cascade judges`: recorded judges ranked on labelled samples."""

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
        Path | None, typer.Option("--policy", metavar="POLICY", help="Show how the judges of a policy were admitted.")
    ] = None,
    rungs: Annotated[
        str | None, typer.Option("--rungs", metavar="NAMES", help="Only answers of these rungs; default: all.")
    ] = None,
    pass_at: Annotated[
        float, typer.Option("--pass-at", metavar="S", help="The score from which on an answer passes.")
    ] = 0.5,
    true_accept: Annotated[
        float,
        typer.Option("--true-accept", metavar="S", help="Rank where each judge lets this share of right answers pass."),
    ] = 0.9,
    at_mark: Annotated[
        bool, typer.Option("--at-mark", help="Rank at the pass mark, one for all judges, whether it fits them or not.")
    ] = False,
    confidence: Annotated[
        float, typer.Option("--confidence", metavar="C", help="With which all upper bounds hold at once.")
    ] = 0.9,
    task: TaskOption = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank judges by the most wrong answers that they may let pass, then by AUROC and cost. No call is made.

    Each is looked at where it lets 90 % of the right answers pass (--true-accept): one mark fits some judges badly.
    Verdicts of every judge on the same labelled answers are needed: give a ladder all of them, and `cascade explore`.
    Recordings rank judges and admit none: what a judge can be talked into, only `cascade calibrate` finds out, by
    probes; --policy shows what it found.
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
        found = "no file of samples" if not files else "no judge"
        message = (
            f"{given} names {found}; names of recorded verdicts and files of samples were expected: a b samples.jsonl."
        )
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
        f"The upper ends hold for all judges at once with confidence {confidence:g}."
    )
    if ranking.n_left_out:
        say(f"{ranking.n_left_out:,} labelled answers lack a verdict of some judge and are left out.")
    known = {one.judge for one in admissions if one.why != UNPROBED}
    unknown = [judge.judge for judge in ranking.judges if judge.judge not in known]
    if unknown:
        say(f"Not admitted: not probed: {', '.join(map(printable, unknown))}; `cascade calibrate` probes judges.")


def _passed(found: Estimate | None) -> str:
    return "–" if found is None else share({"value": found.value, "low": found.low, "high": found.high})


def _admissions(path: Path) -> tuple[JudgeScreening, ...]:
    """Read a policy's judges, and say how each was admitted."""
    from calibration.judges.screening import sentence
    from cascade.policy.policy import Policy

    found = Policy.load(path).judges
    for one in found:
        say(sentence(one))
    if not found:
        say(f"{path} leans on no judge.")
    return found
