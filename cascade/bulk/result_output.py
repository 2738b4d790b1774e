"""ResultOutput: the results of a bulk run as a file, in the order of the input at the end, or as they finish."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cascade.bulk.journal import Journal
from cascade.bulk.result_table import form_of, header, table_line, table_pieces
from cascade.engine.cascade import Order
from cascade.errors import ConfigError, LogUnavailable


class ResultOutput:
    """The output file of a bulk run; a context manager."""

    def __init__(self, path: Path, order: Order) -> None:
        """Take the file; in the order `as-finished` it is begun anew, since a resumed run writes all lines again.

        Raises:
            ConfigError: it cannot be written, or is Parquet in the order `as-finished`.
        """
        self._path, self._form = path, form_of(path, order)
        self._file: IO[bytes] | None = None
        if order == "as-finished":
            try:
                self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
                self._file.write(header(self._form))
                self._file.flush()
            except OSError as error:
                message = f"{path} cannot be written: {error.strerror}. Give an --output in a folder that exists."
                raise ConfigError(message) from None

    def put(self, line: bytes) -> None:
        """Take the line of a finished item, which is in the journal.

        Raises:
            LogUnavailable: the disk is full.
        """
        if self._file is None:
            return
        try:
            self._file.write(table_line(line, self._form))
            self._file.flush()
        except OSError as error:
            message = f"{self._path} cannot be written: {error.strerror}. Results are kept; run the command again."
            raise LogUnavailable(message) from None

    def finish(self, journal: Journal, *, keep: bool) -> None:
        """Complete the output, and remove the journal unless `keep`."""
        if self._file is not None:
            os.fsync(self._file.fileno())
        journal.finish(table_pieces(journal.lines(), self._form) if self._file is None else None, keep=keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # the disk is full; that was told when the line was put
                self._file.close()
