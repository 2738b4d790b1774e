"""The candidates that a certificate is sought for, from the safest to the cheapest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.bound import Bound, MaxLoss
from calibration.path import Path
from calibration.table import Table
from calibration.verification import Candidate
from calibration.waypoints import Evidence, Waypoint, find_waypoints, hull_of

MIXED = (0.25, 0.5, 0.75)
"""Shares of the first policy in the hashed mixes of it and the reference that stand between them."""


def list_candidates(path: Path, bound: Bound, *, harm: bool) -> tuple[Candidate, ...]:
    """Return the reference, then policies that cost less, dearest first.

    They are the path itself; or, where a test counts harm alone (a wrong answer where the reference is right) and gains
    do not make up for it, the hull of (cost, harm) over the same threshold vectors: the path begins at the greatest
    expected accuracy, which may already accept most answers, and a few labels can only show that less does no harm.
    """
    reference, *cheaper = _least_harm(path) if harm else path.waypoints
    found: list[Candidate] = [(path.point(reference),)]
    if cheaper and isinstance(bound, MaxLoss):
        # A mix has its share of the loss, but the same error among accepted answers: of no use to MaxError.
        found += [(path.point(reference, weight=1.0 - share), path.point(cheaper[0], weight=share)) for share in MIXED]
    return (*found, *((path.point(waypoint),) for waypoint in cheaper))


def _least_harm(path: Path) -> tuple[Waypoint, ...]:
    evidence = Evidence(table=_harmless(path.evidence.table), contexts=path.evidence.contexts)
    found = [waypoint for rungs in path.hulls for waypoint in find_waypoints(evidence, rungs)]
    reference = path.reference
    # The reference does itself no harm, at its own cost.
    hull = hull_of([*evidence.singles[:-1], replace(reference, quality=1.0), *found])
    return (reference, *(waypoint for waypoint in hull if waypoint.cost_usd < reference.cost_usd))


def _harmless(table: Table) -> Table:
    """Return the table with "right, or the reference is wrong too" in the place of correctness."""
    correct = np.where(np.isnan(table.correct), np.nan, 1.0 - table.correct[:, -1:] * (1.0 - table.correct))
    correct[:, -1] = np.where(np.isnan(table.correct[:, -1]), np.nan, 1.0)
    columns = {rungs: [table.rungs.index(name) for name in rungs] for rungs in table.parts}
    parts = {rungs: replace(part, correct=correct[:, columns[rungs]]) for rungs, part in table.parts.items()}
    return replace(table, correct=correct, parts=parts)
