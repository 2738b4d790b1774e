"""Looks: how often a task's certifying rows have been looked at; every further certification gets a smaller part of δ.

Certifications with other candidates or bounds on the same rows are several tests: without a correction the best of them
holds less often than promised. Look j gets δ / (j (j + 1)); 1/2 + 1/6 + 1/12 + … is 1, so with probability 1 − δ all of
them hold, however many follow and whatever made somebody look again. Failures are counted. The same certification
again, of the same policies on the same rows, is the same look.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.files import read_text, strict_json, write_atomically

SKETCH = 256
"""Rows by which a look is known again: those of the least hashes. Sets that share more than about one row in 256 share
some of these."""

_LIMIT = 64 << 20


def level(delta: float, look: int) -> float:
    """Return the level of look j ≥ 1: δ / (j (j + 1)); all levels sum to δ."""
    return delta / (look * (look + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One certification of a task."""

    fingerprint: str
    """Of what was certified: policies, bound, sameness and rows."""

    rows: tuple[str, ...]
    """Hashes of some of its rows, the least ones; see `SKETCH`."""

    at: str
    """When, in UTC, ISO 8601."""

    bound: Mapping[str, Any]
    """The bound."""

    certified: bool | None = None
    """Its outcome; None while it is not known, or if it was interrupted."""


@dataclass(slots=True)
class Looks:
    """The record of looks, kept beside the samples; in memory without paths.

    A record that was deleted, or a copy of the samples without it, cannot be seen.
    """

    paths: tuple[Path, ...] = ()
    """The files, one beside each file of samples; each holds all of it, and is written whole at each look."""

    tasks: dict[str, list[Look]] = field(default_factory=dict)
    """Looks by task, in order."""

    @classmethod
    def beside(cls, samples: Sequence[Path]) -> Looks:
        """Open the records of files of samples: `samples.jsonl` → `samples.jsonl.looks.json`.

        Raises:
            DataError: there is one, and it cannot be read.
        """
        paths = tuple(path.with_name(path.name + ".looks.json") for path in samples)
        found: dict[str, dict[str, Look]] = {}
        for path in paths:
            for task, looks in _read(path).items():
                for look in looks:
                    found.setdefault(task, {}).setdefault(look.fingerprint, look)
        return cls(paths, {task: sorted(own.values(), key=lambda one: one.at) for task, own in found.items()})

    def count(
        self, task: str, rows: Sequence[str], fingerprint: str, bound: Mapping[str, Any], *, record: bool = True
    ) -> int:
        """Record a look and return its number, from 1: one more than earlier looks at some of the same rows.

        It is written before anything is tested, so that a failure or an interruption counts. `record`: False where
        nothing will be tested.
        """
        own = self.tasks.setdefault(task, [])
        least = tuple(sorted(rows)[:SKETCH])
        here = set(rows)
        before = [look for look in own if here.intersection(look.rows)]
        for number, look in enumerate(before, start=1):
            if look.fingerprint == fingerprint:
                return number
        if record:
            own.append(Look(fingerprint=fingerprint, rows=least, at=_now(), bound=dict(bound)))
            self._write()
        return len(before) + 1

    def settle(self, task: str, fingerprint: str, *, certified: bool) -> None:
        """Note the outcome of a look."""
        own = self.tasks[task]
        self.tasks[task] = [
            replace(look, certified=certified) if look.fingerprint == fingerprint else look for look in own
        ]
        if self.tasks[task] != own:
            self._write()

    def _write(self) -> None:
        looks = {task: list(map(asdict, own)) for task, own in self.tasks.items()}
        for path in self.paths:
            write_atomically(path, json.dumps({"tasks": looks}, indent=1) + "\n")


def _read(path: Path) -> dict[str, list[Look]]:
    if not path.exists():
        return {}
    try:
        found = strict_json(read_text(path, what="record of looks", limit=_LIMIT))
        return {
            str(task): [Look(**{**look, "rows": tuple(look["rows"])}) for look in looks]
            for task, looks in found["tasks"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        message = (
            f"{path} is not a record of looks ({error}); it counts how often these samples have certified. Restore it, "
            "or certify on other samples."
        )
        raise DataError(message) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
