"""Checks: a uniform draw of rows on which a person says what is the same, to bound what a judge wrongly calls the same.

A request gets an answer that is not the same only if the judge says so, or if the judge is wrong there: P(not the same)
≤ P(judged not the same) + P(judged the same, and not the same). The second term is a share of *all* requests. It is
bounded by P(the texts differ) · P(judged the same, and not the same | the texts differ), since an answer that repeats
the reference's to the letter is the same whoever judges. It counts a row where any rung's answer is wrongly called the
same, so that it is one number for every policy, however that was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags
from calibration.samples.layout import Layout
from calibration.samples.pairs import Pairs

CHECKS = 200
"""Least rows that a person has to check."""

SHARE_PART = 0.2
"""Part of the level that the bound on the share of rows whose texts differ takes; the bound on false ones the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What a person's checks of a uniform draw found."""

    wanted: int
    """Rows that a person is to check: so many of those whose texts differ, in the order of the draw."""

    drawn: int
    """Rows of them that there are; less than `wanted` if too few are recorded."""

    checked: int
    """Rows of these on which a person compared every answer that differs in some letter."""

    wrong: int
    """Checked rows on which an answer was judged the same, and a person says that it is not."""

    missed: int
    """Checked rows on which an answer was judged not the same, and a person says that it is; it costs no validity."""

    units: int
    """Independent units of the task."""

    differing: int
    """Units whose drawn row has an answer that differs in some letter."""

    @property
    def missing(self) -> int:
        """Rows that are still to be checked, or recorded and checked, before anything can be certified."""
        return self.wanted - self.checked

    def upper(self, level: float) -> float:
        """Return the upper bound of P(judged the same, and not the same) at a level (Clopper and Pearson 1934), ≤ 1.

        The product of two bounds, which hold together with probability 1 − level.
        """
        share = _upper(self.differing, self.units, SHARE_PART * level)
        return share * _upper(self.wrong, self.checked, (1.0 - SHARE_PART) * level)

    def describe(self) -> str:
        """Return what was found, as a sentence."""
        return (
            f"A person checked {self.checked} rows, drawn uniformly from those whose texts differ "
            f"({self.differing} of {self.units}): on {self.wrong} the judge called the same what is not, on "
            f"{self.missed} not the same what is."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the figures as they stand in a certificate."""
        return {name: getattr(self, name) for name in self.__slots__} | {"missing": self.missing}


def draw_checks(layout: Layout, pairs: Pairs, wanted: int) -> tuple[NDArray[np.intp], int, int]:
    """Return the rows of `pairs` that a person is to check, and of how many drawn rows how many have texts that differ.

    One row of each unit by a hash of its own, in an order that no answer moves.
    """
    every = np.ones(len(pairs.table), dtype=bool)
    drawn = pairs.split.draw(every, pairs.table.ids, purpose="checks")
    differing = drawn[_open(layout, pairs)[drawn].any(axis=1)]
    return differing[:wanted], len(drawn), len(differing)


def read_checks(layout: Layout, pairs: Pairs, wanted: int) -> tuple[Checks, tuple[str, ...]]:
    """Return what the checks found, and the ids of the rows that a person is to check, checked or not."""
    rows, units, differing = draw_checks(layout, pairs, wanted)
    said = np.full(pairs.table.present.shape, np.nan) if layout.checked is None else layout.checked[pairs.index]
    cells, said, same = _open(layout, pairs)[rows], said[rows], ~pairs.differs[rows]
    known = np.all(~cells | ~np.isnan(said), axis=1)
    wrong, missed = cells & same & (said <= 0.5), cells & ~same & (said > 0.5)
    found = Checks(
        wanted=wanted,
        drawn=len(rows),
        checked=int(known.sum()),
        wrong=int((known & wrong.any(axis=1)).sum()),
        missed=int((known & missed.any(axis=1)).sum()),
        units=units,
        differing=differing,
    )
    return found, tuple(pairs.table.ids[int(row)] for row in rows)


def _open(layout: Layout, pairs: Pairs) -> Flags:
    """Return the answers that a person is to compare, (n, K): those that may be served, and differ in some letter."""
    cells = pairs.table.present & ~pairs.table.vetoed
    if layout.alike is not None:
        cells &= ~layout.alike[pairs.index]
    cells[:, -1] = False
    return cells


def _upper(count: int, n: int, level: float) -> float:
    from scipy.special import betaincinv

    return 1.0 if count >= n else float(betaincinv(count + 1.0, float(n - count), 1.0 - level))
