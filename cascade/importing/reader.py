"""Reader: what a format's reader takes and gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from cascade.exchange import EMPTY
from cascade.importing.imported import Imported
from cascade.importing.tally import Tally

Found: TypeAlias = tuple[Imported, Path | str, int]
"""An answer, its file, and its row there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user chose, for the formats that ask for it."""

    score: str | None = None
    """Name of the score that is the label; None: the only one there is."""

    mapping: Mapping[str, str] = EMPTY
    """Columns of a table, by field."""

    model: str | None = None
    """The model of answers whose rows name none."""


class Reader(Protocol):
    """Reads files of one format."""

    def __call__(self, sources: Sequence[Path | str], tally: Tally, choices: Choices) -> Iterator[Found]:
        """Yield the recorded answers, lazily; rows without one are counted in the tally.

        Raises:
            DataError: a file cannot be read, or together they hold no answers that can be used.
        """
