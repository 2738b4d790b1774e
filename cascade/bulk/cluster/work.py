"""Work: what a run on a cluster keeps beside its output until all is answered, so that it can be gone on with."""

from __future__ import annotations

import json
from typing import Any

from cascade.bulk.batch import FINAL
from cascade.bulk.cluster.places import parquet_files, place_of
from cascade.errors import ConfigError


class Work:
    """What a run keeps beside its output until all is answered: checkpoints, journals, and a note of both."""

    def __init__(self, output: str, made_by: str, *, overwrite: bool) -> None:
        from pyarrow import fs

        self.filesystem, path = place_of(output)
        self._path, self._folder, self._made_by = path, f"{path}.ray", made_by
        self.note = f"{self._folder}/run.json"
        is_local = isinstance(self.filesystem, fs.LocalFileSystem)
        self.checkpoint = f"{output}.ray/checkpoint" if "://" in output else f"{self._folder}/checkpoint"
        self.journals = f"{self._folder}/journals" if is_local else None
        self.resumed = bool(self.filesystem.get_file_info(self.note).is_file)
        if self.resumed:
            with self.filesystem.open_input_stream(self.note) as file:
                note = json.loads(file.read())
            self._ended, self._replaces = bool(note.get("ended")), bool(note.get("replaces"))
            if note.get("made_by") == made_by:
                return
            message = f"{output} was begun with another input, ladder or policy; finish it with that one, or remove it."
            raise ConfigError(message)
        exists = self.filesystem.get_file_info(path).type != fs.FileType.NotFound
        if exists and not overwrite:
            message = f"{output} already exists; give another --output, or --force to overwrite it."
            raise ConfigError(message)
        self._replaces = exists

    def begin(self) -> None:
        """Begin it, or go on with what an earlier run has left."""
        if self.resumed:
            if self._ended:
                self._reopen()
            return
        for folder in (self._folder, f"{self._folder}/checkpoint", *([self.journals] if self.journals else [])):
            self.filesystem.create_dir(folder)
        self._write_note(ended=False)

    def replace(self) -> None:
        """Remove the output that is overwritten, once nothing else can refuse the run."""
        if self._replaces:
            self.filesystem.delete_dir(self._path)
            self._replaces = False
            self._write_note(ended=False)

    def withdraw(self) -> None:
        """Leave nothing behind where the run was refused before anything was asked; an earlier run's work stays."""
        if not self.resumed:
            self.filesystem.delete_dir(self._folder)

    def _write_note(self, *, ended: bool) -> None:
        with self.filesystem.open_output_stream(self.note) as file:
            said = {"made_by": self._made_by, "ended": ended, "replaces": self._replaces}
            file.write(json.dumps(said).encode())

    def finish(self, *, complete: bool) -> None:
        """Remove it where all was answered; else the next run asks what was not."""
        if complete:
            self.filesystem.delete_dir(self._folder)
        else:
            self._write_note(ended=True)

    def _reopen(self) -> None:
        """Take out of the output what was not answered, and checkpoint what is left; a kill meanwhile loses nothing."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        folder = f"{self._folder}/checkpoint"
        self.filesystem.delete_dir_contents(folder)
        for number, name in enumerate(parquet_files(self.filesystem, self._path)):
            table = pq.read_table(name, filesystem=self.filesystem)
            kept = table.filter(pc.is_in(table["outcome"], value_set=_final()))
            if kept.num_rows:
                pq.write_table(kept.select(["id"]), f"{folder}/{number}.parquet", filesystem=self.filesystem)
            if kept.num_rows < table.num_rows:
                pq.write_table(kept, f"{name}.part", filesystem=self.filesystem)
                self.filesystem.move(f"{name}.part", name)
        self._write_note(ended=False)


def _final() -> Any:
    import pyarrow as pa

    return pa.array(sorted(FINAL))
