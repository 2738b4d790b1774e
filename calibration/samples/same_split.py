"""Split of rows where answers are compared with the reference's: LEARN and CERTIFY.

By a hash of the request's group, else of its content, with a salt and a purpose of its own: neither `seed` nor the
rows' order or number moves a row, so that rows which come later leave the others where they are, and a certificate
knows when it looks at the same rows again (`certify.looks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags
from calibration.samples.copies import is_copy
from calibration.stats.split import LEARN
from cascade.hashing import content_id, unit

SALT = "cascade-same-1"
"""Salt of the split and of the draws; not the policy's, so that no hashed choice of serving depends on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameSplit:
    """The parts of n rows; copies of a request, and the rows of a group, are always in one part."""

    keys: tuple[str, ...]
    """What each row is hashed by (n): equal for copies and for rows of one group."""

    contents: tuple[str, ...]
    """Hash of each request's content (n)."""

    code: NDArray[np.intp]
    """The number of each row's independent unit, (n,), from 0 in order of appearance."""

    learn: Flags
    """Rows that combiners and candidates are made of, (n,); about 40 %."""

    copies: int
    """Rows that are copies of an earlier row outside of its group."""

    @property
    def certify(self) -> Flags:
        """Rows that certify, (n,): all others."""
        return ~self.learn

    def draw(self, keep: Flags, ids: Sequence[str], *, purpose: str = "draw") -> NDArray[np.intp]:
        """Return one of the rows in `keep` (n,) of each unit, by the hash of its id, in an order no answer moves.

        Draws of another `purpose` are independent of this one.
        """
        best: dict[int, tuple[float, int]] = {}
        for row in np.flatnonzero(keep).tolist():
            u = unit(salt=SALT, purpose=purpose, task=self.keys[row], rung="", request_id=ids[row])
            code = int(self.code[row])
            best[code] = min(best.get(code, (u, row)), (u, row))
        return np.array([row for _, row in sorted(best.values())], dtype=np.intp)

    def order(self, keep: Flags, ids: Sequence[str]) -> NDArray[np.intp]:
        """Return the rows in `keep` (n,), each content once and units whole, in an order no answer moves."""
        best: dict[tuple[int, str], tuple[float, float, int]] = {}
        for row in np.flatnonzero(keep).tolist():
            key = self.keys[row]
            of_unit = unit(salt=SALT, purpose="order", task=key, rung="", request_id=key)
            own = (of_unit, unit(salt=SALT, purpose="order", task=key, rung="", request_id=ids[row]), row)
            name = (int(self.code[row]), self.contents[row])
            best[name] = min(best.get(name, own), own)
        return np.array([row for *_, row in sorted(best.values())], dtype=np.intp)


def split_same(task: str, contents: Sequence[str], groups: Sequence[str | None]) -> SameSplit:
    """Split the rows of a task.

    Args:
        task: its name, part of what is hashed.
        contents: hash of each request's content (n).
        groups: rows that are not independent share one (n); None: of no group.
    """
    groups = [None if is_copy(group) else group for group in groups]  # copies are known by content here
    code = _units(contents, groups)
    named: dict[int, str] = {}
    for row, unit_of in enumerate(code.tolist()):
        group = groups[row]
        key = contents[row] if group is None else content_id(["group", group])
        # The least key, groups before contents: whichever of its rows came first.
        rank = ("1" if group is None else "0") + key
        named[unit_of] = min(named.get(unit_of, rank), rank)
    keys = tuple(named[unit_of] for unit_of in code.tolist())
    u = {key: unit(salt=SALT, purpose="learn", task=task, rung="", request_id=key) for key in set(keys)}
    first: dict[str, str | None] = {}
    copies = 0
    for content, group in zip(contents, groups, strict=True):
        copies += content in first and (group is None or first[content] != group)
        first.setdefault(content, group)
    return SameSplit(
        keys=keys,
        contents=tuple(contents),
        code=code,
        learn=np.array([u[key] < LEARN for key in keys], dtype=bool),
        copies=copies,
    )


def _units(contents: Sequence[str], groups: Sequence[str | None]) -> NDArray[np.intp]:
    """Return the number of each row's unit, (n,): rows linked by a group or a content, directly or through others."""
    parent = list(range(len(contents)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[tuple[str, str], int] = {}
    for row, (content, group) in enumerate(zip(contents, groups, strict=True)):
        for link in (("content", content), *((("group", group),) if group is not None else ())):
            other = first.setdefault(link, row)
            one, two = root(row), root(other)
            parent[max(one, two)] = min(one, two)
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(root(row), len(numbers)) for row in range(len(contents))], dtype=np.intp)
