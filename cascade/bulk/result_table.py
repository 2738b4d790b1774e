"""Result table: the result lines of a bulk run as CSV, TSV or Parquet, a row a result, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

from cascade.display.sanitize import cell, id_cell
from cascade.engine.cascade import Order
from cascade.errors import ConfigError
from cascade.extras import require_extra

Form: TypeAlias = Literal["jsonl", "csv", "tsv", "parquet"]

COLUMNS: Mapping[str, type] = {
    "id": str,
    "task": str,
    "outcome": str,
    "answer": str,
    "parsed": dict,
    "tool_calls": dict,
    "rung": str,
    "model": str,
    "confidence": float,
    "calibrated": bool,
    "cost_usd": float,
    "answers_usd": float,
    "verifiers_usd": float,
    "saved_usd": float,
    "saved_how": str,
    "latency_s": float,
    "input_tokens": int,
    "output_tokens": int,
    "error": str,
    "flags": dict,
    "tags": dict,
    "policy_sha256": str,
    "decision_id": str,
    "attempts": dict,
}
"""Columns in their order, with their types; dict: JSON as text."""

_ROWS = 256
"""Rows that are in memory at once before they are columns: one may hold a megabyte."""

_GROUP_BYTES = 8_000_000
"""Bytes of columns from which a row group is written; of each, the file keeps a kilobyte a column in memory."""

_IDS = frozenset({"id", "decision_id"})


def form_of(output: Path, order: Order) -> Form:
    """Return the form of an output by the ending of its name: `.csv`, `.tsv`, `.parquet`; JSON lines otherwise.

    Raises:
        ConfigError: it ends in `.gz`, is Parquet in the order `as-finished`, or pyarrow is missing for Parquet.
    """
    if output.suffix == ".gz":
        message = f"--output is {output}; results are not compressed: .jsonl, .csv, .tsv or .parquet was expected."
        raise ConfigError(message)
    if output.suffix == ".parquet":
        if order == "as-finished":
            message = (
                f"--order as-finished was given for {output}; a Parquet file can be read only once it is complete. "
                "Give an --output that ends in .jsonl or .csv, or --order input."
            )
            raise ConfigError(message)
        require_extra("tables", "pyarrow", use="A Parquet file")
        return "parquet"
    return "csv" if output.suffix == ".csv" else "tsv" if output.suffix == ".tsv" else "jsonl"


def table_pieces(lines: Iterable[bytes], form: Form) -> Iterator[bytes]:
    """Yield the bytes of a file of this form, piece by piece.

    Args:
        lines: the result lines (`result_line` as JSON).
        form: of the file. In CSV and TSV a text that a spreadsheet would read as a formula
            begins with an apostrophe, as in `cascade export`.
    """
    if form == "jsonl":
        yield from lines
    elif form == "parquet":
        yield from _parquet(map(_row, lines))
    else:
        yield header(form)
        for line in lines:
            yield table_line(line, form)


def header(form: Form) -> bytes:
    """Return the first line of a CSV or TSV file; b"" for JSON lines."""
    return b"" if form == "jsonl" else (_separator(form).join(COLUMNS) + "\n").encode()


def table_line(line: bytes, form: Form) -> bytes:
    """Return the line of a result in JSON lines, CSV or TSV."""
    if form == "jsonl":
        return line
    cells = (_text(name, value) for name, value in zip(COLUMNS, _row(line), strict=True))
    return (_separator(form).join(cells) + "\n").encode()


def _separator(form: Form) -> str:
    return "\t" if form == "tsv" else ","


def _row(line: bytes) -> list[Any]:
    found = json.loads(line)
    found |= found.pop("usage")
    return [_cell(found.get(name), kind) for name, kind in COLUMNS.items()]


def _cell(value: Any, kind: type) -> Any:
    if value is None:
        return None
    if kind is dict:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    # A lone surrogate is no UTF-8.
    return value.encode("utf-8", "replace").decode() if kind is str else value


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = id_cell(value) if name in _IDS else cell(value)
        return '"{}"'.format(text.replace('"', '""'))
    return str(value).lower() if isinstance(value, bool) else repr(value)


class _Pieces:
    """A file that keeps what is written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        self._at += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Do nothing: nothing is buffered elsewhere."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def take(self) -> list[bytes]:
        taken, self._pieces = self._pieces, []
        return taken


def _parquet(rows: Iterator[list[Any]]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(pa)
    pieces = _Pieces()
    with pa.PythonFile(pieces, mode="w") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        group: list[Any] = []
        while some := list(islice(rows, _ROWS)):
            group.append(_table(pa, some, schema))
            if sum(table.nbytes for table in group) >= _GROUP_BYTES:
                writer.write_table(pa.concat_tables(group))
                group.clear()
                yield from pieces.take()
        if group:
            writer.write_table(pa.concat_tables(group))
    yield from pieces.take()


def arrow_table(lines: Iterable[bytes]) -> Any:
    """Return results as an Arrow table, with the columns of a Parquet file of them."""
    import pyarrow as pa

    schema = _schema(pa)
    rows = list(map(_row, lines))
    return _table(pa, rows, schema) if rows else schema.empty_table()


def _schema(pa: Any) -> Any:
    types = {str: pa.string(), dict: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
    return pa.schema([pa.field(name, types[kind]) for name, kind in COLUMNS.items()])


def _table(pa: Any, rows: Sequence[list[Any]], schema: Any) -> Any:
    columns = [pa.array(values, type=field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)
