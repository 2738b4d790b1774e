"""The attack matrix as data: `matrix.toml`, read into rows and cases."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("matrix.toml")
ROWS = range(1, 42)
"""The rows that there must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input and what is expected of it."""

    row: int
    """The row of the matrix."""

    check: str
    """The function that holds it against the code, in one of the `checks_….py`."""

    name: str
    """What it is, in a few words."""

    input: Any
    """The hostile input."""

    expected: Mapping[str, Any]
    """Whatever else the case says: what must come of it."""

    def __str__(self) -> str:
        """Name the test."""
        return f"{self.row}-{self.check}-{self.name}"


def rows() -> list[dict[str, Any]]:
    """Return the rows as they stand in the file."""
    found: list[dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["row"]
    return found


def cases() -> list[Case]:
    """Return every case of every row; a case whose `inputs` are several becomes several."""
    found = []
    for row in rows():
        for given in row.get("case", []):
            rest = {
                key: built(value) for key, value in given.items() if key not in ("check", "name", "input", "inputs")
            }
            inputs = given.get("inputs", [given.get("input")])
            for place, value in enumerate(inputs):
                name = given.get("name", "") or short(value)
                if len(inputs) > 1:
                    name = f"{given.get('name', '')} {place}: {short(value)}".strip()
                found.append(
                    Case(row=row["number"], check=given["check"], name=name, input=built(value), expected=rest)
                )
    return found


def built(value: Any) -> Any:
    """Make a value: `{json = "…"}` is parsed, `{repeat = "x", times = 9, before = "", after = ""}` is written out."""
    if isinstance(value, list):
        return [built(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"json"}:
        return json.loads(value["json"])
    if "repeat" in value:
        return value.get("before", "") + value["repeat"] * value["times"] + value.get("after", "")
    return {key: built(item) for key, item in value.items()}


def short(value: Any) -> str:
    """Return a few characters of a value, in ASCII, for a test's name."""
    return ascii(value)[:40]
