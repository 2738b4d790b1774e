"""Table reader: CSV and Parquet files, with columns mapped to the fields of a sample."""

from __future__ import annotations

import csv
import importlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cascade.errors import CascadeError, DataError
from cascade.files import explain
from cascade.samples.jsonl import LINE_LIMIT, sample_of
from cascade.samples.key_set import KeySet
from cascade.samples.sample import Sample

PLAIN = ("id", "prompt", "gold", "task", "group")
"""Fields filled by a column of the same name without a mapping."""

FIGURES = ("correct", "cost_usd")
"""Fields of a recording that are numbers, mapped as `recordings.<rung>.correct`."""

TABLES = (".csv", ".tsv", ".parquet")


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
            columns named id, prompt, gold, task and group are taken.
        unique: whether to check that ids differ.

    Raises:
        DataError: it cannot be read, lacks a column, or a row is not a sample; names file and row.
    """
    with KeySet() as seen:
        yield from _samples(path, mapping, seen if unique else None)


def _samples(path: Path, mapping: Mapping[str, str] | None, seen: KeySet | None) -> Iterator[Sample]:
    rows = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    chosen: Mapping[str, str] | None = mapping
    for number, row in rows:
        if chosen is None:
            chosen = {name: name for name in PLAIN if name in row}
        absent = [column for column in chosen.values() if column not in row]
        if absent:
            message = f"{path}: it has no column {absent[0]!r}; its columns are {', '.join(map(str, row))}."
            raise DataError(message)
        if "prompt" not in chosen:
            message = f"{path}: no column holds the prompt; name it with --map prompt=COLUMN."
            raise DataError(message)
        try:
            sample = sample_of(_content({field: row[column] for field, column in chosen.items()}))
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


def _content(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a row into the content of a samples line; empty cells are left out."""
    line: dict[str, Any] = {}
    recordings: dict[str, dict[str, Any]] = {}
    for field, value in fields.items():
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            continue
        if not field.startswith("recordings."):
            line[field] = value if field == "gold" else str(value)
            continue
        rung = field.removeprefix("recordings.")
        figure = next((name for name in FIGURES if rung.endswith(f".{name}")), None)
        rung = rung.removesuffix(f".{figure}")
        recording = recordings.setdefault(rung, {"model": rung})
        recording[figure or "content"] = _number(field, value) if figure else str(value)
    line["recordings"] = [recording for recording in recordings.values() if "content" in recording]
    if isinstance(line.get("gold"), str):
        line["gold"] = _gold(line["gold"])
    return line


def _number(field: str, value: Any) -> float:
    text = str(value).strip().lower()
    if text in {"true", "false"}:
        return float(text == "true")
    try:
        return float(text)
    except ValueError:
        message = f"{field} is {str(value)[:40]!r}; a number was expected."
        raise DataError(message) from None


def _gold(text: str) -> Any:
    """Parse a gold answer that is a JSON object or list: a table can only hold its text."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    csv.field_size_limit(LINE_LIMIT)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
            for row in reader:
                if None in row or None in row.values():
                    expected = len(reader.fieldnames or ())
                    message = f"{path}, line {reader.line_num}: it has more or fewer than the {expected} columns."
                    raise DataError(message)
                yield reader.line_num, row
    except UnicodeDecodeError:
        message = f"{path}: it is not UTF-8 text; save the file as UTF-8."
        raise DataError(message) from None
    except csv.Error as error:
        message = f"{path}: it is not CSV: {error}."
        raise DataError(message) from None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise DataError(message) from None


def _parquet(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        message = (
            f"{path}: reading Parquet needs pyarrow, which is not installed; install it, or save as .jsonl or .csv."
        )
        raise DataError(message) from None
    try:
        rows = parquet.read_table(path).to_pylist()
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}."
        raise DataError(message) from None
    yield from enumerate(rows, start=1)
