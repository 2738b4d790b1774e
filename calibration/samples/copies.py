"""Copies: samples of equal content are not independent, so they share a group unless they have one of their own."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from cascade.samples.sample import Sample

_MARK = "\0content:"
"""What the name of a group of copies begins with; no group of a sample does."""


class CopyGroups:
    """The contents of samples, 8 bytes each, appended row by row."""

    def __init__(self) -> None:
        """Start without rows."""
        self._contents = array("Q")

    def add(self, sample: Sample) -> None:
        """Append a sample's content: of a log without texts its id, a hash of the content unless one was given."""
        content = sample.hash_id if sample.textless else sample.request.content
        self._contents.append(content_number(content))

    def numbers(self) -> NDArray[np.uint64]:
        """Return 64 bits of the hash of each row's content (n)."""
        return np.frombuffer(self._contents, dtype=np.uint64)

    def of(self, groups: Sequence[str | None]) -> tuple[str | None, ...]:
        """Return the groups of the rows (n): their own, else that of their content where it came more than once."""
        contents = self.numbers()
        _, inverse, counts = np.unique(contents, return_inverse=True, return_counts=True)
        repeated = counts[inverse] > 1
        if not repeated.any():
            return tuple(groups)
        names: dict[int, str] = {}
        return tuple(
            own if own is not None or not copied else names.setdefault(int(number), f"{_MARK}{int(number):016x}")
            for own, number, copied in zip(groups, contents.tolist(), repeated.tolist(), strict=True)
        )


def content_number(content: str) -> int:
    """Return 64 bits of a content's hash."""
    return int.from_bytes(blake2b(content.encode(), digest_size=8).digest(), "big")


def is_copy(group: str | None) -> bool:
    """Return whether a group is one of copies."""
    return group is not None and group.startswith(_MARK)


def count_copies(groups: Sequence[str | None]) -> tuple[int, int]:
    """Return how many rows are in groups of copies, and how many such groups there are."""
    copies = [name for name in groups if is_copy(name)]
    return len(copies), len(set(copies))
