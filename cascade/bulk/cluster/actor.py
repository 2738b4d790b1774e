"""CascadeActor: runs blocks of requests in a worker of Ray, each as a resumable bulk run of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cascade.bulk.batch import run_file
from cascade.bulk.cluster.node import Needed
from cascade.bulk.journal import journal_of
from cascade.bulk.request_file import request_of
from cascade.bulk.result_table import arrow_table
from cascade.engine.cascade import Cascade
from cascade.errors import CascadeError
from cascade.hashing import content_id
from cascade.samples.table import samples_of_rows


class CascadeActor:
    """One cascade in one process, for `Dataset.map_batches`; several blocks are run at once."""

    def __init__(
        self, needed: Needed, source: str, fields: Mapping[str, str], journals: str | None, concurrency: int
    ) -> None:
        """Open the cascade.

        Args:
            needed: what its node needs, the configuration among it.
            source: what the input is called in errors.
            fields: fields of a request, each with its column.
            journals: the folder of journals that all nodes see; None: each its own, which ends with its node.
            concurrency: calls at once, of each block.
        """
        self._source, self._fields, self._concurrency = Path(source), fields, concurrency
        self._folder = Path(journals or tempfile.mkdtemp(prefix="cascade-"))
        # Of an error that is raised here Ray keeps the text only; one that a block raises arrives whole.
        self._app: Cascade | CascadeError
        try:
            self._app = needed.checked().open()
        except CascadeError as error:
            self._app = error

    def __call__(self, block: Any) -> Any:
        """Run the requests of an Arrow table, and return their results as one.

        Raises:
            ConfigError: this node lacks what it needs, or has another version of it.
            CascadeError: it had to stop; what was answered is kept.
        """
        if isinstance(self._app, CascadeError):
            raise self._app
        rows = ((0, row) for batch in block.to_batches(max_chunksize=256) for row in batch.to_pylist())
        requests = [request_of(sample, self._source) for sample in samples_of_rows(self._source, rows, self._fields)]
        # A block that is run again, by whichever actor, goes on with the journal of the one that was killed.
        output = self._folder / f"{content_id([request.id for request in requests])}.jsonl"
        if not output.exists() or journal_of(output).exists():
            run_file(self._app, requests, output, concurrency=self._concurrency)
        return arrow_table(_lines(output))


def _lines(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        yield from file
