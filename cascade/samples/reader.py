"""Streaming readers of samples: each iteration reads the files again, so none stays in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cascade.errors import DataError
from cascade.samples.jsonl import read_samples
from cascade.samples.key_set import digest
from cascade.samples.rows import is_table
from cascade.samples.sample import Sample
from cascade.samples.table import read_table


class SampleFiles(Iterable[Sample]):
    """Re-iterable stream of the samples of several files: JSON Lines, plain or gzipped; CSV and TSV, likewise; Parquet.

    Every pass validates every line; duplicate ids are checked until one pass is complete.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        mapping: Mapping[str, str] | None = None,
        *,
        rungs: Collection[str] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Take the files, and the column mapping of tables; see `samples.table.read_table`.

        With `rungs`, a recording of another rung that cannot be used is left out, and `say` called with a sentence.
        """
        self.paths, self.mapping = tuple(map(Path, paths)), mapping
        self.rungs, self._say = rungs, say
        self._known_unique = False

    def __iter__(self) -> Iterator[Sample]:
        """Stream the files from the beginning.

        Raises:
            DataError: a file cannot be read, a line is not a sample, a task has duplicate ids, or no sample is found.
        """
        unique, found = not self._known_unique, False
        origin: dict[bytes, Path] | None = {} if unique and len(self.paths) > 1 else None
        for path in self.paths:
            if is_table(path):
                samples = read_table(path, self.mapping, unique=unique)
            else:
                samples = read_samples(path, unique=unique, rungs=self.rungs, say=self._say if unique else None)
            for sample in samples:
                if origin is not None:
                    _require_new(sample, path, origin)
                found = True
                yield sample
        if not found:
            message = f"{', '.join(map(str, self.paths))}: no sample was found; one JSON object per line was expected."
            raise DataError(message)
        self._known_unique = True


class ChangedSamples(Iterable[Sample]):
    """Re-iterable stream of samples with a transformation (a schema, labels)."""

    def __init__(self, samples: Iterable[Sample], change: Callable[[Sample], Sample]) -> None:
        """Take re-iterable samples, and the transformation of each."""
        self.samples, self.change = samples, change

    def __iter__(self) -> Iterator[Sample]:
        """Stream the samples from the beginning."""
        return map(self.change, self.samples)


class ChosenSamples(Iterable[Sample]):
    """Re-iterable stream of some of the samples."""

    def __init__(self, samples: Iterable[Sample], choose: Callable[[Sample], bool]) -> None:
        """Take re-iterable samples, and whether each is taken."""
        self.samples, self.choose = samples, choose

    def __iter__(self) -> Iterator[Sample]:
        """Stream the samples from the beginning."""
        return filter(self.choose, self.samples)


def read_files(
    paths: Sequence[str | Path],
    mapping: Mapping[str, str] | None = None,
    *,
    rungs: Collection[str] | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Sample]:
    """Read the samples of several files into memory; `SampleFiles`, which says more, streams them instead."""
    return list(SampleFiles(paths, mapping, rungs=rungs, say=say))


def _require_new(sample: Sample, path: Path, origin: dict[bytes, Path]) -> None:
    key = digest(sample)
    if key in origin:
        message = (
            f"{path}: id {sample.request.id!r} of task {sample.request.task!r} is also in {origin[key]}; ids must "
            "differ."
        )
        raise DataError(message)
    origin[key] = path
