"""Table reader: CSV and Parquet files, with columns mapped to the fields of a sample."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cascade.errors import CascadeError, DataError
from cascade.files import explain
from cascade.samples.cell import figure_of_cell, gold_of_cell, is_missing, name_of_cell, text_of_cell
from cascade.samples.jsonl import sample_of
from cascade.samples.key_set import KeySet
from cascade.samples.rows import columns_of, rows_of
from cascade.samples.sample import Sample, SampleWarning

PLAIN = ("id", "prompt", "gold", "task", "group", "session")
"""Fields filled by a column of the same name without a mapping."""

FIGURES = ("correct", "cost_usd")
"""Fields of a recording that are numbers, mapped as `recordings.<rung>.correct`."""

_READERS: Mapping[str, Callable[[Any], Any]] = {
    "gold": gold_of_cell,
    "prompt": text_of_cell,
    **dict.fromkeys(("id", "task", "group", "session"), name_of_cell),
}


def parse_mapping(text: str) -> dict[str, str]:
    """Parse `--map`: `field=column,field=column`.

    Raises:
        DataError: it is not of that form, or names an unknown field.
    """
    mapping: dict[str, str] = {}
    for pair in text.split(","):
        field, equals, column = pair.partition("=")
        field = field.strip()
        if not equals or not column.strip():
            message = f"--map has {pair!r}; field=column was expected, as in id=ID,prompt=Question,gold=Answer."
            raise DataError(message)
        if field not in PLAIN and not field.startswith("recordings."):
            message = f"--map names the field {field!r}; one of {', '.join(PLAIN)} or recordings.<rung> was expected."
            raise DataError(message)
        mapping[field] = column.strip()
    return mapping


def read_table(path: Path, mapping: Mapping[str, str] | None = None, *, unique: bool = True) -> Iterator[Sample]:
    """Read samples from a CSV, TSV or Parquet file.

    Args:
        path: the file.
        mapping: fields of a sample to columns (`prompt`, `recordings.<rung>`, `recordings.<rung>.correct`, …); if None,
            columns named id, prompt, gold, task, group and session are taken.
        unique: whether to check that ids differ.

    Raises:
        DataError: it cannot be read, lacks a column, or a row is not a sample; names file and row.
    """
    with KeySet() as seen:
        yield from _samples(path, mapping, seen if unique else None)


def _samples(path: Path, mapping: Mapping[str, str] | None, seen: KeySet | None) -> Iterator[Sample]:
    columns = columns_of(path)
    chosen = fields_of(path, columns, mapping)
    yield from samples_of_rows(path, rows_of(path, set(chosen.values())), chosen, seen)


def fields_of(path: Path, columns: tuple[str, ...], mapping: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the fields of a sample that a table's columns fill, each with its column.

    Raises:
        DataError: a column is missing or there twice, or none holds the prompt.
    """
    chosen = {name: name for name in PLAIN if name in columns} if mapping is None else mapping
    _require_columns(path, columns, chosen)
    return chosen


def samples_of_rows(
    path: Path, rows: Iterable[tuple[int, Mapping[str, Any]]], chosen: Mapping[str, str], seen: KeySet | None = None
) -> Iterator[Sample]:
    """Yield the samples of a table's rows, each with its number.

    Args:
        path: the table's name, for errors.
        rows: cells by column.
        chosen: fields of a sample, each with its column.
        seen: the keys of samples before; None: they are not compared.

    Raises:
        DataError: a row is not a sample, or its key is among those seen; names file and row.
    """
    empty: Counter[str] = Counter()
    for number, row in rows:
        try:
            sample = sample_of(_content(row, chosen, empty))
        except ValidationError as error:
            message = f"{path}, line {number}: {explain(error)}"
            raise DataError(message) from None
        except (CascadeError, ValueError) as error:
            message = f"{path}, line {number}: {error}"
            raise DataError(message) from None
        if seen is not None and not seen.add(sample):
            message = f"{path}, line {number}: id {sample.request.id!r} appears twice; give each row its own id."
            raise DataError(message)
        yield sample
    for rung, n in empty.items():
        message = (
            f"{path}: {n} row{'' if n == 1 else 's'} without an answer, a label and a cost of {rung}; such a row "
            "counts as not asked. Where the answer was an empty one, give its label or its cost."
        )
        warnings.warn(message, SampleWarning, stacklevel=2)


def _require_columns(path: Path, columns: tuple[str, ...], chosen: Mapping[str, str]) -> None:
    """Refuse a mapping that the columns of a table do not bear."""
    message = None
    absent = [column for column in chosen.values() if column not in columns]
    twice = [column for column in chosen.values() if columns.count(column) > 1]
    alone = [field for field in chosen if _figure(field) is not None and _rung_field(field) not in chosen]
    if columns and absent:
        message = f"{path}: it has no column {absent[0]!r}; its columns are {', '.join(columns)}."
    elif twice:
        message = f"{path}: the column {twice[0]!r} is there twice; rename one of them."
    elif columns and "prompt" not in chosen:
        message = f"{path}: no column holds the prompt; name it with --map prompt=COLUMN."
    elif alone:
        message = (
            f"{path}: --map names {alone[0]}, but no column for {_rung_field(alone[0])}; a figure needs the answer "
            f"that it is of, so add {_rung_field(alone[0])}=COLUMN."
        )
    if message is not None:
        raise DataError(message)


def _figure(field: str) -> str | None:
    """Return which figure of a recording a field is; None if it is none."""
    return next((name for name in FIGURES if field.startswith("recordings.") and field.endswith(f".{name}")), None)


def _rung_field(field: str) -> str:
    return field.removesuffix(f".{_figure(field)}")


def _content(row: Mapping[str, Any], chosen: Mapping[str, str], empty: Counter[str]) -> dict[str, Any]:
    """Convert a row into the content of a samples line.

    Empty cells are left out. An empty answer with a label or a cost is an answer; without, the rung counts as not
    asked, and is counted in `empty`.
    """
    line: dict[str, Any] = {}
    recordings: dict[str, dict[str, Any]] = {}
    for field, column in chosen.items():
        cell = row[column]
        if not field.startswith("recordings."):
            if not is_missing(cell) and cell != "":
                line[field] = _read(_READERS[field], cell, field, column)
            continue
        figure, rung = _figure(field), _rung_field(field).removeprefix("recordings.")
        recording = recordings.setdefault(rung, {"model": rung})
        if figure is None and not is_missing(cell):
            recording["content"] = _read(text_of_cell, cell, field, column)
        elif figure is not None and not is_missing(cell) and cell != "":
            recording[figure] = _read(figure_of_cell, cell, field, column)
    line["recordings"] = [recording for recording in recordings.values() if len(recording) > 1]
    empty.update(rung for rung, recording in recordings.items() if len(recording) == 1)
    return line


def _read(read: Callable[[Any], Any], cell: Any, field: str, column: str) -> Any:
    try:
        return read(cell)
    except DataError as error:
        raise DataError(f"column {column!r} ({field}) is {error}.") from None
