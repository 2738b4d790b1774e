"""Rows of a CSV, TSV or Parquet file: the columns that are asked for, cell by cell, with the number of each row."""

from __future__ import annotations

import csv
import importlib
import io
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.samples.jsonl import LINE_LIMIT, opened

TABLES = (".csv", ".tsv", ".parquet", ".csv.gz", ".tsv.gz")
"""Endings of the names of tables."""

_BATCH = 256
"""Rows of Parquet that are in memory at once; one row may hold a megabyte."""


def is_table(path: Path) -> bool:
    """Return whether a file is read as a table, by its name."""
    return path.name.endswith(TABLES)


def columns_of(path: Path) -> tuple[str, ...]:
    """Return the names of a table's columns.

    Raises:
        DataError: the file cannot be read.
    """
    if path.suffix == ".parquet":
        return tuple(_parquet(path).schema_arrow.names)
    for _, names in _csv(path):
        return tuple(names)
    return ()


def rows_of(path: Path, columns: Collection[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the cells of these columns, row by row, with the row's number: the line of a CSV file, else from 1.

    An empty cell of a CSV file is None: it cannot tell an empty text from none.

    Raises:
        DataError: the file cannot be read, or a row cannot; names file, line and column.
    """
    if path.suffix == ".parquet":
        yield from _parquet_rows(path, columns)
        return
    lines = _csv(path)
    _, header = next(lines, (0, []))
    for number, cells in lines:
        if not cells:
            continue
        if len(cells) != len(header):
            message = (
                f"{path}, line {number}: it has {len(cells)} columns, more or fewer than the {len(header)} expected."
            )
            raise DataError(message)
        row = dict(zip(header, cells, strict=True))
        for column in columns:
            _require_text(row[column], f"{path}, line {number}: column {column!r}")
        yield number, {column: row[column] or None for column in columns}


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(LINE_LIMIT)
    number = 0
    try:
        # Bytes that are no UTF-8 become surrogates, so that their row and column can be named.
        with io.TextIOWrapper(opened(path), encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter="\t" if ".tsv" in path.suffixes[-2:] else ",", strict=True)
            for cells in reader:
                number = reader.line_num
                yield number, cells
    except csv.Error as error:
        message = f"{path}, line {number + 1}: it is not CSV: {error}."
        raise DataError(message) from None
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise DataError(message) from None


def _require_text(cell: str, place: str) -> None:
    try:
        cell.encode()
    except UnicodeEncodeError:
        message = f"{place} is not UTF-8 text; save the file as UTF-8."
        raise DataError(message) from None


def _parquet(path: Path) -> Any:
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        message = (
            f"{path}: reading Parquet needs pyarrow, which is not installed; install it, or save as .jsonl or .csv."
        )
        raise DataError(message) from None
    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}."
        raise DataError(message) from None


def _parquet_rows(path: Path, columns: Collection[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with _parquet(path) as file:
        names = file.schema_arrow.names
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_BATCH):
                chosen = {column: batch.column(names.index(column)) for column in columns}
                for place in range(batch.num_rows):
                    number += 1
                    yield number, {name: _cell(path, number, name, cells[place]) for name, cells in chosen.items()}
        except (OSError, NotImplementedError) as error:
            message = f"{path}, line {number + 1}: it cannot be read as Parquet: {str(error).splitlines()[0]}."
            raise DataError(message) from None


def _cell(path: Path, number: int, column: str, cell: Any) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError, TypeError, NotImplementedError, ArithmeticError) as error:
        message = (
            f"{path}, line {number}: column {column!r} holds a {cell.type} that cannot be read ({error}); a value that "
            "Python can hold was expected, so save it as text."
        )
        raise DataError(message) from None
