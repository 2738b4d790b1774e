"""Samples that are read anew from their files each time they are gone through, so that none needs to be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cascade.errors import DataError
from cascade.samples.jsonl import digest, read_samples
from cascade.samples.sample import Sample
from cascade.samples.table import TABLES, read_table


class SampleFiles(Iterable[Sample]):
    """The samples of several files: JSON lines, plain or gzipped; CSV, TSV and Parquet by columns.

    Every pass checks every line; that ids differ is checked until one pass has come to the end.
    """

    def __init__(self, paths: Sequence[str | Path], mapping: Mapping[str, str] | None = None) -> None:
        """Take the files, and of tables which column fills which field; see `sample_table.read_table`."""
        self.paths, self.mapping = tuple(map(Path, paths)), mapping
        self._known_unique = False

    def __iter__(self) -> Iterator[Sample]:
        """Read the files from the beginning.

        Raises:
            DataError: a file cannot be read, a line is not a sample, two have the same id of a task, or there is none.
        """
        unique, found = not self._known_unique, False
        origin: dict[bytes, Path] | None = {} if unique and len(self.paths) > 1 else None
        for path in self.paths:
            table = path.suffix in TABLES
            for sample in read_table(path, self.mapping, unique=unique) if table else read_samples(path, unique=unique):
                if origin is not None:
                    _require_new(sample, path, origin)
                found = True
                yield sample
        if not found:
            message = f"{', '.join(map(str, self.paths))}: no sample was found; one JSON object a line was expected."
            raise DataError(message)
        self._known_unique = True


class ChangedSamples(Iterable[Sample]):
    """Samples with something filled in on the way (a schema, labels), anew each time they are gone through."""

    def __init__(self, samples: Iterable[Sample], change: Callable[[Sample], Sample]) -> None:
        """Take samples that can be gone through more than once, and what is done to each."""
        self.samples, self.change = samples, change

    def __iter__(self) -> Iterator[Sample]:
        """Go through the samples from the beginning."""
        return map(self.change, self.samples)


def read_files(paths: Sequence[str | Path], mapping: Mapping[str, str] | None = None) -> list[Sample]:
    """Read the samples of several files into memory; see `SampleFiles`, which does not."""
    return list(SampleFiles(paths, mapping))


def _require_new(sample: Sample, path: Path, origin: dict[bytes, Path]) -> None:
    key = digest(sample)
    if key in origin:
        message = (
            f"{path}: id {sample.request.id!r} of task {sample.request.task!r} stands in {origin[key]} too; ids must "
            "differ."
        )
        raise DataError(message)
    origin[key] = path
