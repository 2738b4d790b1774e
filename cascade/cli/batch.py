"""`cascade batch`: a file of requests by provider batches, in waves: only what escalates goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from cascade.cli.shared.exit_codes import guarded
from cascade.cli.shared.options import ConfigOption, JsonOption, MapOption, load
from cascade.cli.shared.terminal import dollars, print_json, print_text, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.bulk.waves.run import Progress
    from cascade.bulk.waves.state import WaveState

batch = typer.Typer(
    name="batch",
    help="Answer a file of requests by provider batches, at their lower price.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FAILED = 3

OutputArgument = Annotated[Path, typer.Argument(metavar="OUTPUT", help="The --output of `cascade batch submit`.")]
MissingOption = Annotated[
    str,
    typer.Option(
        "--missing",
        metavar="HOW",
        help="Calls that expired or failed: keep (say how many), batch (ask again in the next wave), or live.",
    ),
]


@batch.command()
@guarded
def submit(
    *,
    source: Annotated[
        Path, typer.Option("--input", metavar="FILE", help="The requests: JSON lines, CSV, TSV or Parquet.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="File for the results: JSON lines, .csv, .tsv, .parquet."),
    ],
    config: ConfigOption = None,
    mapping: MapOption = None,
    max_run_cost: Annotated[
        float | None, typer.Option("--max-run-cost", metavar="USD", help="Cost limit of all waves together.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing --output.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send the first wave: what the first rung is asked about every request, as provider batches.

    Its worst case is reserved before it is sent. Run again, it sends nothing twice.
    """
    from cascade.bulk.result_table import form_of
    from cascade.bulk.waves.run import begin

    if max_run_cost is not None and not max_run_cost > 0:
        message = f"--max-run-cost is {max_run_cost:g}; US dollars above 0 were expected."
        raise ConfigError(message)
    form_of(output, "input")
    _requests(str(source), mapping).checked()
    state = begin(output, source, mapping=mapping, max_cost_usd=max_run_cost, overwrite=force)
    _tell(state, _run(config, state).advance(on_step=say), as_json=as_json)


@batch.command()
@guarded
def status(output: OutputArgument, *, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say how each batch stands, as its provider tells."""
    from cascade.bulk.waves.collecting import look
    from cascade.bulk.waves.money import dollars_of
    from cascade.bulk.waves.state import WaveState

    state, loaded = WaveState.load(output), load(config)
    with state.locked():
        batches = [look(loaded, state, one) if one.step == "sent" else one for one in list(state.batches)]
    rows: list[dict[str, Any]] = [
        {
            "wave": one.wave, "rung": one.rung, "model": one.model, "batch": one.batch_id, "step": one.step,
            "status": one.status, "calls": one.lines, "answered": one.answered, "failed": one.failed,
            "missing": one.missing, "repeated": one.repeated, "foreign": one.foreign,
            "reserved_usd": dollars_of(one.reserved_pico), "cost_usd": dollars_of(one.charged_pico),
        }
        for one in batches
    ]  # fmt: skip
    if as_json:
        print_json({"output": str(output), "batches": rows})
        return
    for row in rows:
        told = row["status"] or row["step"]
        counts = ", ".join(f"{row[name]} {name}" for name in ("answered", "failed", "missing") if row[name])
        cost = row["cost_usd"] if row["step"] == "collected" else row["reserved_usd"]
        kind = "" if row["step"] == "collected" else " reserved"
        print_text(
            f"wave {row['wave']}  {row['rung']}  {row['batch'] or '(not sent)'}  {told}  {row['calls']} calls"
            f"{', ' + counts if counts else ''}  {dollars(cost)}{kind}"
        )


@batch.command()
@guarded
def collect(
    output: OutputArgument,
    *,
    config: ConfigOption = None,
    missing: MissingOption = "keep",
    wait: Annotated[bool, typer.Option("--wait", help="Go on until the output is written.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.01, help="How often --wait asks the provider.")
    ] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Fetch what has ended, verify it, and send the next wave; write the output once nothing is left to ask.

    Ctrl-C at any moment loses nothing: the same command goes on.
    """
    from cascade.bulk.waves.state import WaveState
    from cascade.bulk.waves.waiting import Missing

    if missing not in get_args(Missing):
        message = f"--missing is {missing!r}; {', '.join(get_args(Missing))} was expected."
        raise ConfigError(message)
    state = WaveState.load(output)
    run = _run(config, state)
    while True:
        step = run.advance(missing=cast("Missing", missing), on_step=say)
        if not (wait and step.in_flight):
            break
        time.sleep(every)
    _tell(state, step, as_json=as_json)


def _requests(source: str, mapping: str | None) -> Any:
    from cascade.bulk.request_file import RequestFile
    from cascade.samples.table import parse_mapping

    return RequestFile(source, mapping=None if mapping is None else parse_mapping(mapping))


def _run(config: Path | None, state: WaveState) -> Any:
    from cascade.bulk.waves.run import WaveRun

    return WaveRun(load(config), state, _requests(state.input, state.mapping))


def _tell(state: WaveState, step: Progress, *, as_json: bool) -> None:
    from cascade.bulk.batch import FINAL
    from cascade.bulk.waves.money import dollars_of

    done = step.done
    spent = dollars_of(sum(one.charged_pico for one in state.batches)) + (0.0 if done is None else done.spent_usd)
    unfinished = 0 if done is None else sum(n for outcome, n in done.outcomes.items() if outcome not in FINAL)
    if as_json:
        print_json(
            {
                "output": str(state.output), "sent": step.sent, "in_flight": step.in_flight, "missing": step.missing,
                "refused": step.refused, "cost_usd": spent, "done": step.complete,
                "outcomes": None if done is None else dict(done.outcomes),
            }
        )  # fmt: skip
    if step.refused:
        say(f"{step.refused} calls were not sent: their worst case is above what --max-run-cost or the day has left.")
    if step.missing:
        say(f"{step.missing} calls have no answer; run `cascade batch collect` with --missing batch or --missing live.")
        raise typer.Exit(FAILED)
    if step.complete and done is None:
        say(f"The run was complete; results in {state.output}")
        return
    if done is None:
        say(f"{step.in_flight} calls are in flight; spent {dollars(spent)} so far.")
        say(f"Next: cascade batch collect {state.output}")
        return
    ended = ", ".join(f"{count} {outcome}" for outcome, count in done.outcomes.items()) or "no requests"
    say(f"{ended}; spent {dollars(spent)}; results in {state.output}")
    if unfinished:
        say(f"{unfinished} were not answered; `cascade run --input` with the same files asks them live.")
        raise typer.Exit(FAILED)
