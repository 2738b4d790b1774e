"""`cascade explore`: records every rung and verifier on every request; cost estimate first, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cascade.cli.shared.exit_codes import Interrupted, stoppable
from cascade.cli.shared.options import ConcurrencyOption, ConfigOption, JsonOption, MapOption, YesOption, load
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import (
    dollars,
    interactive,
    print_json,
    print_text,
    say,
    stderr,
    tell_ambiguous,
    tell_lost,
    warn,
)
from cascade.errors import BudgetExceeded, CascadeError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cascade.bulk.cost_estimate import CostEstimate
    from cascade.bulk.exploration import Exploration
    from cascade.config import Config
    from cascade.engine.cascade import Cascade
    from cascade.samples.sample import Sample

MaxCostOption = Annotated[
    float | None, typer.Option("--max-cost", metavar="USD", help="Budget: stop before this run could spend more.")
]


def explore(
    requests: Annotated[
        Path, typer.Argument(metavar="REQUESTS", help="Requests or samples, one JSON object per line.")
    ],
    *,
    config: ConfigOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="File for the samples; default: REQUESTS.samples.jsonl."),
    ] = None,
    max_cost: MaxCostOption = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first N requests.")] = None,
    ask_twice: Annotated[
        int | None,
        typer.Option(
            "--ask-twice",
            min=1,
            metavar="N",
            help="Then ask the top again on N requests of each task: how often it differs from itself.",
        ),
    ] = None,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Ask by provider batches, at their lower price; `cascade batch collect` goes on."),
    ] = False,
    concurrency: ConcurrencyOption = 16,
    mapping: MapOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Record every rung and every verifier on every request, as samples for calibration.

    Existing recordings are never paid for again: those in REQUESTS, in the output, or from an interrupted run.
    """
    from cascade.samples.reader import read_files
    from cascade.samples.table import parse_mapping

    samples = read_files([requests], parse_mapping(mapping) if mapping else None)[:limit]
    output = output or default_output(requests)
    loaded = load(config)
    if batch:
        if ask_twice is not None:
            message = (
                f"--ask-twice was given with --batch, and asks live; leave it out, and run `cascade explore {requests} "
                f"--output {output} --ask-twice {ask_twice}` once the samples are there."
            )
            raise ConfigError(message)
        _by_batches(
            config, loaded, samples, output, requests, mapping, limit, max_cost=max_cost, yes=yes, as_json=as_json
        )  # fmt: skip
        return
    with loaded.open(policy=False) as app:
        done = explore_samples(app, samples, output, max_cost=max_cost, concurrency=concurrency, yes=yes)
    again = None if ask_twice is None else _ask_twice(
        loaded, done, output, ask_twice, max_cost=max_cost, concurrency=concurrency, yes=yes
    )  # fmt: skip
    failures = [*done.failures, *(() if again is None else again.failures)]
    if as_json:
        print_json(
            {
                "output": str(output),
                "n": len(done.samples),
                "resumed": done.resumed,
                "ambiguous": done.ambiguous,
                "cost_usd": done.spent_usd + (0.0 if again is None else again.spent_usd),
                "failures": failures,
                **({} if ask_twice is None else {"asked_again": 0 if again is None else len(again.samples)}),
            }
        )
    else:
        print_text(str(output))
    if failures:
        raise typer.Exit(3)


def _by_batches(
    config: Path | None,
    loaded: Config,
    samples: Sequence[Sample],
    output: Path,
    requests: Path,
    mapping: str | None,
    limit: int | None,
    *,
    max_cost: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Send the first wave, after the cost estimate; or take the next step of what was sent."""
    from cascade.bulk.cost_estimate import estimate
    from cascade.bulk.waves.run import begin
    from cascade.bulk.waves.state import is_begun
    from cascade.cli.batch import advance, tell, waves

    _require_cost(max_cost)
    if is_begun(output):
        say(f"Batches for {output} were begun before; nothing is sent twice.")
    else:
        with loaded.open(policy=False, log=False) as app:
            bill = estimate(samples, app, batched=True)
        show_bill(bill, len(samples), max_cost, "by provider batches")
        _confirm(bill, yes=yes)
    state = begin(
        output, requests, purpose="explore", mapping=mapping, limit=limit, max_cost_usd=max_cost, overwrite=True
    )  # fmt: skip
    run = waves(config, state)
    tell(state, advance(run, "keep"), as_json=as_json)
    if output.exists() and not as_json:
        print_text(str(output))


def _require_cost(max_cost: float | None) -> None:
    if max_cost is not None and not max_cost > 0:
        message = f"--max-cost is {max_cost:g}; a number of US dollars above 0 was expected."
        raise ConfigError(message)


def _confirm(bill: CostEstimate, *, yes: bool) -> None:
    if bill.calls and not yes and interactive() and not typer.confirm("Go on?", err=True):
        message = "Declined; no call was made."
        raise Interrupted(message)


def _ask_twice(
    loaded: Config, done: Exploration, output: Path, n: int, *, max_cost: float | None, concurrency: int, yes: bool
) -> Exploration | None:
    """Ask the reference again on n requests of each task; None where it has answered these twice."""
    from dataclasses import replace
    from functools import partial

    from cascade.bulk.ask_again import ask_again, draw_again, reference_ladder

    drawn = draw_again(done.samples, loaded.ladder, n)
    if not drawn:
        say("The top has answered these requests twice already.")
        return None
    left = None if max_cost is None else max_cost - done.spent_usd
    if left is not None and left <= 0:
        message = f"--max-cost {max_cost:g} is spent; the top was not asked again. Run the same command again."
        raise BudgetExceeded(message)
    say(f"The top is asked again on {len(drawn)} requests.")
    ask = partial(explore_samples, max_cost=left, concurrency=concurrency, yes=yes)
    with replace(loaded, ladder=reference_ladder(loaded.ladder)).open(policy=False) as app:
        return ask_again(app, done.samples, drawn, output, explore=ask)[1]


def default_output(requests: Path) -> Path:
    """Return the default output file for a file of requests: `prompts.jsonl.gz` → `prompts.samples.jsonl`."""
    name = requests.name.removesuffix(".gz")
    return requests.with_name(name.removesuffix(Path(name).suffix) + ".samples.jsonl")


def explore_samples(
    app: Cascade,
    samples: Sequence[Sample],
    output: Path,
    *,
    max_cost: float | None = None,
    concurrency: int = 16,
    yes: bool = False,
    label: str = "Exploring",
) -> Exploration:
    """Explore with terminal output: cost estimate, confirmation, progress, outcome.

    Raises:
        Interrupted: it was stopped or declined; finished work is kept.
        CascadeError: it had to stop; finished work is kept, and the message says how to go on.
    """
    from cascade.bulk.cost_estimate import estimate
    from cascade.bulk.exploration import explore_file, find_concerns
    from cascade.bulk.journal import journal_of
    from cascade.bulk.stop import Stop

    _require_cost(max_cost)
    journal = journal_of(output)
    bill = estimate(samples, app)
    if journal.exists() or output.exists():
        there = journal if journal.exists() else output
        say(f"Resuming from {there}: recordings there are not paid for again; the estimate covers all requests.")
    show_bill(bill, len(samples), max_cost)
    _confirm(bill, yes=yes)
    stop = Stop()
    try:
        with stoppable(stop), progress(label, len(samples)) as report:
            done = explore_file(
                app, samples, output, concurrency=concurrency, max_cost_usd=max_cost, stop=stop, on_done=report
            )
    except KeyboardInterrupt:
        message = f"Interrupted; finished work is in {journal}. Run the same command again to resume."
        raise Interrupted(message) from None
    except BudgetExceeded as error:
        message = f"{error}. Finished work is in {journal}; run the same command again with a higher --max-cost."
        raise type(error)(message) from None
    except CascadeError as error:
        if not journal.exists():
            raise
        message = f"{error} Finished work is in {journal}; run the same command again to resume."
        raise type(error)(message) from None
    if done.stopped:
        message = f"Stopped; finished work is in {journal}. Run the same command again to resume."
        raise Interrupted(message, terminated=stop.terminated)
    say(f"{len(done.samples)} samples in {output}; spent {dollars(done.spent_usd)}; {done.resumed} recorded already.")
    tell_ambiguous(done.ambiguous)
    tell_lost(done.lost, done.lost_usd)
    if done.failures:
        say(f"{len(done.failures)} failed, the first: {done.failures[0]}. Run the same command again to retry them.")
    for concern in find_concerns(done, app.ladder):
        warn(concern)
    return done


def show_bill(bill: CostEstimate, n: int, max_cost: float | None, how: str = "") -> None:
    """Print the cost estimate of an exploration on stderr: calls, tokens and dollars by rung."""
    from rich.table import Table

    table = Table(title=f"Cost estimate for {n} requests{how and f' {how}'}", title_justify="left", title_style="bold")
    for heading in ("rung", "model", "calls", "tokens per answer", "about"):
        table.add_column(heading, justify="left" if heading in ("rung", "model") else "right")
    for item in bill.items:
        if not item.calls:
            continue
        tokens = f"{item.output_tokens:.0f} {'recorded' if item.recorded else 'assumed'}"
        table.add_row(item.rung, item.model, str(item.calls), tokens, dollars(item.usd))
    table.add_row("all", "", str(bill.calls), "", dollars(bill.usd), style="bold")
    stderr().print(table, markup=False)
    if max_cost is not None and bill.usd > max_cost:
        warn(f"The estimate is above --max-cost {dollars(max_cost)}; the run stops before it could exceed that.")
