"""Selective labels: those that stand where answers differ say how hard these rows are, not how right answers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from calibration.arrays import Flags
from calibration.samples.layout import Layout
from calibration.samples.sameness import same_answers
from calibration.samples.table import Table
from calibration.targets.bound import Jointly, MaxError
from calibration.targets.by_task import Target
from calibration.targets.target import Best, ExpectedError, ExpectedLoss, Together
from cascade.errors import DataError

if TYPE_CHECKING:
    from cascade.samples.sample import Sample

LEVEL = 1e-6
"""p-value up to which labels are not taken for a draw that knew nothing of the answers."""

RATIO = 2.0
"""… if also this many times the share of rows that differ is labelled, compared with those that are same."""


_NEEDS: dict[type, str] = {
    Best: "the best accuracy",
    ExpectedLoss: "an expected loss",
    ExpectedError: "an expected error",
    MaxError: "an error among accepted answers",
}
"""Targets that need labels of all kinds of rows, as text."""


def find_selective(table: Table, same: Flags) -> str | None:
    """Return where labels stand if it is mostly where answers differ, as text; None if a draw may have chosen them.

    Args:
        table: the samples of a task, of equal propensities: else these make up for it.
        same: whether an answer is the same as the reference's, (n, K).
    """
    rows = table.present[:, -1] & table.present[:, :-1].any(axis=1)
    differs = np.any((table.present & ~same)[rows, :-1], axis=1)
    labelled = np.any(~np.isnan(table.correct[rows]), axis=1)
    n, n_differ, n_labelled = len(labelled), int(differs.sum()), int(labelled.sum())
    both = int((differs & labelled).sum())
    if not both or n in (n_labelled, n_differ):
        return None
    here, there = both / n_differ, (n_labelled - both) / (n - n_differ)
    if here < RATIO * there or _chance(both, n, n_differ, n_labelled) > LEVEL:
        return None
    return (
        f"labels stand on {both:,} of {n_differ:,} rows where answers differ and on {n_labelled - both:,} of "
        f"{n - n_differ:,} where they are the same, without propensities"
    )


def require_unselective(table: Table, same: Flags, *, needs: str) -> None:
    """Check that labels do not stand mostly where answers differ; `needs`: what needs others, as text.

    Raises:
        DataError: they do; accuracy cannot be told from them.
    """
    found = find_selective(table, same)
    if found is None:
        return
    message = (
        f"Task {table.task!r}: {found}, so they cannot tell {needs}; certify a loss with them (`cascade certify`), or "
        "label a uniform draw (`cascade next-labels`)."
    )
    raise DataError(message)


def warn_selective(layout: Layout) -> list[str]:
    """Return a warning that accuracy is that of rows where answers differ; empty if it is not."""
    if layout.same is None or layout.propensity is not None:
        return []
    found = find_selective(layout.table, layout.same)
    if found is None:
        return []
    return [f"Task {layout.table.task!r}: {found}: the accuracy shown is that of such rows, not the task's."]


def _chance(both: int, n: int, n_differ: int, n_labelled: int) -> float:
    """Return the probability that a draw of so many labels hits so many of the rows that differ, or more."""
    from scipy.stats import hypergeom

    return float(hypergeom.sf(both - 1, n, n_differ, n_labelled))


def require_unselective_samples(table: Table, samples: Sequence[Sample], *, needs: str) -> None:
    """Check the same of samples whose answers were not compared yet; nothing is compared where all have labels."""
    known = np.any(~np.isnan(table.correct), axis=1)
    if np.all(known) or not np.any(known) or len({sample.propensity for sample in samples}) > 1:
        return
    require_unselective(table, same_answers(samples, table.rungs), needs=needs)


def require_labels_for(layout: Layout, target: Target) -> None:
    """Check that a target which needs absolute labels has some that are not only of rows where answers differ.

    Raises:
        DataError: they are.
    """
    parts = target.aims if isinstance(target, Together) else target.bounds if isinstance(target, Jointly) else (target,)
    needs = next((_NEEDS[type(one)] for one in parts if type(one) in _NEEDS), None)
    if needs is not None and layout.same is not None and layout.propensity is None:
        require_unselective(layout.table, layout.same, needs=needs)
