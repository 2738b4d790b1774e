"""Recorded requests under another system prompt, for commands: the rungs are asked again on them, resumable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cascade.cli.explore import explore_samples, show_bill
from cascade.cli.shared.terminal import say
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cascade.config import Config
    from cascade.samples.sample import Sample

_LIMIT = 1 << 20


def read_prompt(path: Path) -> str:
    """Return the text of a system prompt: the whole file, without a line break at its end.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    from cascade.files import read_text

    text = read_text(path, what="system prompt", limit=_LIMIT).removesuffix("\n").removesuffix("\r")
    if not text.strip():
        message = f"{path} is empty; the text of the system prompt was expected, as it is to be sent."
        raise ConfigError(message)
    return text


def with_changed_prompt(
    found: Sequence[Sample],
    source: Path,
    prompt: str,
    config: Config | None,
    tasks: Sequence[str] | None,
    *,
    dry_run: bool,
    max_cost: float | None,
    yes: bool,
) -> tuple[Path, list[Sample]]:
    """Ask every rung again on recorded requests with another system prompt; return their file and samples.

    The file stands beside `source` and is named by the prompt's fingerprint, so a run is resumed, nothing is paid for
    twice, and labels of these answers stay with them.

    Args:
        found: the recorded samples; what they were answered, and labels of that, is left behind.
        source: their file, or the log's.
        prompt: the text.
        config: its ladder is asked.
        tasks: only these; None: all.
        dry_run: whether it ends once the bill is shown.
        max_cost: US dollars that asking may cost.
        yes: whether nobody is asked before.

    Raises:
        ConfigError: there is no configuration to ask with.
        DataError: no row has a text to be asked with.
        typer.Exit: it was a dry run (0), or a call failed (3).
    """
    from calibration.samples.observed import fit_rows
    from cascade.bulk.cost_estimate import estimate
    from cascade.bulk.exploration import is_complete
    from cascade.samples.jsonl import read_samples
    from cascade.system_prompt import prompt_print

    if config is None:
        message = "--prompt asks the rungs again, which takes a ladder with models: give --config and not --rungs."
        raise ConfigError(message)
    rows = [one for one in fit_rows(found, say) if tasks is None or one.request.task in tasks]
    texts = [one for one in rows if not one.textless]
    if not texts:
        message = (
            f"None of the {len(rows):,} rows of {source} has a text to ask the rungs with; log with "
            "`store_text: full`, or give a file of samples."
        )
        raise DataError(message)
    if len(texts) < len(rows):
        say(f"{len(rows) - len(texts):,} of {len(rows):,} rows have no texts and are left out.")
    bare = [_asked_with(one, prompt) for one in texts]
    print_of = prompt_print(bare[0].request.messages)
    output = source.with_name(f"{source.name.removesuffix('.gz').removesuffix('.jsonl')}.prompt-{print_of}.jsonl")
    say(f"{len(bare):,} recorded requests with the system prompt {print_of}; every rung is asked again: {output}.")
    if output.exists():
        done = list(read_samples(output))
        if {one.key for one in done} == {one.key for one in bare} and all(
            is_complete(one, config.ladder) for one in done
        ):
            say("They are all answered already; nothing is asked.")
            return output, done
    with config.open(policy=False) as app:
        if dry_run:
            show_bill(estimate(bare, app), len(bare), max_cost)
            say("Dry run: no call was made, and nothing was written.")
            raise typer.Exit(0)
        made = explore_samples(app, bare, output, max_cost=max_cost, yes=yes, label="Asking again")
    if made.failures:
        say(f"Nothing is certified before every rung has answered; leave a row that never does out of {source}.")
        raise typer.Exit(3)
    return output, list(made.samples)


def _asked_with(sample: Sample, prompt: str) -> Sample:
    """Return a request as it is asked with another system prompt: nothing recorded, one group with its former self."""
    from cascade.samples.sample import DECISION
    from cascade.system_prompt import with_prompt

    request = sample.request
    # Under every prompt a request is in the same part of the split, and a further prompt on it is a further look.
    group = request.group or f"content:{request.content}"
    return replace(
        sample,
        request=replace(request, messages=with_prompt(request.messages, prompt), group=group),
        recordings={},
        propensity=1.0,
        extra={name: value for name, value in sample.extra.items() if name != DECISION},
    )
