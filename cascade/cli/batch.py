"""`cascade batch`: a file of requests by provider batches, in waves: only what escalates goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from cascade.cli.shared.exit_codes import guarded
from cascade.cli.shared.options import ConfigOption, JsonOption, MapOption, load
from cascade.cli.shared.terminal import dollars, print_json, print_text, say
from cascade.errors import BudgetExceeded, ConfigError

if TYPE_CHECKING:
    from cascade.bulk.batch import Batch
    from cascade.bulk.exploration import Exploration
    from cascade.bulk.waves.run import Progress, WaveRun
    from cascade.bulk.waves.state import WaveState
    from cascade.bulk.waves.waiting import Missing

batch = typer.Typer(
    name="batch",
    help="Answer a file of requests by provider batches, at their lower price.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FAILED = 3

OutputArgument = Annotated[
    Path, typer.Argument(metavar="OUTPUT", help="The --output of `cascade batch submit` or `cascade explore --batch`.")
]
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
    from cascade.bulk.request_file import RequestFile
    from cascade.bulk.result_table import form_of
    from cascade.bulk.waves.run import begin
    from cascade.samples.table import parse_mapping

    if max_run_cost is not None and not max_run_cost > 0:
        message = f"--max-run-cost is {max_run_cost:g}; US dollars above 0 were expected."
        raise ConfigError(message)
    form_of(output, "input")
    RequestFile(source, mapping=None if mapping is None else parse_mapping(mapping)).checked()
    state = begin(output, source, mapping=mapping, max_cost_usd=max_run_cost, overwrite=force)
    tell(state, advance(waves(config, state), "keep"), as_json=as_json)


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
    run = waves(config, state)
    while (step := advance(run, cast("Missing", missing))).in_flight and wait:
        time.sleep(every)
    tell(state, step, as_json=as_json)


def waves(config: Path | None, state: WaveState) -> WaveRun:
    """Return the run of a state."""
    from cascade.bulk.waves.run import WaveRun
    from cascade.bulk.waves.work import work_of

    loaded = load(config)
    return WaveRun(loaded, state, work_of(loaded, state))


def advance(run: WaveRun, missing: Missing) -> Progress:
    """Take every step of a run that can be taken now.

    Raises:
        BudgetExceeded: the limit of an exploration does not pay for what is left of it.
    """
    try:
        return run.advance(missing=missing, on_step=say)
    except BudgetExceeded as error:
        message = f"{error}. What was answered is kept; `cascade explore --batch` with a higher --max-cost goes on."
        raise type(error)(message) from None


def tell(state: WaveState, step: Progress, *, as_json: bool) -> None:
    """Say what a step came to.

    Raises:
        Exit: 3, where calls have no answer.
    """
    from cascade.bulk.exploration import Exploration
    from cascade.bulk.waves.money import dollars_of

    done = step.done
    spent = dollars_of(sum(one.charged_pico for one in state.batches)) + (0.0 if done is None else done.spent_usd)
    explored = done if isinstance(done, Exploration) else None
    ran = None if isinstance(done, Exploration) else done
    if as_json:
        own: dict[str, Any] = {"outcomes": None if ran is None else dict(ran.outcomes)}
        if state.purpose == "explore":
            own = {"n": len(explored.samples), "failures": explored.failures} if explored is not None else {}
        print_json(
            {
                "output": str(state.output), "sent": step.sent, "in_flight": step.in_flight, "missing": step.missing,
                "refused": step.refused, "cost_usd": spent, "done": step.complete, **own,
            }
        )  # fmt: skip
    if step.refused:
        name = "--max-run-cost" if state.purpose == "run" else "--max-cost"
        say(f"{step.refused} calls were not sent: their worst case is above what {name} or the day has left.")
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
    if explored is not None:
        _tell_explored(explored, state, spent)
    if ran is not None:
        _tell_ran(ran, state, spent)


def _tell_explored(done: Exploration, state: WaveState, spent: float) -> None:
    say(f"{len(done.samples)} samples in {state.output}; spent {dollars(spent)}.")
    if done.failures:
        say(f"{len(done.failures)} failed, the first: {done.failures[0]}. `cascade explore` asks them live.")
        raise typer.Exit(FAILED)


def _tell_ran(done: Batch, state: WaveState, spent: float) -> None:
    from cascade.bulk.batch import FINAL

    ended = ", ".join(f"{count} {outcome}" for outcome, count in done.outcomes.items()) or "no requests"
    say(f"{ended}; spent {dollars(spent)}; results in {state.output}")
    if unfinished := sum(count for outcome, count in done.outcomes.items() if outcome not in FINAL):
        say(f"{unfinished} were not answered; `cascade run --input` with the same files asks them live.")
        raise typer.Exit(FAILED)
