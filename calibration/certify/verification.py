"""Verification samples: the held-out rows that certify, and the errors and losses of candidate policies on them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import Flags, Floats
from calibration.certify.weighting import places_in_group
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.stats.split import first_rows
from calibration.targets.bound import Bound, MaxLoss
from cascade.hashing import unit
from cascade.policy.operating_point import OperatingPoint
from cascade.stats.influence import number_groups

Candidate: TypeAlias = Sequence[OperatingPoint]
"""A candidate policy: operating points whose weights sum to 1, in a random mix by hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verification samples: n rows on the ladder's K rungs, the last of which is the reference."""

    table: Table
    """Rows with recordings of every rung and all labels that any candidate needs."""

    same: Flags
    """Whether the answer equals the reference's, so that its loss is zero without a label, (n, K)."""

    group: NDArray[np.intp]
    """The number of each row's group, (n,); a row without group is one of its own."""

    drawn: NDArray[np.intp]
    """The first row of each group, groups in random order."""

    most: int
    """Most rows of a group that count; see `weighting`. 1: each group is its first row."""

    left_out: int
    """Number of rows left out."""

    salt: str
    """Salt of the hashed choices."""

    known: dict[Hashable, dict[tuple[str, ...], Floats]] = field(default_factory=dict)
    """Cache of confidences, shared by candidates with the same combiners."""

    @property
    def unit(self) -> str:
        """The unit of an independent draw: `sample`, or `group` if some sample has one."""
        return "group" if any(self.table.groups) else "sample"

    def answered(self, candidate: Candidate) -> NDArray[np.intp]:
        """Return the column of the answering rung of each row, (n,)."""
        return answering(self.table, candidate, salt=self.salt, known=self.known)

    def errors(self, answered: NDArray[np.intp]) -> Floats:
        """Return the errors of the draws accepted below the top, (m,) in [0, 1]; m varies."""
        below = self.drawn[answered[self.drawn] != len(self.table.rungs) - 1]
        return np.asarray(1.0 - self.table.correct[below, answered[below]])

    def losses(self, answered: NDArray[np.intp]) -> Floats:
        """Return the loss of every row's answer against the reference's, (n,) in [-1, 1]."""
        correct, rows = self.table.correct, np.arange(len(self.table))
        zero = self.same[rows, answered] | (answered == len(self.table.rungs) - 1)
        return np.where(zero, 0.0, correct[:, -1] - correct[rows, answered])

    def weighted(self, values: Floats) -> Floats:
        """Return the sum of each group's rows over `most`, (m,), in random order of the groups.

        Of values in [low, high] with low ≤ 0 ≤ high, these are too: a group with n rows weighs n / `most`.
        """
        sums = np.bincount(self.group, values) / self.most
        found: Floats = sums[self.group[self.drawn]]
        return found


def select_rows(
    table: Table,
    candidates: Sequence[Candidate],
    bound: Bound,
    *,
    salt: str,
    seed: int,
    same: Flags | None = None,
    chosen: Flags | None = None,
    most: int = 1,
) -> Verification:
    """Select the verification rows so that the availability of labels does not favour the policy.

    Rows chosen for labelling count if they are settled: every answer that a candidate would give is labelled (for a
    loss: equals the reference's, or both are labelled). If `chosen` is None: all rows, if all are settled; else those
    with a label for every rung. Rows where only the differing answers were labelled are then over-represented, which
    can only make a loss look greater. `most` rows of a group count; the reference answers further ones.
    """
    counted = places_in_group(table.groups) < most if any(table.groups) else np.ones(len(table), dtype=bool)
    wanted = counted if chosen is None else counted & chosen
    here = np.all(table.present, axis=1) & wanted
    given = np.zeros(table.present.shape, dtype=bool) if same is None else np.asarray(same, dtype=bool)
    used = sorted({table.rungs.index(name) for points in candidates for point in points for name in point.rungs})
    below = [k for k in used if k < len(table.rungs) - 1]
    known = ~np.isnan(table.correct)
    loss = isinstance(bound, MaxLoss)
    settled = given | (known & known[:, -1:]) if loss else known
    counts = here & np.all(settled[:, below], axis=1)
    if not np.array_equal(counts, here):
        # The simple test failed: find the labels that candidates need.
        needed = np.zeros_like(known)
        for points in candidates:
            needed[np.arange(len(table)), answering(table, points, salt=salt)] = True
        needed[:, -1] = False
        enough = here & np.all(settled | ~needed, axis=1)
        if np.array_equal(enough, here) or chosen is not None:
            counts = enough
        else:
            columns = [*below, len(table.rungs) - 1] if loss else below
            counts = here & np.all(known[:, columns], axis=1)
    kept = np.flatnonzero(counts)
    rows = table.take(kept)
    code = number_groups(rows.groups)
    return Verification(
        table=rows,
        same=given[kept],
        group=code,
        drawn=first_rows(code, seed=seed),
        most=most,
        left_out=int(wanted.sum()) - len(kept),
        salt=salt,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a candidate serves on n rows, exactly as live requests are served."""

    column: NDArray[np.intp]
    """The table's column of the answering rung, (n,); undefined where not complete."""

    complete: Flags
    """Whether every rung that was reached is recorded, (n,)."""

    vetoed: Flags
    """Whether the answer was vetoed and is served since no rung is left, (n,)."""


def serving(
    table: Table,
    candidate: Candidate,
    *,
    salt: str,
    known: dict[Hashable, dict[tuple[str, ...], Floats]] | None = None,
) -> Serving:
    """Return what a candidate serves on the rows of a table; `known` caches confidences for several candidates."""
    cache = {} if known is None else known
    rows, found = np.arange(len(table)), []
    for point in candidate:
        # The cache keys are ids of combiners, which the candidates keep alive.
        own = tuple((name, id(point.combiners.get(name))) for name in point.rungs)
        served = apply_point(table, point, salt=salt, known=cache.setdefault(own, {}))
        place = served.answered
        columns = np.array([table.rungs.index(name) for name in point.rungs], dtype=np.intp)[place]
        found.append((columns, served.complete, served.table.vetoed[rows, place]))
    if len(found) == 1:
        column, complete, vetoed = found[0]
        return Serving(column=column, complete=complete, vetoed=vetoed)
    # As TaskPolicy.point takes them: u below the first weight, else below the next, else the last.
    u = _mix_numbers(table, salt=salt, cache=cache.setdefault("mix", {}))
    which = np.searchsorted(np.cumsum([point.weight for point in candidate])[:-1], u, side="right")
    column, complete, vetoed = (np.choose(which, list(part)) for part in zip(*found, strict=True))
    return Serving(column=column, complete=complete.astype(bool), vetoed=vetoed.astype(bool))


def answering(
    table: Table,
    candidate: Candidate,
    *,
    salt: str,
    known: dict[Hashable, dict[tuple[str, ...], Floats]] | None = None,
) -> NDArray[np.intp]:
    """Return the table's column of the answering rung of each row, (n,), exactly as live requests are served."""
    return serving(table, candidate, salt=salt, known=known).column


def _mix_numbers(table: Table, *, salt: str, cache: dict[tuple[str, ...], Floats]) -> Floats:
    """Return the hashed numbers that pick a request's point, (n,); cached: hashing takes a second a million."""
    if () not in cache:
        task = table.task
        cache[()] = np.array(
            [unit(salt=salt, purpose="mix", task=task, rung="", request_id=request_id) for request_id in table.ids]
        )
    return cache[()]
