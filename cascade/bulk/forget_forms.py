"""Forms of the files in which a principal is forgotten; what stays, stays byte for byte, but for Parquet's encoding."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from cascade.errors import DataError
from cascade.extras import require_extra
from cascade.files import write_atomically

Holds = Callable[[Mapping[str, Any]], bool]
"""Whether a row is the principal's."""

NAMES = ("principal", "decision_id", "call_id", "request_id", "hash_id", "id")
"""Columns that tell whose a row is; a table has one of them at least."""

_PACK = 1 << 16


def form_of(path: Path) -> str:
    """Return the form of a file by its name.

    Raises:
        DataError: it is of no known form.
    """
    name = path.name.lower()
    form = name.removesuffix(".gz").rpartition(".")[2]
    if form not in FORMS or (form in {"parquet", "part"} and name.endswith(".gz")):
        message = f"{path} is of no known form; .jsonl, .csv or .tsv (.gz too), .parquet, or a journal (.part)."
        raise DataError(message)
    return form


def _json_lines(path: Path, holds: Holds, dry_run: bool) -> int:  # noqa: FBT001 - one signature for all forms
    def told() -> Iterator[tuple[bytes, bool]]:
        with _opened(path) as file:
            for number, line in enumerate(file, start=1):
                yield line, bool(line.strip()) and holds(_parsed(path, number, line))

    return _rewritten(path, told, dry_run)


def _journal(path: Path, holds: Holds, dry_run: bool) -> int:  # noqa: FBT001 - as above
    with path.open("rb") if path.exists() else _missing(path) as file:
        if not _unlocked(file):
            message = f"{path} is written by a run that goes on; wait for its end, and forget then."
            raise DataError(message)
        return _json_lines(path, holds, dry_run)


def _delimited(delimiter: str) -> Callable[[Path, Holds, bool], int]:
    def rewrite(path: Path, holds: Holds, dry_run: bool) -> int:  # noqa: FBT001 - as above
        def told() -> Iterator[tuple[bytes, bool]]:
            with _opened(path) as file:
                taken: list[bytes] = []

                def lines() -> Iterator[str]:
                    for line in file:
                        taken.append(line)
                        yield line.decode("utf-8-sig" if len(taken) == 1 and not header else "utf-8")

                header: list[str] = []
                for record in csv.reader(lines(), delimiter=delimiter, strict=True):
                    raw = b"".join(taken)
                    taken.clear()
                    if not header:
                        header = record
                        _require_names(path, header)
                        yield raw, False
                    else:
                        yield raw, holds(dict(zip(header, record, strict=False)))

        try:
            return _rewritten(path, told, dry_run)
        except (csv.Error, UnicodeDecodeError) as error:
            message = f"{path} is no table ({error}), so nothing was changed; CSV in UTF-8 was expected."
            raise DataError(message) from None

    return rewrite


def _parquet(path: Path, holds: Holds, dry_run: bool) -> int:  # noqa: FBT001 - as above
    require_extra("tables", "pyarrow", use="A Parquet file")
    import os
    import tempfile

    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        with _missing(path):
            pass
    try:
        given = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        message = f"{path} cannot be read as Parquet: {error}; nothing was changed."
        raise DataError(message) from None
    with given:
        names = [name for name in NAMES if name in given.schema_arrow.names]
        _require_names(path, names)
        gone = 0
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        try:
            with pq.ParquetWriter(beside, given.schema_arrow, compression="zstd") as writer:
                for group in range(given.num_row_groups):
                    table = given.read_row_group(group)
                    rows = table.select(names).to_pylist()
                    kept = [not holds(row) for row in rows]
                    gone += len(kept) - sum(kept)
                    writer.write_table(table.filter(pa.array(kept)))
            if gone and not dry_run:
                Path(beside).chmod(path.stat().st_mode & 0o777)
                Path(beside).replace(path)
        finally:
            Path(beside).unlink(missing_ok=True)
    return gone


def _rewritten(path: Path, told: Callable[[], Iterator[tuple[bytes, bool]]], dry_run: bool) -> int:  # noqa: FBT001
    """Write what is not told to be the principal's; read twice, so that nothing is written where nothing is found."""
    gone = sum(mine for _, mine in told())
    if gone and not dry_run:
        kept = (raw for raw, mine in told() if not mine)
        write_atomically(path, _packed(kept) if path.name.lower().endswith(".gz") else kept)
    return gone


def _packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces gzipped."""
    import zlib

    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as file:
            yield cast("BinaryIO", file)
    except (OSError, EOFError) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}. Nothing was changed in it."
        raise DataError(message) from None


def _missing(path: Path) -> Any:
    message = f"{path} cannot be read: it does not exist."
    raise DataError(message)


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        message = f"{path}, line {number} is no JSON object, so nothing was changed; JSON lines were expected."
        raise DataError(message)
    return content


def _require_names(path: Path, names: list[str]) -> None:
    if not any(name in NAMES for name in names):
        message = f"{path} has no column that tells whose a row is; one of {', '.join(NAMES)} was expected."
        raise DataError(message)


def _unlocked(file: BinaryIO) -> bool:
    """Return whether no run holds a journal."""
    try:
        import fcntl
    except ImportError:
        return True  # Windows: journals are not locked there
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


FORMS: dict[str, Callable[[Path, Holds, bool], int]] = {
    "jsonl": _json_lines,
    "part": _journal,
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "parquet": _parquet,
}
"""By the end of a file's name."""
