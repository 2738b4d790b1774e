"""Cells of a table as the fields of a sample: texts, numbers, and gold answers that are any JSON value."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cascade.errors import DataError

_MIDNIGHT = dt.time()


def is_missing(cell: Any) -> bool:
    """Return whether a cell holds nothing: null, NaN, or pandas' NaT."""
    if isinstance(cell, float | Decimal):
        return math.isnan(cell)
    return cell is None or type(cell).__name__ == "NaTType"


def text_of_cell(cell: Any) -> str:
    """Return a cell's text: numbers and dates as they are written, bytes as UTF-8.

    Raises:
        DataError: it is none of these; the message goes on from "it is".
    """
    value = plain_cell(cell)
    if isinstance(value, dict | list):
        message = f"a {'list' if isinstance(value, list) else 'structure'}; a text was expected, so save it as text"
        raise DataError(message)
    return value if isinstance(value, str) else str(value)


def name_of_cell(cell: Any) -> str:
    """Return an id, a task or a group: as text, and 7.0 as 7, since a column of integers with gaps comes as floats.

    Raises:
        DataError: it is no text or number.
    """
    return text_of_cell(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)


def figure_of_cell(cell: Any) -> float:
    """Return a number; true is 1.

    Raises:
        DataError: it is none.
    """
    text = str(cell).strip().lower()
    if text in {"true", "false"}:
        return float(text == "true")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = f"{str(cell)[:40]!r}; a number was expected, or an empty cell"
        raise DataError(message)
    return value


def gold_of_cell(cell: Any) -> Any:
    """Return a gold answer: any JSON value. A text that is a JSON object or list is parsed: CSV can only hold its text.

    Raises:
        DataError: it cannot be a JSON value.
    """
    value = plain_cell(cell)
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def plain_cell(cell: Any) -> Any:
    """Return a cell as a JSON value: decimals as their digits, dates in ISO 8601 (of midnight without a zone, the day).

    Raises:
        DataError: it cannot be one.
    """
    if isinstance(cell, dt.datetime):
        is_day = cell.tzinfo is None and cell.time() == _MIDNIGHT
        return cell.date().isoformat() if is_day else cell.isoformat()
    match cell:
        case None | bool() | int() | str():
            return cell
        case float() if math.isfinite(cell):
            return cell
        case Decimal() if cell.is_finite():
            return format(cell, "f")
        case dt.date() | dt.time():
            return cell.isoformat()
        case bytes():
            return _decoded(cell)
        case Mapping():
            return {str(key): plain_cell(item) for key, item in cell.items()}
        case list() | tuple():
            return [plain_cell(item) for item in cell]
    message = f"{str(cell)[:40]!r} ({type(cell).__name__}); a finite number, a text or a date was expected"
    raise DataError(message)


def _decoded(cell: bytes) -> str:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        message = f"{len(cell):,} bytes that are not UTF-8 text; a text was expected"
        raise DataError(message) from None
