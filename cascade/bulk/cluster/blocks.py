"""Blocks: rows of Parquet files, in pieces that are the same in every run, on whichever cluster."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from cascade.bulk.cluster.places import place_of
from cascade.errors import DataError
from cascade.samples.key_set import KeySet

BLOCK_ROWS = 512
"""Requests of one block: what an actor takes at once, and what is checkpointed at once."""

MOST_BLOCKS = 20_000
"""Blocks of one run, about; those of larger runs are larger."""

MOST_OF_A_GROUP = 16
"""Blocks of one row group: each reads the group as far as its own rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some rows of one row group."""

    name: str
    """The file."""

    group: int
    """The row group's number in it."""

    at: int
    """The first row, of those of the group."""

    rows: int
    """How many."""


class ParquetInput:
    """The Parquet files of an input."""

    def __init__(self, source: str) -> None:
        from pyarrow import fs
        from pyarrow.parquet import read_schema

        self.source = source
        self.filesystem, path = place_of(source)
        folder, _, pattern = path.rpartition("/")
        try:
            if any(mark in pattern for mark in "*?["):
                found = self.filesystem.get_file_info(fs.FileSelector(folder or "."))
                self.names = sorted(one.path for one in found if one.is_file and fnmatchcase(one.base_name, pattern))
            else:
                self.names = [path] if self.filesystem.get_file_info(path).is_file else []
            if not self.names or not all(name.endswith(".parquet") for name in self.names):
                message = f"{source}: no Parquet files were found there; --engine ray takes files named *.parquet."
                raise DataError(message)
            schemas = [read_schema(name, filesystem=self.filesystem) for name in self.names]
        except (OSError, ValueError) as error:
            message = f"{source} cannot be read: {error}."
            raise DataError(message) from None
        self.columns: tuple[str, ...] = tuple(schemas[0].names)
        different = next((name for name, schema in zip(self.names, schemas, strict=True) if schema != schemas[0]), None)
        if different is not None:
            message = f"{different} has other columns or types than {self.names[0]}; the same were expected."
            raise DataError(message)
        self._id = schemas[0].field("id").type if "id" in self.columns else None

    def checked(self, fields: Mapping[str, str]) -> int:
        """Return the number of rows, once their ids are known to differ."""
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile

        if fields.get("id") != "id" or self._id not in (pa.string(), pa.large_string()):
            found = "none" if self._id is None else f"one of {self._id}"
            message = f"{self.source}: --engine ray resumes by a column `id` of texts; found {found}."
            raise DataError(message)
        n = 0
        with KeySet() as seen:
            for name in self.names:
                with self.filesystem.open_input_file(name) as file:
                    for batch in ParquetFile(file).iter_batches(columns=["id"]):
                        for identity in batch.column(0).to_pylist():
                            n += 1
                            if not identity or not seen.add_id(identity):
                                what = f"id {identity!r} appears twice" if identity else "a row has no id"
                                message = f"{name}: {what}; give each row its own id."
                                raise DataError(message)
        return n

    def blocks(self) -> list[Block]:
        """Return the blocks of the whole input."""
        from pyarrow.parquet import read_metadata

        metadata = [read_metadata(name, filesystem=self.filesystem) for name in self.names]
        size = max(BLOCK_ROWS, math.ceil(sum(one.num_rows for one in metadata) / MOST_BLOCKS))
        return [
            Block(name=name, group=group, at=at, rows=min(step, rows - at))
            for name, one in zip(self.names, metadata, strict=True)
            for group in range(one.num_row_groups)
            if (rows := one.row_group(group).num_rows)
            for step in [max(size, math.ceil(rows / MOST_OF_A_GROUP))]
            for at in range(0, rows, step)
        ]

    def datasource(self, columns: Sequence[str]) -> Any:
        """Return these columns as a source of Ray Data, whose blocks are these."""
        from ray.data import Datasource
        from ray.data.block import BlockMetadata
        from ray.data.datasource import ReadTask

        blocks, filesystem = self.blocks(), self.filesystem

        class Blocks(Datasource):  # type: ignore[misc]
            """One task of reading a block."""

            def estimate_inmemory_data_size(self) -> int | None:
                return None

            def get_read_tasks(self, *_: Any, **__: Any) -> list[Any]:
                return [
                    ReadTask(
                        partial(_read, filesystem, block, tuple(columns)),
                        BlockMetadata(num_rows=block.rows, size_bytes=None, input_files=None, exec_stats=None),
                    )
                    for block in blocks
                ]

        return Blocks()


def _read(filesystem: Any, block: Block, columns: Sequence[str]) -> Iterable[Any]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with filesystem.open_input_file(block.name) as file:
        found, seen = [], 0
        for batch in ParquetFile(file).iter_batches(row_groups=[block.group], columns=list(columns)):
            first, last = max(block.at - seen, 0), min(block.at + block.rows - seen, batch.num_rows)
            if first < last:
                found.append(batch.slice(first, last - first))
            seen += batch.num_rows
            if seen >= block.at + block.rows:
                break
        yield pa.Table.from_batches(found)
