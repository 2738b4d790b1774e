"""`cascade judges`: recorded judges ranked on labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascade.cli.figures import dollars, percent, share
from cascade.cli.options import JsonOption, MapOption, TaskOption, names
from cascade.cli.recorded import with_labels
from cascade.cli.terminal import print_json, printable, say, stdout
from cascade.errors import ConfigError


def judges(
    given: Annotated[
        list[str], typer.Argument(metavar="JUDGES… SAMPLES…", help="Names of recorded verdicts, then files of samples.")
    ],
    *,
    rungs: Annotated[
        str | None, typer.Option("--rungs", metavar="NAMES", help="Only answers of these rungs; default: all.")
    ] = None,
    pass_at: Annotated[
        float, typer.Option("--pass-at", metavar="S", help="The score from which on an answer passes.")
    ] = 0.5,
    confidence: Annotated[
        float, typer.Option("--confidence", metavar="C", help="With which all upper bounds hold at once.")
    ] = 0.9,
    task: TaskOption = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank judges by the most wrong answers that they may let pass, then by AUROC and cost. No call is made.

    Verdicts of every judge on the same labelled answers are needed: give a ladder all of them, and `cascade explore`.
    """
    from calibration.judges import rank_judges
    from cascade.bulk.sample_files import read_files
    from cascade.bulk.sample_table import parse_mapping

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
    samples = with_labels(read_files(files, parse_mapping(mapping) if mapping else None))
    ranking = rank_judges(
        [one for one in samples if task is None or one.request.task in task],
        list(dict.fromkeys(wanted)),
        rungs=names(rungs),
        pass_at=pass_at,
        confidence=confidence,
    )
    if as_json:
        print_json(ranking.to_json())
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("judge", "wrong ones passed", "right ones passed", "AUROC", "abstains", "a verdict"):
        table.add_column(heading, overflow="fold")
    for judge in ranking.judges:
        wrong, auroc = judge.false_accept, judge.auroc
        table.add_row(
            printable(judge.judge),
            "–" if wrong is None else share({"value": wrong.value, "low": wrong.low, "high": wrong.high}),
            percent(judge.true_accept),
            "–" if auroc is None else f"{auroc.value:.3f}",
            percent(judge.abstained),
            dollars(judge.cost_usd),
        )
    stdout().print(table, markup=False, highlight=False)
    first = ranking.judges[0]
    say(
        f"{first.n:,} labelled answers, {first.n_wrong:,.0f} of them wrong; passing is a score of {pass_at:g} or more. "
        f"The upper ends hold for all judges at once with confidence {confidence:g}."
    )
    if ranking.n_left_out:
        say(f"{ranking.n_left_out:,} labelled answers lack a verdict of some judge and are left out.")
