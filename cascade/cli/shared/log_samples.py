"""Samples of a decision log for commands: written to a file, and what they lack said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cascade.cli.shared.terminal import say, warn
from cascade.errors import DataError

if TYPE_CHECKING:
    from cascade.log.log import Log
    from cascade.log.samples import Skips


def write_log_samples(
    log: Log,
    output: Path,
    *,
    skips: Skips,
    tasks: Sequence[str] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the samples of a log to a file, atomically; return how many.

    Raises:
        DataError: the log has none.
        LogUnavailable: it cannot be read.
    """
    from cascade.bulk.journal import encoded
    from cascade.files import write_atomically
    from cascade.log.samples import log_samples
    from cascade.samples.jsonl import sample_line

    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for sample in log_samples(log, tasks=tasks, since_ms=since_ms, until_ms=until_ms, skips=skips):
            yield encoded(sample_line(sample)) + b"\n"
            count += 1
            if count % 500 == 0:
                on_progress(count)
        if not count:
            what = "" if tasks is None else f" of task {', '.join(tasks)}"
            message = f"{log.name} has no decision{what} with an answer in this period; at least one was expected."
            raise DataError(message)

    write_atomically(output, lines())
    return count


def say_skips(skips: Skips, count: int) -> None:
    """Say what of a log is not in its samples."""
    say(f"{count:,} samples.")
    for reason, n in skips.decisions.items():
        say(f"{n:,} decisions left out: {reason}.")
    if skips.labels:
        say(f"{skips.labels:,} labels left out: their rung gave no answer in that decision.")
    if skips.without_text:
        say(
            f"{skips.without_text:,} have no texts, since the log did not store them (`store_text`): they can be "
            "calibrated, replayed and assessed, and not be labelled, graded or explored."
        )
    if skips.before_features:
        warn(
            f"{skips.before_features:,} samples are from before schema 4, which stores features: theirs come from "
            "verdicts and the length of the text, and lack what tools were given."
        )
