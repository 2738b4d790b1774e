"""RequestFile: the requests of a samples file or table, read anew at each iteration, so that none stays in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cascade.bulk.shard import Shard
from cascade.errors import DataError
from cascade.exchange import Request
from cascade.samples.jsonl import read_samples
from cascade.samples.line_types import as_name
from cascade.samples.request_limits import require_allowed
from cascade.samples.rows import is_table
from cascade.samples.sample import Sample
from cascade.samples.table import read_table

_FIELDS: Mapping[str, Any] = {
    "principal": str,
    "deadline_s": int | float,
    "max_cost_usd": int | float,
}


class RequestFile(Iterable[Request]):
    """Requests of a samples file (recordings are ignored): JSON lines, CSV, TSV or Parquet.

    A line of JSON can also set `principal`, `deadline_s` and `max_cost_usd`. Only parameters on the allow-list are
    accepted; see `cascade.samples.request_limits`.
    """

    def __init__(
        self,
        path: str | Path,
        change: Callable[[Request], Request] | None = None,
        *,
        mapping: Mapping[str, str] | None = None,
        shard: Shard | None = None,
    ) -> None:
        """Take the file.

        Args:
            path: the file.
            change: a transformation of each request.
            mapping: the columns of a table; see `samples.table.read_table`.
            shard: the part of the requests that is wanted; every line is validated all the same. None: all.
        """
        self.path, self._change, self._mapping, self._shard = Path(path), change, mapping, shard
        self._known_unique = False

    def checked(self) -> int | None:
        """Validate every line, and return the number of requests; None for a pipe, which can be read only once.

        Raises:
            DataError: a line is not a request, or ids are not unique; names file, line and field.
        """
        if self.path.is_fifo() or self.path.is_char_device() or self.path.is_socket():
            return None
        n = sum(1 for _ in self)
        self._known_unique = True
        return n

    def __iter__(self) -> Iterator[Request]:
        """Stream the file from the beginning.

        Raises:
            DataError: a line is not a request, or ids are not unique; names file, line and field.
        """
        unique = not self._known_unique
        if is_table(self.path):
            samples = read_table(self.path, self._mapping, unique=unique)
        else:
            samples = read_samples(self.path, unique=unique)
        for sample in samples:
            request = request_of(sample, self.path)
            if self._shard is not None and not self._shard.has(request.id):
                continue
            yield request if self._change is None else self._change(request)


def request_of(sample: Sample, path: Path) -> Request:
    """Return the request of a sample, with the fields that only a request has.

    Raises:
        DataError: a field is of another type, or a parameter is not on the allow-list; names the file.
    """
    fields: dict[str, Any] = {}
    for name, kinds in _FIELDS.items():
        value = sample.extra.get(name)
        value = as_name(value) if kinds is str else value
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, kinds):
            expected = "a text" if kinds is str else "a number"
            message = f"{path}, request {sample.request.id!r}: {name} is {value!r:.60}; {expected} was expected."
            raise DataError(message)
        fields[name] = value
    request = replace(sample.request, **fields) if fields else sample.request
    try:
        require_allowed(request)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return request


def read_requests(path: str | Path) -> list[Request]:
    """Read the requests of a file into memory; `RequestFile` streams them instead.

    Raises:
        DataError: a line is not a request, or ids are not unique; names file, line and field.
    """
    return list(RequestFile(path))
