"""Audit: a uniform draw of all rows, labelled whatever is the same, for quality and for what sameness assumes.

"The same value has the same label" is an assumption. The audit counts where it failed, and where it fails more often
than can be, nothing is certified. Accuracy is told from the audit too, since rows that differ are not like the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.samples.layout import Layout
from calibration.samples.pairs import Pairs
from calibration.stats.risk import binomial_p

AUDIT = 40
"""Rows of an audit, by default and at least where it is expected to tell anything."""

KNOWN = 30
"""Labelled rows below which the quality is not known."""

CONFLICT = 0.005
"""Share of rows with the same value and another label up to which sameness is believed."""

AUDIT_SHARE = 0.2
"""Share of δ that the audit's bound takes, where it is taken off the bound on the loss."""

SIGNIFICANT = 0.01
"""Level of the test of that share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the audit found."""

    drawn: int
    """Rows drawn."""

    labelled: int
    """Rows of them on which every answer has a label."""

    compared: int
    """Labelled rows on which some answer has the reference's value in other words."""

    conflicts: int
    """Of these, rows on which such an answer has another label than the reference's."""

    @property
    def p(self) -> float:
        """The p-value of "at most .5 % of such rows conflict"."""
        return float(1.0 - binomial_p(self.conflicts - 1, self.compared, CONFLICT)) if self.conflicts else 1.0

    @property
    def refuses(self) -> bool:
        """Whether so many conflict that nothing may be certified by sameness."""
        return self.p <= SIGNIFICANT

    def upper(self, delta: float) -> float:
        """Return the upper bound on the share of all rows with a conflict, at level δ (Clopper and Pearson 1934)."""
        from scipy.special import betaincinv

        n, count = self.labelled, self.conflicts
        return 1.0 if count >= n else float(betaincinv(count + 1.0, float(n - count), 1.0 - delta))

    def describe(self) -> str:
        """Return what was found, as a sentence."""
        found = f"the audit found {self.conflicts} with another label among {self.compared} such rows"
        drawn = f"of {self.labelled} labelled rows, {self.drawn} drawn"
        return f"The same value has the same label from any labeller: {found} ({drawn})."

    def to_json(self) -> dict[str, Any]:
        """Return the figures as they stand in a certificate."""
        return {
            "drawn": self.drawn,
            "labelled": self.labelled,
            "compared": self.compared,
            "conflicts": self.conflicts,
            "p": self.p,
        }


def audit_rows(pairs: Pairs, most: int) -> NDArray[np.intp]:
    """Return the rows of the audit, at most `most`: one of each unit, by a hash of its own."""
    everything = np.ones(len(pairs.table), dtype=bool)
    return pairs.split.draw(everything, pairs.table.ids, purpose="audit")[:most]


def unlabelled_rows(correct: Floats, present: Flags) -> Flags:
    """Return the rows on which some recorded answer has no label, (n,)."""
    return np.asarray((np.isnan(correct) & present).any(axis=1))


def read_audit(layout: Layout, rows: NDArray[np.intp]) -> Audit:
    """Return what the labels of some rows of a layout say of its sameness; an answer equal to the letter says nothing.

    Raises nothing: without labels, nothing was found.
    """
    table = layout.table
    present, correct = table.present[rows], table.correct[rows]
    labelled = ~unlabelled_rows(correct, present)
    if layout.same is None:
        return Audit(drawn=len(rows), labelled=int(labelled.sum()), compared=0, conflicts=0)
    inexact = layout.same[rows] & present
    if layout.alike is not None:
        inexact &= ~layout.alike[rows]
    inexact[:, -1] = False
    other = inexact & (correct != correct[:, -1:])
    return Audit(
        drawn=len(rows),
        labelled=int(labelled.sum()),
        compared=int((labelled & inexact.any(axis=1)).sum()),
        conflicts=int((labelled & other.any(axis=1)).sum()),
    )


def audit_size(eps: float, delta: float) -> int:
    """Return how many labelled rows without a conflict bound their share by half of `eps` at level `delta`."""
    return math.ceil(math.log(delta) / math.log1p(-eps / 2.0))
