"""Slices: a limit that every value of a tag has to meet, and which of them meet it by name.

A gate passes where every slice passes at the full δ (intersection–union test): a policy that breaks the limit in some
slice passes that slice's own test with probability at most δ. To name the slices that meet it, δ is divided over them
(Bonferroni), since among many slices some pass by luck.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.gate.finding import Criterion, Finding, judge_figure
from calibration.samples.tag_slices import slice_of
from calibration.stats.margin import Groups
from cascade.samples.sample import Sample


def slices_of(samples: Sequence[Sample], index: NDArray[np.intp], tag: str) -> dict[str, Flags]:
    """Return which of the rows in `index` (m,) belong to each value of a tag, by value."""
    values = [slice_of(samples[int(i)], tag) for i in index]
    return {value: np.array([one == value for one in values], dtype=bool) for value in sorted(set(values))}


def count_slices(samples: Iterable[Sample], tag: str | None) -> int:
    """Return how many values of a tag the samples have; 0 without a tag."""
    return 0 if tag is None else len({slice_of(one, tag) for one in samples})


def judge_slices(
    task: str,
    criterion: Criterion,
    values: Floats,
    groups: Groups | None,
    slices: dict[str, Flags],
    *,
    delta: float,
    delta_fail: float,
    target: float | None = None,
) -> list[Finding]:
    """Compare one figure with one limit in every slice; too few rows leave a slice undecided.

    Args:
        task: its task.
        criterion: the limit.
        values: the figure of each row, (n,), without NaN.
        groups: the rows' groups (n); None: all are independent.
        slices: which rows belong to each slice, (n,).
        delta: the level of passing, of all slices together.
        delta_fail: the level of failing.
        target: the target rate of a tolerance.
    """
    found = []
    for name, mine in slices.items():
        own = None if groups is None else [group for group, kept in zip(groups, mine, strict=True) if kept]
        own = None if own is None or not any(own) else own
        whole, named = (
            judge_figure(task, criterion, values[mine], own, delta=level, delta_fail=delta_fail, target=target)
            for level in (delta, delta / len(slices))
        )
        found.append(replace(whole, slice=name, holds_by_name=named.outcome == "pass"))
    return found
