"""`cascade run`: answers one request, or a file of requests, resumable."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from cascade.cli.shared.exit_codes import Interrupted, require_logged, stoppable
from cascade.cli.shared.options import ConcurrencyOption, ConfigOption, JsonOption, load, pairs, value_of
from cascade.cli.shared.progress import progress
from cascade.cli.shared.terminal import dollars, print_json, print_text, say, tell_ambiguous
from cascade.errors import ConfigError, LogUnavailable

if TYPE_CHECKING:
    from cascade.engine.cascade import Cascade
    from cascade.exchange import Request
    from cascade.result import Result

FAILED = 3

OFTEN = 0.05
"""Share of failed calls from which a bulk run names the rung at its end."""


def run(
    prompt: Annotated[str | None, typer.Argument(metavar="[PROMPT]", help="The prompt; - reads it from stdin.")] = None,
    *,
    config: ConfigOption = None,
    task: Annotated[
        str | None, typer.Option("--task", metavar="TASK", help="Task of the request, as in the policy.")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option("--schema", metavar="FILE", help="A JSON Schema that the answer must satisfy.")
    ] = None,
    deadline: Annotated[
        float | None, typer.Option("--deadline", metavar="SECONDS", help="Deadline of a request.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="USD", help="Cost limit of a request.")
    ] = None,
    max_run_cost: Annotated[
        float | None, typer.Option("--max-run-cost", metavar="USD", help="Cost limit of all requests of --input.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A tag for reports; repeatable.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="KEY=VALUE", help="A provider parameter (temperature=0); repeatable."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--input", metavar="FILE", help="Run a file of requests, one JSON object per line.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="File for the results of --input, one per line."),
    ] = None,
    concurrency: ConcurrencyOption = 16,
    order: Annotated[
        str,
        typer.Option(
            "--order",
            metavar="ORDER",
            help="Lines of --output: input (as --input, written at the end) or as-finished (written at once).",
        ),
    ] = "input",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing --output.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer one request, or a file of requests with --input and --output, resumable after an interruption."""
    if (prompt is None) == (source is None):
        message = "Give a PROMPT (or - for stdin), or --input FILE with --output FILE; one of the two was expected."
        raise ConfigError(message)
    if (source is None) != (output is None):
        message = "--input and --output belong together; give both for a file of requests, or none."
        raise ConfigError(message)
    if max_run_cost is not None and (source is None or not max_run_cost > 0):
        message = "--max-run-cost needs --input FILE and US dollars above 0; one request's limit is --max-cost."
        raise ConfigError(message)
    fields = _fields(task, schema, deadline, max_cost, tag)
    params = {key: value_of(value) for key, value in pairs(param, "--param").items()}
    with load(config).open() as app:
        if source is not None and output is not None:
            _run_file(
                app, source, output, fields, params,
                concurrency=concurrency, max_run_cost=max_run_cost, order=order, force=force, as_json=as_json,
            )  # fmt: skip
        else:
            result = app.run(_read(str(prompt)), params=params, **fields)
            _show(result, as_json=as_json)
    require_logged(app)


def _fields(
    task: str | None, schema: Path | None, deadline: float | None, max_cost: float | None, tag: list[str] | None
) -> dict[str, Any]:
    """Return the request fields set on the command line."""
    fields: dict[str, Any] = {"task": task, "deadline_s": deadline, "max_cost_usd": max_cost}
    fields["tags"] = pairs(tag, "--tag") or None
    if schema is not None:
        from cascade.files import read_text, strict_json

        try:
            fields["schema"] = strict_json(read_text(schema, what="schema", limit=256 << 10))
        except (ValueError, RecursionError) as error:
            message = f"{schema} is not JSON: {error}."
            raise ConfigError(message) from None
        if not isinstance(fields["schema"], dict):
            message = f"{schema} holds no JSON object; a JSON Schema was expected."
            raise ConfigError(message)
    for name in ("deadline_s", "max_cost_usd"):
        if fields[name] is not None and not fields[name] > 0:
            message = (
                f"--{'deadline' if name == 'deadline_s' else 'max-cost'} is {fields[name]:g}; above 0 was expected."
            )
            raise ConfigError(message)
    return {name: value for name, value in fields.items() if value is not None}


def _read(prompt: str) -> str:
    if prompt == "-":
        prompt = typer.get_text_stream("stdin").read()
    if not prompt.strip():
        message = "The prompt is empty; some text was expected."
        raise ConfigError(message)
    return prompt


def _show(result: Result[Any], *, as_json: bool) -> None:
    from cascade.bulk.result_line import result_line

    if as_json:
        print_json(result_line(result))
    elif result.answer is not None:
        print_text(result.answer)
    if result.tool_calls and not as_json:
        print_json({"tool_calls": [dict(call) for call in result.tool_calls]})
    way = " → ".join(attempt.rung for attempt in result.attempts) or "no rung"
    sure = "" if result.confidence is None else f", confidence {result.confidence:.2f}"
    saved = "" if result.saved_usd is None else f", saved {dollars(result.saved_usd)} against always-top"
    by = f"by {result.rung}" if result.rung else "with no answer"
    say(f"{result.outcome} {by} ({way}){sure}, {dollars(result.cost_usd)}{saved}")
    if result.outcome == "failed":
        say(f"Error: {result.error}")
        raise typer.Exit(FAILED)


def _filled(given: Request, fields: dict[str, Any], params: dict[str, Any]) -> Request:
    """Fill in what the command line says and the line of a request does not."""
    missing = {name: value for name, value in fields.items() if getattr(given, name) in (None, {}, "default")}
    if "tags" in fields:
        missing["tags"] = {**fields["tags"], **given.tags}
    return replace(given, **missing, params={**params, **given.params})


class _Failures:
    """Failed calls of a bulk run by rung and kind, so that its end says what fell over."""

    def __init__(self) -> None:
        self.by_rung: dict[str, Counter[str]] = {}
        self._reached: Counter[str] = Counter()

    def see(self, result: Result[Any] | None) -> None:
        """Count the attempts of one result; None: it came from an earlier run."""
        for attempt in () if result is None else result.attempts:
            self._reached[attempt.rung] += 1
            if attempt.failure is not None:
                self.by_rung.setdefault(attempt.rung, Counter())[attempt.failure.kind.value] += 1

    def tell(self) -> None:
        """Print a sentence for each rung that failed often."""
        for rung, kinds in self.by_rung.items():
            if kinds.total() > OFTEN * self._reached[rung]:
                named = ", ".join(kind if len(kinds) == 1 else f"{kind} {n:,}" for kind, n in kinds.most_common(3))
                say(f"{rung} failed on {kinds.total():,} of {self._reached[rung]:,} requests: {named}.")


def _run_file(
    app: Cascade,
    source: Path,
    output: Path,
    fields: dict[str, Any],
    params: dict[str, Any],
    *,
    concurrency: int,
    max_run_cost: float | None,
    order: str,
    force: bool,
    as_json: bool,
) -> None:
    from cascade.bulk.batch import FINAL, run_file
    from cascade.bulk.request_file import RequestFile
    from cascade.bulk.stop import Stop
    from cascade.engine.cascade import Order

    if order not in get_args(Order):
        message = f"--order is {order!r}; {' or '.join(get_args(Order))} was expected."
        raise ConfigError(message)
    requests = RequestFile(source, lambda given: _filled(given, fields, params))
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
    if batch.settlement.lost:
        say(
            f"{batch.settlement.lost} calls were answered before, as the log tells, but their answers are not in the "
            "journal (a power loss?); they were made and paid again."
        )
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
    failures.tell()
    if unfinished:
        say(f"{unfinished} were not answered; run the same command again to retry them.")
        raise typer.Exit(FAILED)
