"""Pairs: what serving each rung's answer does, compared with the reference's, on the rows where that can be told.

Without labels, harm is disagreement. With labels it is D = label − the reference's label where answers differ, and 0
where they are the same: the same value has the same label, so that it needs none.
"""

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
    """The rows; `correct` is 1 − harm, which combiners are fitted to, NaN where it is not known."""

    differs: Flags
    """Whether an answer of a rung below is not the same as the reference's, or was vetoed, (n, K)."""

    harm: Floats
    """Harm of serving a rung's answer, (n, K) in [0, 1]; 0 where it is same. NaN where a label is missing."""

    gain: Floats
    """Gain of serving it, (n, K) in [0, 1]; 0 for a disagreement. NaN where a label is missing."""

    split: SameSplit
    """Which rows learn and which certify."""

    labelled: bool
    """Whether harm and gain are those of labels; else harm is disagreement."""

    no_reference: int
    """Samples without a recording of the reference: nothing to compare with."""

    only_reference: int
    """Samples of which no rung below the reference was recorded."""

    def take(self, keep: Flags | NDArray[np.intp]) -> Pairs:
        """Return the pairs of some of the rows, by mask or index."""
        kept = np.arange(len(self.table))[keep]
        split = replace(
            self.split,
            keys=tuple(self.split.keys[int(i)] for i in kept),
            contents=tuple(self.split.contents[int(i)] for i in kept),
            code=self.split.code[kept],
            learn=self.split.learn[kept],
        )
        return replace(
            self,
            index=self.index[kept],
            table=self.table.take(kept),
            differs=self.differs[kept],
            harm=self.harm[kept],
            gain=self.gain[kept],
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

    @property
    def any_differs(self) -> Flags:
        """Rows on which some recorded rung differs from the reference, (n,): labels are worth having there only."""
        return np.asarray((self.differs & self.table.present).any(axis=1))

    @property
    def known(self) -> Flags:
        """Rows on which the harm of every recorded rung is known, (n,)."""
        return np.asarray((~np.isnan(self.harm) | ~self.table.present).all(axis=1))

    @property
    def compared(self) -> Floats | None:
        """What policies are compared by, (n, K): 1/2 + (gain − harm) / 2; None: 1 − harm, as combiners are."""
        return 0.5 + 0.5 * (self.gain - self.harm) if self.labelled else None

    @property
    def scale(self) -> float:
        """What a loss of 1 is in that unit."""
        return 0.5 if self.labelled else 1.0


def pairs_of_sameness(layout: Layout, *, abstains: bool = False) -> Pairs:
    """Return the pairs of a task whose harm is disagreement: an answer that is not same as the reference's.

    An answer from below that was vetoed and is served all the same (`exhausted`) is not same, whatever it says. Of the
    reference's own, none is harmed, unless the task `abstains` from vetoed answers (`on_exhausted: abstain`).

    Raises:
        DataError: no row can be compared.
    """
    found = _comparable(layout)
    harm = found.differs.astype(np.float64)
    harm[:, -1] = found.table.vetoed[:, -1] if abstains else 0.0
    return _with_harm(found, harm, np.zeros_like(harm), labelled=False)


def pairs_of_labels(layout: Layout) -> Pairs:
    """Return the pairs of a task whose harm and gain are those of labels: D = label − the reference's label.

    Where an answer is same, D is 0 whatever the labels say; where it differs and one of the two has no label, it
    is not known. Always asking the reference abstains where the cascade does, so that no abstention is a loss.

    Raises:
        DataError: no row can be compared.
    """
    found = _comparable(layout)
    right = layout.table.correct[found.index]
    better = np.where(found.differs, right - right[:, -1:], 0.0)
    return _with_harm(found, np.maximum(-better, 0.0), np.maximum(better, 0.0), labelled=True)


def pairs_against(layout: Layout, pairs: Pairs, single: int) -> Pairs:
    """Return pairs of labels, compared with the single model of column `single` instead of the reference.

    Two answers are same if both are same as the reference's. Of two that both differ from it nothing is supposed:
    their labels say it, and are asked for wherever one of them is served anyway. A row on which the single model was
    not recorded is not known.
    """
    right = layout.table.correct[pairs.index]
    right = np.where(pairs.differs, right, right[:, -1:])
    differs = pairs.differs | pairs.differs[:, [single]]
    differs[:, single] = False
    missing = ~pairs.table.present[:, [single]]
    better = np.where(differs, right - np.where(missing, np.nan, right[:, [single]]), 0.0)
    return replace(pairs, differs=differs, harm=np.maximum(-better, 0.0), gain=np.maximum(better, 0.0))


def _comparable(layout: Layout) -> Pairs:
    """Return the comparable rows, no harm known."""
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
    differs = ~same[keep] | kept.vetoed
    differs[:, -1] = False
    contents = [layout.contents[int(i)] for i in np.flatnonzero(keep)]
    nothing = np.zeros(kept.present.shape)
    return Pairs(
        index=np.flatnonzero(keep),
        table=kept,
        differs=differs,
        harm=nothing,
        gain=nothing,
        split=split_same(kept.task, contents, kept.groups),
        labelled=False,
        no_reference=int((~top).sum()),
        only_reference=int((top & ~below).sum()),
    )


def _with_harm(pairs: Pairs, harm: Floats, gain: Floats, *, labelled: bool) -> Pairs:
    table = pairs.table.relabelled(np.where(pairs.table.present, 1.0 - harm, np.nan))
    return replace(pairs, table=table, harm=harm, gain=gain, labelled=labelled)
