"""Cross-validation folds: balanced in correctness; a group is never split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cascade.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


def assign_folds(
    correct: ArrayLike, *, seed: int, folds: int = 5, groups: Sequence[str | None] | None = None
) -> NDArray[np.intp]:
    """Return the fold of each sample, (n_samples,) in 0 .. folds - 1.

    `correct` (n_samples,) in [0, 1] or NaN: each fold gets its share of right, wrong and unlabelled samples, as far as
    whole groups allow. `groups`: samples of one group (turns of a session, chunks of a document) share a fold; None is
    a group of its own. With fewer groups than folds some folds stay empty. Depends on `seed` and the rows' order only.
    """
    y = np.asarray(correct, dtype=np.float64)
    if groups is not None and len(groups) != len(y):
        raise DataError(f"found {len(groups)} groups for {len(y)} samples, expected one each (None for no group)")
    kind = np.where(np.isnan(y), 2, (y >= 0.5).astype(np.intp))  # a fractional label counts as the nearer class
    order = np.random.default_rng(seed).permutation(len(y))
    out = np.empty(len(y), dtype=np.intp)
    if groups is None or len({name for name in groups if name is not None}) == 0:
        dealt = order[np.argsort(kind[order], kind="stable")]
        out[dealt] = np.arange(len(y)) % folds
        return out
    members: dict[str | int, list[int]] = {}
    for row in order.tolist():
        name = groups[row]
        members.setdefault(row if name is None else name, []).append(row)
    held = np.zeros((folds, 3))
    # Largest groups first: the small ones that follow even the folds out.
    for rows in sorted(members.values(), key=len, reverse=True):
        share = np.bincount(kind[rows], minlength=3)
        fold = int(np.argmin(held @ share + held.sum(axis=1) * len(rows)))
        out[rows] = fold
        held[fold] += share
    return out
