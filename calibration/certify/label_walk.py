"""Labels of a walk: which flagged rows the next labels belong to, and no more of them than a step may need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags
from calibration.certify.paired_walk import Tester
from calibration.certify.verification import Candidate


def all_labels(tester: Tester, candidates: Sequence[Candidate], *, asked: Flags, most: int) -> NDArray[np.intp]:
    """Return the rows that any step of the walk may want, in order, at most `most`; none where the walk has ended.

    More than it takes, for where each round of labelling takes a person's day; see `wanted_labels`.
    """
    first = wanted_labels(tester, candidates, asked=asked, most=most)
    if not first.size:
        return first
    missing = np.any([tester.unlabelled(candidate) for candidate in candidates], axis=0) & ~asked
    others = tester.drawn[missing[tester.drawn] & ~np.isin(tester.drawn, first)]
    return np.concatenate([first, others])[:most]


def wanted_labels(tester: Tester, candidates: Sequence[Candidate], *, asked: Flags, most: int) -> NDArray[np.intp]:
    """Return the rows of the tester that are to be labelled next, in order; none where the walk has ended.

    For the first candidate that does not pass yet: the fewest rows with which it passes if none of them is harmed.
    None if it would fail even if all of its rows gained, or if it takes more rows than may be labelled.

    Args:
        tester: the certifying rows, with the labels so far.
        candidates: in the order of the walk.
        asked: rows that cannot be labelled, since nobody could tell, (n,).
        most: how many rows may still be labelled.
    """
    nothing = np.zeros(0, dtype=np.intp)
    for candidate in candidates:
        losses = tester.losses(candidate)
        if tester.p_value(candidate, losses) <= tester.delta:
            continue
        missing = tester.unlabelled(candidate) & ~asked
        rows = tester.drawn[missing[tester.drawn]]

        def passes(count: int, *, loss: float = 0.0) -> bool:
            supposed = losses.copy()  # noqa: B023 - used before the next candidate
            supposed[..., rows[:count]] = loss  # noqa: B023
            return tester.p_value(candidate, supposed) <= tester.delta  # noqa: B023

        if not passes(len(rows), loss=-1.0):
            return nothing
        if not passes(len(rows)):
            # Only gains can make up for the harm seen: every row counts.
            return rows if len(rows) <= most else nothing
        low, high = 0, len(rows)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if passes(middle) else (middle, high)
        return rows[:high] if high <= most else nothing
    return nothing
