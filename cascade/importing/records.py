"""Records of a foreign file: JSON Lines, JSON documents of any size, CSV and Parquet, one row at a time."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.importing.json_stream import NotStreamable, elements
from cascade.importing.tally import Tally
from cascade.samples.jsonl import LINE_LIMIT, lines, opened
from cascade.samples.rows import columns_of, is_table, rows_of

ARRAYS = frozenset(
    {("results", "results"), ("results",), ("data",), ("resourceSpans",), ("resourceLogs",), ("observations",)}
)
"""Where the rows stand in JSON documents: promptfoo's results, pages of Langfuse and LiteLLM, OTLP."""

HEAD = 1 << 12
"""Bytes behind the first line that are looked at, to tell what follows it."""


def records(
    path: Path, tally: Tally, columns: Collection[str] | None = None
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the rows of a file with their numbers from 1 (of JSON Lines and CSV: the line).

    A row that is no JSON object is counted as left out.

    Args:
        path: the file, plain or gzipped (`.gz`).
        tally: where rows are counted.
        columns: of a table, the columns to read, as far as it has them; None: all.

    Raises:
        DataError: the file cannot be read, or is none of these.
    """
    for number, content in _table(path, columns) if is_table(path) else _json(path, tally):
        if isinstance(content, Mapping):
            yield number, content
        else:
            tally.rows += 1
            tally.skip("it is not a JSON object", path, number)


def first_record(path: Path) -> Mapping[str, Any] | None:
    """Return the first row that is an object, from which the format is told; None without one.

    Raises:
        DataError: the file cannot be read.
    """
    return next((content for _, content in records(path, Tally())), None)


def decoded(value: Any) -> Any:
    """Return a JSON object or list that a column holds as text, be it encoded twice; anything else unchanged."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    if isinstance(found, str):
        return decoded(found) if found.lstrip()[:1] in ("{", "[") else value
    return found


def _table(path: Path, columns: Collection[str] | None) -> Iterator[tuple[int, Any]]:
    there = columns_of(path)
    return rows_of(path, there if columns is None else [column for column in there if column in columns])


def _json(path: Path, tally: Tally) -> Iterator[tuple[int, Any]]:
    if not _is_document(path):
        yield from _lines(path, tally)
        return
    number = 0
    try:
        with io.TextIOWrapper(opened(path), encoding="utf-8-sig") as file:
            for number, content in enumerate(elements(file, ARRAYS), 1):
                yield number, content
    except NotStreamable as error:
        message = f"{path}, after entry {number}: it is {error}; JSON, JSON Lines, CSV or Parquet was expected."
        raise DataError(message) from None
    except UnicodeDecodeError:
        message = f"{path}, after entry {number}: it is not UTF-8 text; save the file as UTF-8."
        raise DataError(message) from None
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise DataError(message) from None


def _lines(path: Path, tally: Tally) -> Iterator[tuple[int, Any]]:
    for number, line in lines(path):
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            tally.rows += 1
            tally.skip("it is not JSON", path, number)


def _is_document(path: Path) -> bool:
    """Tell a JSON document from JSON Lines, whose first line is an object of its own."""
    try:
        with opened(path) as file:
            first = b""
            while not first and (line := file.readline(LINE_LIMIT)):
                first = line.removeprefix(b"\xef\xbb\xbf").strip()
            goes_on = not line.endswith(b"\n")
            follows = file.read(HEAD).lstrip()
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise DataError(message) from None
    if first.startswith(b"[") or not first.startswith(b"{"):
        return first.startswith(b"[")
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        # A broken first line is still a line where another object follows it.
        return (goes_on and bool(follows)) or not follows.startswith(b"{")
    return not follows and any(_has(found, keys) for keys in ARRAYS)


def _has(value: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return isinstance(value, list)
