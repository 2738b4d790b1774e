"""What tests of imports share: an import of files into lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cascade.importing.importer import import_files
from cascade.importing.reader import Choices
from cascade.importing.tally import Tally
from cascade.samples.jsonl import read_samples

Import = Callable[..., tuple[list[dict[str, Any]], Tally]]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Import files; returns the lines that were written, and the tally."""

    def run(*sources: Path | str, rungs: dict[str, tuple[str, ...]] | None = None, **choices: Any):
        output = tmp_path / "samples.jsonl"
        tally = import_files(sources, output, rungs=rungs or {}, choices=Choices(**choices))
        lines = [json.loads(line) for line in output.read_text().splitlines()]
        samples = [*read_samples(output)]
        assert len(samples) == len(lines) == tally.requests
        assert sum(tally.recordings.values()) == sum(len(line["recordings"]) for line in lines)
        again = sum(repeats.n for repeats in tally.repeats.values())
        kept = sum(tally.recordings.values())
        assert tally.rows == kept + again + tally.n_skipped + sum(tally.beside.values())
        return lines, tally

    return run
