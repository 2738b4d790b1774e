"""`cascade run`: answers one request, or a file of requests, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cascade.cli.shared.bulk_run import FAILED, run_input
from cascade.cli.shared.exit_codes import require_logged
from cascade.cli.shared.options import ConcurrencyOption, ConfigOption, JsonOption, MapOption, load, pairs, value_of
from cascade.cli.shared.ray_engine import require_engine, run_input_on_ray
from cascade.cli.shared.terminal import dollars, print_json, print_text, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.result import Result


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
        str | None,
        typer.Option("--input", metavar="FILE", help="Run a file of requests: JSON lines, CSV, TSV or Parquet."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File for the results of --input: JSON lines, or .csv, .tsv, .parquet.",
        ),
    ] = None,
    mapping: MapOption = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="N/M",
            help="Only this part of --input, chosen by a hash of the id, as in 3/8; --output becomes NAME-3-of-8.",
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="ENGINE",
            help="local, or ray: Parquet files ('s3://…/*.parquet') on a cluster; --output is a folder.",
        ),
    ] = "local",
    actors: Annotated[
        int | None,
        typer.Option("--actors", min=1, metavar="N", help="Processes on the cluster; default: one a CPU, but for one."),
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
    if source is None and (mapping or shard) is not None:
        message = f"{'--map' if mapping is not None else '--shard'} was given without --input FILE, which it is about."
        raise ConfigError(message)
    one_machine = {
        "--task": task, "--schema": schema, "--deadline": deadline, "--max-cost": max_cost, "--tag": tag,
        "--param": param, "--max-run-cost": max_run_cost, "--shard": shard,
        "--order": None if order == "input" else order,
    }  # fmt: skip
    require_engine(engine, actors, is_file=source is not None, others=one_machine)
    if engine == "ray" and source is not None and output is not None:
        run_input_on_ray(
            load(config), source, output, mapping, actors=actors, concurrency=concurrency, force=force, as_json=as_json
        )  # fmt: skip
        return
    fields = _fields(task, schema, deadline, max_cost, tag)
    params = {key: value_of(value) for key, value in pairs(param, "--param").items()}
    with load(config).open() as app:
        if source is not None and output is not None:
            run_input(
                app, Path(source), Path(output), fields, params, mapping, shard,
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
