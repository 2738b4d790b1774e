"""Pairs: what serving each rung's answer does, compared with the reference's, on the rows where that can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.samples.layout import Layout
from calibration.samples.same_split import SameSplit, split_same
from calibration.samples.table import Table
from cascade.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The comparable rows of a task: those with a recording of the reference and of some rung below it."""

    index: NDArray[np.intp]
    """Indices of the rows among the samples, (n,)."""

    table: Table
    """The rows; `correct` is 1 − harm + gain, NaN where the rung was not recorded."""

    harm: Floats
    """Harm of serving a rung's answer, (n, K) in [0, 1]; of a disagreement 1 where it is not same, or was vetoed."""

    gain: Floats
    """Gain of serving it, (n, K) in [0, 1]; 0 for a disagreement."""

    split: SameSplit
    """Which rows learn and which certify."""

    no_reference: int
    """Samples without a recording of the reference: nothing to compare with."""

    only_reference: int
    """Samples of which no rung below the reference was recorded."""

    def take(self, keep: Flags) -> Pairs:
        """Return the pairs of some of the rows."""
        split = replace(
            self.split,
            keys=tuple(self.split.keys[int(i)] for i in np.flatnonzero(keep)),
            code=self.split.code[keep],
            learn=self.split.learn[keep],
        )
        return replace(
            self,
            index=self.index[keep],
            table=self.table.take(keep),
            harm=self.harm[keep],
            gain=self.gain[keep],
            split=split,
        )

    @property
    def learnt(self) -> Pairs:
        """The rows that combiners and candidates are made of."""
        return self.take(self.split.learn)

    @property
    def held(self) -> Pairs:
        """The rows that certify."""
        return self.take(self.split.certify)


def pairs_of_sameness(layout: Layout, *, abstains: bool = False) -> Pairs:
    """Return the pairs of a task whose harm is disagreement: an answer that is not same as the reference's.

    An answer from below that was vetoed and is served all the same (`exhausted`) is not same, whatever it says. Of the
    reference's own, none is harmed, unless the task `abstains` from vetoed answers (`on_exhausted: abstain`).

    Raises:
        DataError: no row can be compared.
    """
    table, same = layout.table, layout.same
    assert same is not None  # noqa: S101 - laid out with a sameness by the caller
    top, below = table.present[:, -1], table.present[:, :-1].any(axis=1)
    keep = top & below
    if not keep.any():
        message = (
            f"Task {table.task!r}: none of {len(table)} samples has a recording both of the reference "
            f"{table.rungs[-1]!r} and of a rung below it, so no answers can be compared; record them "
            "(`cascade explore`)."
        )
        raise DataError(message)
    kept = table.take(keep)
    harm = (~same[keep] | kept.vetoed).astype(np.float64)
    harm[:, -1] = kept.vetoed[:, -1] if abstains else 0.0
    gain = np.zeros_like(harm)
    contents = [layout.contents[int(i)] for i in np.flatnonzero(keep)]
    return Pairs(
        index=np.flatnonzero(keep),
        table=kept.relabelled(np.where(kept.present, 1.0 - harm + gain, np.nan)),
        harm=harm,
        gain=gain,
        split=split_same(kept.task, contents, kept.groups),
        no_reference=int((~top).sum()),
        only_reference=int((top & ~below).sum()),
    )
