"""Importer: files of recorded answers in, a file of samples out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cascade.errors import DataError
from cascade.files import write_atomically
from cascade.importing.format import READERS, format_of
from cascade.importing.merger import Merger
from cascade.importing.reader import Choices
from cascade.importing.rung_names import RungNames
from cascade.importing.tally import Tally

_EVERY = 1000
"""Rows between two reports of the progress."""


def import_files(
    sources: Sequence[Path | str],
    output: Path | None,
    *,
    task: str = "default",
    rungs: Mapping[str, Sequence[str]],
    formats: Sequence[str] | None = None,
    choices: Choices = Choices(),  # noqa: B008 - frozen
    on_rows: Callable[[int], None] | None = None,
) -> Tally:
    """Import recorded answers as samples.

    One sample for each different request, in the order in which they are first seen. In memory is a bounded part of
    them, whatever their number; the output is written whole or not at all.

    Args:
        sources: files, and addresses of databases.
        output: file for the samples (.jsonl); None: count only.
        task: task of the samples.
        rungs: for each rung, its model as the ladder writes it, and other names of it in the sources.
        formats: format of each source; None: told from each.
        choices: what some formats ask for.
        on_rows: callback with the number of rows read so far.

    Raises:
        DataError: a source cannot be read, has no known format, or there is no answer in any.
        ConfigError: the output cannot be written.
        LogUnavailable: a database cannot be read.
    """
    tally = Tally()
    by_format: dict[str, list[Path | str]] = {}
    for source, name in zip(sources, formats or [format_of(source) for source in sources], strict=True):
        by_format.setdefault(name, []).append(source)
    folder = Path(tempfile.gettempdir()) if output is None else output.parent
    with Merger(task=task, rungs=RungNames(rungs), tally=tally, folder=folder) as merger:
        told = 0
        for name, group in by_format.items():
            for answer, path, number in READERS[name](group, tally, choices):
                merger.add(answer, path, number)
                if on_rows is not None and tally.rows >= told + _EVERY:
                    told = tally.rows
                    on_rows(told)
        if not tally.requests:
            raise DataError(_nothing(sources, tally))
        if output is None:
            for _ in merger.samples():
                pass
        else:
            write_atomically(output, merger.samples())
    if on_rows is not None:
        on_rows(tally.rows)
    return tally


def _nothing(sources: Sequence[Path | str], tally: Tally) -> str:
    named = ", ".join(str(source) if isinstance(source, Path) else "the database" for source in sources)
    why = max(tally.skipped.items(), key=lambda item: item[1].n, default=None)
    if why is None:
        return f"{named}: no recorded answer was found in {tally.rows:,} rows; nothing was imported."
    reason, one = why
    return (
        f"{named}: none of {tally.rows:,} rows holds an answer that can be imported; the commonest reason "
        f"({one.n:,} rows, first {one.first}): {reason}."
    )
