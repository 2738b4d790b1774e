"""`cascade tail`: follows the decision log, a line a decision."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from cascade.cli.shared.options import ConfigOption, LogArgument, TaskOption, open_for_reading
from cascade.cli.shared.terminal import print_text
from cascade.display.numbers import dollars
from cascade.display.sanitize import one_line
from cascade.errors import ConfigError

if TYPE_CHECKING:
    from cascade.log.past import Past


def tail(
    log: LogArgument = None,
    *,
    config: ConfigOption = None,
    task: TaskOption = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="KIND", help="Only these: escalated, or an outcome (exhausted, failed, …)."),
    ] = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, metavar="N", help="Decisions before now that are shown first.")
    ] = 10,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for further decisions.")] = True,
    every: Annotated[
        float, typer.Option("--every", min=0.05, metavar="S", help="Seconds between two looks at the log.")
    ] = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Follow the decision log: a line a decision, with its id for `cascade show`. Ctrl-C ends it."""
    from cascade.log.past import ESCALATED, last_sequence, pasts
    from cascade.result import Outcome

    kinds = (ESCALATED, *get_args(Outcome))
    if only is not None and only not in kinds:
        message = f"--only is {only!r}; one of {', '.join(kinds)} was expected."
        raise ConfigError(message)
    held = open_for_reading(log, config)
    try:
        after = last_sequence(held, before=lines, tasks=task, only=only)
        while True:
            for past in pasts(held, tasks=task, after=after, only=only):
                after = past.decision["sequence"]
                _print(past, as_json=as_json)
            if not follow:
                return
            time.sleep(every)
    finally:
        held.close()


def _print(past: Past, *, as_json: bool) -> None:
    row = past.decision
    if as_json:
        print_text(json.dumps(_line(row, past), ensure_ascii=True))
        return
    way = " → ".join(f"{one['rung']} {_held(one)}" for one in past.attempts)
    flags = "" if row["mode"] in (None, "enforce") else f" [{row['mode']}]"
    at = datetime.fromtimestamp(row["at_ms"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = f"{at}  {row['decision_id']}  {row['task']}  {row['outcome']}{flags}  {way}  {dollars(row['cost_usd'])}"
    print_text(one_line(text))


def _held(attempt: Mapping[str, Any]) -> str:
    if attempt["failure"] is not None:
        return str(attempt["failure"])
    return str(attempt["reason"]) if attempt["confidence"] is None else f"{attempt['confidence']:.3f}"


def _line(row: Mapping[str, Any], past: Past) -> dict[str, Any]:
    kept = ("decision_id", "task", "outcome", "rung", "model", "confidence", "cost_usd", "saved_usd", "latency_s",
            "request_id", "session", "mode", "error")  # fmt: skip
    attempts = [
        {name: one[name] for name in ("rung", "action", "reason", "confidence", "failure")} for one in past.attempts
    ]
    at = datetime.fromtimestamp(row["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds")
    return {"at": at, **{name: row[name] for name in kept}, "attempts": attempts}
