"""Bulk run of `cascade run --input`: requests from a file, results to a file, progress and a closing sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import typer

from cascade.cli.shared.exit_codes import Interrupted, stoppable
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import dollars, print_json, say, tell_ambiguous, tell_lost
from cascade.display.numbers import failure_words
from cascade.errors import ConfigError, LogUnavailable

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade
    from cascade.exchange import Request
    from cascade.result import Result

FAILED = 3
"""Exit code where a request was not answered."""

OFTEN = 0.05
"""Share of failed calls from which a bulk run names the rung at its end."""


def filled(given: Request, fields: dict[str, Any], params: dict[str, Any]) -> Request:
    """Fill in what the command line says and the line of a request does not."""
    missing = {name: value for name, value in fields.items() if getattr(given, name) in (None, {}, "default")}
    if "tags" in fields:
        missing["tags"] = {**fields["tags"], **given.tags}
    return replace(given, **missing, params={**params, **given.params})


def tell_failures(failures: Mapping[str, Mapping[str, int]], asked: Mapping[str, int]) -> None:
    """Print a sentence for each rung that failed often.

    Args:
        failures: requests on which a rung failed, by rung and kind.
        asked: requests that reached it, by rung.
    """
    for rung, kinds in failures.items():
        if sum(kinds.values()) > OFTEN * asked[rung]:
            often_first = sorted(kinds.items(), key=lambda item: item[1], reverse=True)
            say(f"{failure_words(rung, dict(often_first), asked[rung])}.")


class _Failures:
    """Failed calls of a bulk run by rung and kind, so that its end says what fell over."""

    def __init__(self) -> None:
        self.by_rung: dict[str, Counter[str]] = {}
        self.asked: Counter[str] = Counter()

    def see(self, result: Result[Any] | None) -> None:
        """Count the attempts of one result; None: it came from an earlier run."""
        for attempt in () if result is None else result.attempts:
            self.asked[attempt.rung] += 1
            if attempt.failure is not None:
                self.by_rung.setdefault(attempt.rung, Counter())[attempt.failure.kind.value] += 1


def run_input(
    app: Cascade,
    source: Path,
    output: Path,
    fields: dict[str, Any],
    params: dict[str, Any],
    mapping: str | None,
    part: str | None,
    *,
    concurrency: int,
    max_run_cost: float | None,
    order: str,
    force: bool,
    as_json: bool,
) -> None:
    """Answer the requests of a file, show the progress, and tell what came of them.

    Args:
        app: what answers.
        source: the file of requests.
        output: the file for results; a part's has its number in the name.
        fields: fields of requests that the command line sets.
        params: parameters that it sets.
        mapping: columns of a table (`--map`).
        part: the part of the requests (`--shard`).
        concurrency: maximum number of calls at once.
        max_run_cost: US dollars that the run may cost.
        order: of the output's lines.
        force: whether an existing output is replaced.
        as_json: whether one JSON object is printed.
    """
    from cascade.bulk.batch import FINAL, run_file
    from cascade.bulk.request_file import RequestFile
    from cascade.bulk.shard import Shard
    from cascade.bulk.stop import Stop
    from cascade.engine.cascade import Order
    from cascade.samples.table import parse_mapping

    if order not in get_args(Order):
        message = f"--order is {order!r}; {' or '.join(get_args(Order))} was expected."
        raise ConfigError(message)
    shard = None if part is None else Shard.parse(part)
    output = output if shard is None else shard.path(output)
    requests = RequestFile(
        source,
        lambda given: filled(given, fields, params),
        mapping=None if mapping is None else parse_mapping(mapping),
        shard=shard,
    )
    total = requests.checked()
    stop, answered, escalated = Stop(), 0, 0
    failures = _Failures()

    def done(count: int, spent: float, result: Result[Any] | None) -> None:
        nonlocal answered, escalated
        if result is not None and result.attempts and result.attempts[0].response is not None:
            answered, escalated = answered + 1, escalated + result.escalated
        failures.see(result)
        report(count, spent, escalated / answered if answered else None)

    try:
        with stoppable(stop), progress("Running", total) as report:
            batch = run_file(
                app,
                requests,
                output,
                concurrency=concurrency,
                max_cost_usd=max_run_cost,
                overwrite=force,
                order=cast("Order", order),
                stop=stop,
                on_done=done,
            )
    except LogUnavailable as error:
        message = f"{error} Finished work is in {output}.part; run the same command again to resume."
        raise LogUnavailable(message) from None
    if batch.stopped:
        message = f"Stopped; finished work is in {output}.part. Run the same command again to resume."
        raise Interrupted(message, terminated=stop.terminated)
    unfinished = sum(count for outcome, count in batch.outcomes.items() if outcome not in FINAL)
    ended = ", ".join(f"{count} {outcome}" for outcome, count in batch.outcomes.items()) or "no requests"
    saved = "" if batch.saved_usd is None else f", saved {dollars(batch.saved_usd)} against always-top"
    say(f"{ended}; spent {dollars(batch.spent_usd)}{saved}; results in {output}")
    tell_ambiguous(batch.ambiguous)
    tell_lost(batch.lost, batch.lost_usd)
    if batch.from_log:
        say(f"{batch.from_log} results were taken from the decision log: {output}.part had lost their answers.")
    if as_json:
        print_json(
            {
                "output": str(output),
                "n": batch.n,
                "resumed": batch.resumed,
                "ambiguous": batch.ambiguous,
                "outcomes": dict(batch.outcomes),
                "cost_usd": batch.spent_usd,
                "saved_usd": batch.saved_usd,
                "failures": {rung: dict(kinds) for rung, kinds in failures.by_rung.items()},
            }
        )
    tell_failures(failures.by_rung, failures.asked)
    if unfinished:
        say(f"{unfinished} were not answered; run the same command again to retry them.")
        raise typer.Exit(FAILED)
