"""Train/test splits: random, by whole groups, or temporal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["random", "grouped", "temporal"]
Split = tuple[NDArray[np.intp], NDArray[np.intp]]


def splits(
    rows: int, n: int, kind: Kind, *, count: int, seed: int = 0, groups: Sequence[str | None] | None = None
) -> Iterator[Split]:
    """Yield `count` pairs of row indices: to fit on (n of them, or about), and to try on (the rest).

    random: exchangeable rows, as the theory takes them. grouped: no group on both sides; the last one may overshoot.
    temporal: rows stand in order of time; a block of n is fitted on and what follows it is tried on, block after block.

    Args:
        rows: how many there are.
        n: how many are fitted on.
        kind: how they are parted.
        count: how many splits.
        seed: of the draws.
        groups: the rows' groups, for `grouped`; a row without one is a group of its own.
    """
    rng = np.random.default_rng(seed)
    for i in range(count):
        if kind == "temporal":
            # Starts are spread over the first half, so that at least half of what is left follows.
            start = round(i * max(0, (rows - n) // 2) / max(1, count - 1))
            yield np.arange(start, start + n), np.arange(start + n, rows)
            continue
        names = np.arange(rows).astype(object)
        if kind == "grouped" and groups is not None:
            names = np.array([f"row {j}" if name is None else name for j, name in enumerate(groups)], dtype=object)
        _, code = np.unique(names.astype(str), return_inverse=True)
        order = rng.permutation(int(code.max()) + 1)
        before = np.cumsum(np.bincount(code)[order]) - np.bincount(code)[order]
        fit = np.isin(code, order[before < n])
        yield rng.permutation(np.flatnonzero(fit)), np.flatnonzero(~fit)
