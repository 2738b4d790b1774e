"""Sample split: rows that a policy is learnt from, rows that certify it, and the first row of every group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags
from cascade.stats.influence import number_groups

LEARN = 0.4
"""Share of rows that combiners and path are learnt from; the rest certifies (docs/calibration.md, "The formulas")."""


def split_rows(groups: Sequence[str | None], *, seed: int, share: float = LEARN) -> Flags:
    """Return which rows belong to the first part, (n,): `share` of them at random, groups whole.

    None is a group of its own. The last group taken may overshoot the share. Depends on `seed` and the rows' order.
    """
    code = number_groups(groups)
    count = int(code.max()) + 1 if len(code) else 0
    order = np.random.default_rng(seed).permutation(count)
    sizes = np.bincount(code, minlength=count)[order]
    before = np.cumsum(sizes) - sizes
    taken = np.zeros(count, dtype=bool)
    taken[order[before < round(share * len(code))]] = True
    return taken[code]


def first_rows(code: NDArray[np.intp], *, seed: int) -> NDArray[np.intp]:
    """Return the first row of each group, groups in random order; `code` (n,) as `number_groups` gives it."""
    _, first = np.unique(code, return_index=True)
    return np.asarray(np.random.default_rng(seed).permutation(first), dtype=np.intp)
