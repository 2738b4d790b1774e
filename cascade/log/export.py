"""Export: streams the tables of a decision log to Parquet or CSV files, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from cascade.display.sanitize import cell, id_cell
from cascade.errors import DataError
from cascade.extras import require_extra

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

    from cascade.log.log import Log

CHUNK = 10_000
"""Rows in memory at once, and of one row group of a Parquet file."""

TABLES = (
    "decisions",
    "attempts",
    "verdicts",
    "labels",
    "calls",
    "observations",
    "observed_attempts",
    "observed_verdicts",
    "unobserved",
    "watched",
)
"""Tables that are exported, in this order; each to a file of its name."""

_KEYS = frozenset({"decision_id", "request_id", "call_id"})

Form = Literal["parquet", "csv"]
Rows = Sequence[Mapping[str, Any]]


class Sink(Protocol):
    """An output file for rows."""

    def write(self, rows: Rows) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


def export(
    log: Log,
    folder: Path,
    form: Form,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    task: str | None = None,
    replace: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, int]:
    """Export a log's tables into a folder, from one snapshot, and return the number of rows of each.

    Columns are those of the log, with their types; files are written atomically. In CSV files, texts that a spreadsheet
    would read as a formula begin with an apostrophe, except ids of plain characters, which must join with Parquet's;
    numbers stay numbers, and NULL is empty.

    Args:
        log: the log.
        folder: the output folder; made if it is missing.
        form: the files' format; Parquet needs the extra `tables`.
        since_ms: only decisions that ended then or later, with their rows; only calls that began then or later.
        until_ms: only decisions that ended before, and calls that began before.
        task: decisions and calls of this task only.
        replace: whether files of an earlier export are replaced.
        on_progress: called now and then with the rows written and their total.

    Raises:
        ConfigError: the extra is not installed.
        DataError: files exist already, or the folder cannot be written to.
        LogUnavailable: the log cannot be read.
    """
    from cascade.log.tables import metadata

    tables = [metadata.tables[name] for name in TABLES]
    paths = {table.name: folder / f"{table.name}.{form}" for table in tables}
    there = [path for path in paths.values() if path.exists()]
    if there and not replace:
        message = f"{there[0]} exists already; give another folder, or --force to replace it."
        raise DataError(message)
    made = _parquet if form == "parquet" else _csv
    written: dict[str, int] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with log.reading() as connection:
            queries = {table.name: _query(table, since_ms, until_ms, task) for table in tables}
            total = sum(_count(connection, query) for query in queries.values())
            for table in tables:
                before = sum(written.values())
                written[table.name] = 0
                with _sink(table, paths[table.name], made) as sink:
                    for rows in _chunks(connection, queries[table.name]):
                        sink.write(rows)
                        written[table.name] += len(rows)
                        on_progress(before + written[table.name], total)
    except OSError as error:
        message = f"{folder} cannot be written to: {error.strerror or error}. Give another folder."
        raise DataError(message) from None
    return written


def _query(table: Table, since_ms: int | None, until_ms: int | None, task: str | None) -> Select[Any]:
    from sqlalchemy import select

    from cascade.log.tables import decisions

    query = select(table).order_by(*table.primary_key.columns)
    own = "at_ms" in table.c and table.name != "labels"
    if not own and (since_ms is not None or until_ms is not None or task is not None):
        query = query.join(decisions, decisions.c.decision_id == table.c.decision_id)
    timed = table if own else decisions
    if since_ms is not None:
        query = query.where(timed.c.at_ms >= since_ms)
    if until_ms is not None:
        query = query.where(timed.c.at_ms < until_ms)
    return query if task is None else query.where(timed.c.task == task)


def _count(connection: Connection, query: Select[Any]) -> int:
    from sqlalchemy import func, select

    return int(connection.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one())


def _chunks(connection: Connection, query: Select[Any]) -> Iterator[Rows]:
    rows = connection.execution_options(yield_per=CHUNK).execute(query)
    for part in rows.mappings().partitions():
        yield cast("Rows", part)


@contextmanager
def _sink(table: Table, path: Path, made: Callable[[Table, Path], Sink]) -> Iterator[Sink]:
    """Yield a temporary file that gets its name once it is complete (atomic write)."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        sink = made(table, part)
        try:
            yield sink
        finally:
            sink.close()
        part.chmod(0o600)
        part.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise


class _Csv(Sink):
    def __init__(self, names: Sequence[str], path: Path) -> None:
        self._names = names
        self._file = path.open("w", encoding="utf-8", newline="")
        self._file.write(",".join(names) + "\n")

    def write(self, rows: Rows) -> None:
        lines = (",".join(_field(name, row[name]) for name in self._names) for row in rows)
        self._file.write("".join(f"{line}\n" for line in lines))

    def close(self) -> None:
        self._file.close()


def _csv(table: Table, path: Path) -> Sink:
    return _Csv([column.name for column in table.columns], path)


def _field(name: str, value: Any) -> str:
    """Return a value as CSV; texts in quotes, so that none is read as a number, an empty cell or two cells."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = id_cell(value) if name in _KEYS else cell(value)
        return f'"{text}"' if '"' not in text else '"{}"'.format(text.replace('"', '""'))
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _parquet(table: Table, path: Path) -> Sink:
    require_extra("tables", "pyarrow", use="A Parquet file")
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    fields = [pa.field(column.name, types[column.type.python_type.__name__]) for column in table.columns]
    schema = pa.schema(fields)

    class Parquet(Sink):
        def __init__(self) -> None:
            self._writer = pq.ParquetWriter(path, schema, compression="zstd")

        def write(self, rows: Rows) -> None:
            columns = [pa.array([row[field.name] for row in rows], type=field.type) for field in schema]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=schema))

        def close(self) -> None:
            self._writer.close()

    return Parquet()
