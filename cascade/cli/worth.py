"""`cascade worth`: what each verifier adds to the others, what it costs, and what an imagined one would buy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.options import (
    JsonOption,
    LadderConfigOption,
    MapOption,
    RecordedRungsOption,
    TaskOption,
    VerifiersOption,
)
from cascade.cli.shared.rungs import chosen_ladder
from cascade.cli.shared.terminal import dollars, percent, print_json, say, stdout
from cascade.display.sanitize import printable
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from calibration.assess.imagined import Imagined
    from calibration.assess.worth import Estimate, VerifierWorth

AUROCS = (0.7, 0.8, 0.9)
"""AUROC of the imagined verdicts."""


def worth(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLES…", help="Labelled samples.")],
    *,
    rungs: RecordedRungsOption = None,
    config: LadderConfigOption = None,
    verifiers: VerifiersOption = None,
    loss: Annotated[
        float, typer.Option("--loss", metavar="E", min=0.0, max=1.0, help="Accuracy that may be lost, for the costs.")
    ] = 0.01,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of folds and draws.")] = 0,
    task: TaskOption = None,
    mapping: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what each verifier adds to the others and costs, and what an imagined verdict would buy. No call is made.

    An imagined verdict of AUROC .7, .8 or .9 is independent of the others given the label: what it would save at the
    loss is what such evidence may cost at most. Estimated out of fold; nothing of it is certified.
    """
    from calibration.assess.imagined import imagine_verdicts
    from calibration.assess.worth import measure_worth
    from calibration.combine.held_out import hold_out
    from calibration.fit.complete import with_labels, with_schemas
    from calibration.samples.selective import require_unselective_samples
    from calibration.samples.table import by_task, lay_out
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    chosen = chosen_ladder(config, rungs, verifiers)
    found = read_files(samples, parse_mapping(mapping) if mapping else None, rungs=chosen.rungs, say=say)
    found = with_labels(found if chosen.config is None else with_schemas(found, chosen.config), say)
    tasks = {name: rows for name, rows in by_task(found).items() if task is None or name in task}
    if not tasks:
        message = f"No sample belongs to task {(task or ['?'])[0]!r}; give --task a name that the samples have."
        raise ConfigError(message)
    shown: dict[str, Any] = {}
    for name, rows in tasks.items():
        ladder = chosen.of(rows)
        table = lay_out(name, rows, ladder, prices=None if chosen.config is None else chosen.config.price_book)
        require_unselective_samples(table, rows, needs="the worth of a verifier")
        held_out = hold_out(table, seed=seed)
        measured = measure_worth(table, seed=seed)
        imagined = [
            one
            for rung in table.rungs[:-1]
            if rung in held_out
            for one in imagine_verdicts(table, rung, held_out[rung], loss=loss, aurocs=AUROCS, seed=seed)
        ]
        if not measured:
            message = (
                f"Task {name!r} has no labels of both classes, right and wrong, below its last rung; the worth of a "
                "verifier is measured on these. Grade (cascade grade) or label (cascade label) recorded answers."
            )
            raise DataError(message)
        shown[name] = {
            "verifiers": [{**one.to_json(), "usd_per_point": _usd_per_point(one)} for one in measured],
            "imagined": [one.to_json() for one in imagined],
        }
        if not as_json:
            _show(name, measured, imagined, loss)
    if as_json:
        print_json({"loss": loss, "tasks": shown})
        return
    say("Estimated out of fold, with 90 % intervals; nothing of it is certified.")


def _usd_per_point(one: VerifierWorth) -> float | None:
    """Return what a point of accuracy costs by it, in US dollars per 1,000 requests; None where it adds none."""
    if one.area_added is None or one.area_added.value <= 0.0 or not one.cost_usd_per_request:
        return None
    return 1_000.0 * one.cost_usd_per_request / (100.0 * one.area_added.value)


def _show(name: str, measured: tuple[VerifierWorth, ...], imagined: list[Imagined], loss: float) -> None:
    from rich.table import Table

    console = stdout()
    console.print(f"Worth of verifiers, task {printable(name)}", style="bold", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("rung", "verifier", "AUROC", "adds to the others", "per 1,000", "a point costs", "standing"):
        table.add_column(heading)
    for one in measured:
        if one.standing == "constant":
            continue
        point = _usd_per_point(one)
        alone = "–" if one.auroc is None else f"{one.auroc.value:.2f}"
        table.add_row(
            printable(one.rung), printable(one.verifier), alone, _estimate(one.auroc_added, "+.3f"),
            dollars(1_000 * one.cost_usd_per_request), "–" if point is None else dollars(point), one.standing,
        )  # fmt: skip
    console.print(table, highlight=False)
    silent = [f"{one.verifier} on {one.rung}" for one in measured if one.standing == "constant"]
    if silent:
        say(f"The same score for all answers, or none: {', '.join(silent)}.")
    if not imagined:
        return
    points = f"{100 * loss:.3g} point{'' if loss == 0.01 else 's'}"
    console.print(f"At {points} lost, with one more verdict of that AUROC", style="bold", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("rung", "imagined verdict", "cost, of always the top", "it may cost, per 1,000"):
        table.add_column(heading)
    for other in imagined:
        table.add_row(
            printable(other.rung), "none, as it is" if other.auroc is None else f"AUROC {other.auroc:g}",
            percent(other.cost_vs_top), "–" if other.auroc is None else dollars(1_000 * other.saves_usd_per_request),
        )  # fmt: skip
    console.print(table, highlight=False)


def _estimate(found: Estimate | None, form: str) -> str:
    if found is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:{form}}"
    return f"{found.value:{form}} ({found.low:{form}} to {found.high:{form}})"
