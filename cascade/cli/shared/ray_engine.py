"""`cascade run --engine ray`: what it takes, and what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from cascade.cli.shared.bulk_run import FAILED, tell_failures
from cascade.cli.shared.exit_codes import Interrupted
from cascade.cli.shared.terminal import dollars, print_json, say
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.config import Config

ENGINES = ("local", "ray")


def require_engine(engine: str, actors: int | None, *, is_file: bool, others: Mapping[str, Any]) -> None:
    """Refuse options that do not go together.

    Args:
        engine: what was named.
        actors: `--actors`.
        is_file: whether `--input` was given.
        others: options that are for runs on one machine, each with what was given; None: nothing.

    Raises:
        ConfigError: some do not; the message names them.
    """
    if engine not in ENGINES:
        message = f"--engine is {engine!r}; {' or '.join(ENGINES)} was expected."
        raise ConfigError(message)
    if engine == "local":
        if actors is not None:
            message = "--actors was given without --engine ray, which it is about."
            raise ConfigError(message)
        return
    if not is_file:
        message = "--engine ray was given without --input FILES, which it is about."
        raise ConfigError(message)
    given = [name for name, value in others.items() if value not in (None, [], {})]
    if given:
        message = (
            f"{given[0]} was given with --engine ray, whose actors know what the configuration and the columns of "
            "--input say; leave it out, or run on one machine."
        )
        raise ConfigError(message)


def run_input_on_ray(
    config: Config,
    source: str,
    output: str,
    mapping: str | None,
    *,
    actors: int | None,
    concurrency: int,
    force: bool,
    as_json: bool,
) -> None:
    """Answer the requests of Parquet files on a Ray cluster, and tell what came of them.

    Raises:
        Exit: 3, where some were not answered.
        Interrupted: it was interrupted; finished work is kept.
    """
    from cascade.bulk.batch import FINAL
    from cascade.bulk.cluster.run import run_on_ray
    from cascade.samples.table import parse_mapping

    columns = None if mapping is None else parse_mapping(mapping)
    try:
        done = run_on_ray(
            config, source, output, mapping=columns, actors=actors, concurrency=concurrency, overwrite=force
        )
    except KeyboardInterrupt:
        message = f"Interrupted; finished work is in {output} and {output}.ray. Run the same command again to resume."
        raise Interrupted(message) from None
    if as_json:
        print_json(
            {
                "output": output, "n": done.n, "outcomes": dict(done.outcomes), "cost_usd": done.cost_usd,
                "failures": {rung: dict(kinds) for rung, kinds in done.failures.items()}, "resumed": done.resumed,
            }
        )  # fmt: skip
    ended = ", ".join(f"{count} {outcome}" for outcome, count in done.outcomes.items()) or "no requests"
    say(f"{ended}; cost {dollars(done.cost_usd)}; results in {output}")
    tell_failures(done.failures, done.asked)
    if unfinished := sum(count for outcome, count in done.outcomes.items() if outcome not in FINAL):
        say(f"{unfinished} were not answered; run the same command again to ask them.")
        raise typer.Exit(FAILED)
