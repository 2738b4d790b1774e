"""`cascade replay`: applies a policy to recorded samples; no call is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from cascade.cli.shared.progress import progress, summed
from cascade.cli.shared.terminal import dollars, percent, print_json, say, share, show_blocks, warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cascade.samples.sample import Sample


def replay(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLES…", help="One or more files of samples.")],
    *,
    policy: Annotated[Path, typer.Option("--policy", "-p", metavar="FILE", help="The policy to apply.")],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Use this configuration's ladder and verifiers; default: the policy's.",
        ),
    ] = None,
    verifiers: VerifiersOption = None,
    same: SameOption = None,
    task: TaskOption = None,
    quality: QualityOption = None,
    mapping: MapOption = None,
    report_file: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a policy on recorded samples: escalation rate, accuracy, disagreement with always-top, cost.

    No call is made.
    """
    import calibration
    from calibration.fit.complete import graded, schema_filler
    from calibration.samples.survey import survey
    from cascade.policy.policy import Policy
    from cascade.samples.reader import ChangedSamples, SampleFiles
    from cascade.samples.table import parse_mapping

    served = Policy.load(policy).at(quality)
    asked = served.ladder.rungs if config is None else None
    columns = parse_mapping(mapping) if mapping else None
    source: Iterable[Sample] = SampleFiles(samples, columns, rungs=asked, say=warn)
    with progress("Reading samples", None, costs=False):
        found = survey(source)
    loaded = None if config is None else load(config)
    if loaded is not None:
        source = ChangedSamples(source, schema_filler(loaded))
    wanted = found.of([name for name in found.counts if name in served.tasks and (task is None or name in task)])
    with progress("Judging recordings", len(wanted), costs=False) as report:
        replayed = calibration.replay(
            graded(source, found, say),
            served,
            None if loaded is None else loaded.ladder,
            verifiers=names(verifiers),
            prices=None if loaded is None else loaded.price_book,
            tasks=task,
            found=found,
            sameness=load_sameness(same),
            abstaining=() if loaded is None else [name for name in served.tasks if loaded.abstains(name)],
            progress=summed(report),
        )
    found_json = replayed.to_json()
    for name, row in found_json["tasks"].items():
        row["confidence_means"] = served.tasks[name].confidence_means
    for warning in (*replayed.first, *replayed.warnings):
        warn(warning)
    if report_file is not None:
        from calibration.gate.replays import policy_ladder
        from calibration.pages.figures import pictures_of
        from calibration.pages.policy_page import replayed_document

        ladder = policy_ladder(found, served, names(verifiers)) if loaded is None else loaded.ladder
        prices = None if loaded is None else loaded.price_book
        replayed_tasks, own = list(found_json["tasks"]), served.learned
        seen = pictures_of(graded(source, found), ladder, wanted, replayed_tasks, prices=prices, learned=own)
        where = ", ".join(map(str, samples))
        write_page(replayed_document(found_json, served, seen, where, replayed.warnings), report_file)
    if as_json:
        print_json(found_json)
    else:
        _show(found_json)


def _show(found: dict[str, Any]) -> None:
    rows = dict(found["tasks"])
    if len(rows) > 1:
        rows["all tasks"] = found["total"]
    show_blocks("Replayed", {name: _figures(row) for name, row in rows.items()})
    say("Intervals are 90 %; accuracy is over labelled rows; costs include verifiers.")


def _rate(row: dict[str, Any]) -> tuple[str, str]:
    """Return the escalation rate; of a policy that asked one rung only, which that is."""
    asked = [rung["rung"] for rung in row["rungs"] if rung["reached"]]
    if len(asked) > 1:
        return ("escalation rate", share(row["escalation_rate"]))
    top = asked == [row["rungs"][-1]["rung"]]
    return ("served by the top", "100 %") if top else ("served by", f"{asked[0] if asked else 'nothing'} alone")


def _figures(row: dict[str, Any]) -> list[tuple[str, str]]:
    from calibration.pages.blocks import added_line, cached_line, confidence_line, hull_line
    from calibration.pages.in_short import replayed_in_short

    wrong = row["error_accepted"]
    return [
        ("in short", replayed_in_short(row)),
        ("samples", f"{row['n']:,}, {row['n_labelled']:,} of them labelled, {row['n_skipped']:,} skipped"),
        _rate(row),
        ("accuracy", f"{share(row['accuracy'])}; always-top: {percent(row['accuracy_top'])}"),
        ("accepted below", f"{percent(wrong)} of them wrong" if wrong is not None else "no labels"),
        ("disagreement", f"{share(row['disagreement'])} of {row['n_compared']:,} requests, with always-top")
        if row["n_compared"]
        else ("disagreement", "not known: too few answers of the top to compare with"),
        ("a request", f"{dollars(row['cost_usd_per_request'])}, {percent(row['cost_vs_top'])} of always-top"),
        *cached_line(row.get("cached")),
        *added_line(row.get("added_latency")),
        *confidence_line(row.get("confidence_means"), [one["rung"] for one in row["rungs"] if one["reached"]]),
        *hull_line(row.get("hull")),
    ]
