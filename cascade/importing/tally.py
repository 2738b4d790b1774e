"""Tally: what an import read, what it left out and why, and how a model answers the same prompt again."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from cascade.importing.repeats import Repeats


@dataclass(slots=True, kw_only=True)
class Skipped:
    """Rows that were left out, or only partly taken, for one reason."""

    n: int = 0
    """How many."""

    first: str = ""
    """The place of the first: file and line."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one import, filled while it runs."""

    rows: int = 0
    """Rows that were read: lines, spans, observations, results."""

    requests: int = 0
    """Different requests found: the samples."""

    skipped: dict[str, Skipped] = field(default_factory=dict)
    """Rows that gave no answer, by reason; each row is either here, in `recordings`, in `repeats` or in `beside`."""

    notes: dict[str, Skipped] = field(default_factory=dict)
    """Rows that were taken without something, by what was left out."""

    beside: Counter[str] = field(default_factory=Counter)
    """Rows that are part of another one: inputs of a batch, scores, events of a span."""

    recordings: Counter[str] = field(default_factory=Counter)
    """Recordings by rung."""

    labelled: Counter[str] = field(default_factory=Counter)
    """Labelled recordings by rung."""

    models: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """For each rung, the models as the source names them."""

    repeats: dict[str, Repeats] = field(default_factory=lambda: defaultdict(Repeats))
    """By rung."""

    since: str | None = None
    """The earliest date; None without dates."""

    until: str | None = None
    """The latest date; None without dates."""

    def skip(self, reason: str, path: Path | str, number: int) -> None:
        """Count a row that gives no answer; `reason` completes "left out: "."""
        _count(self.skipped, reason, path, number)

    def note(self, what: str, path: Path | str, number: int) -> None:
        """Count a row that is taken without something."""
        _count(self.notes, what, path, number)

    def date(self, at: str | None) -> None:
        """Take a date into the period."""
        if at is not None:
            self.since = at if self.since is None else min(self.since, at)
            self.until = at if self.until is None else max(self.until, at)

    @property
    def n_skipped(self) -> int:
        """Number of rows that were left out."""
        return sum(one.n for one in self.skipped.values())


def _count(kept: dict[str, Skipped], reason: str, path: Path | str, number: int) -> None:
    one = kept.get(reason)
    if one is None:
        kept[reason] = one = Skipped(first=f"{path}, line {number}")
    one.n += 1
