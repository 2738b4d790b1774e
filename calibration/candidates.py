"""The candidates that a certificate is sought for, from the safest to the cheapest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.bound import Bound, MaxLoss
from calibration.path import Path
from calibration.table import Table
from calibration.verification import Candidate
from calibration.waypoints import Evidence, Waypoint, find_waypoints, hull_of

BETWEEN = 3
"""Candidates between two neighbours of the path, at most."""

MOST = 60
"""Candidates in all, about; each is applied to every row."""


def list_candidates(path: Path, bound: Bound, *, harm: bool) -> tuple[Candidate, ...]:
    """Return the reference, then policies that cost less, dearest first.

    They are the path itself; or, where a test counts harm alone (a wrong answer where the reference is right) and gains
    do not make up for it, the hull of (cost, harm) over the same threshold vectors: the path begins at the greatest
    expected accuracy, which may already accept most answers, and a few labels can only show that less does no harm.
    A hull has few corners, and a walk that stops at one leaves what lies before the next: steps between are tried too.
    """
    reference, *cheaper = _least_harm(path) if harm else path.waypoints
    found: list[Candidate] = [(path.point(reference),)]
    between = min(BETWEEN, max(0, MOST // max(1, len(cheaper)) - 1))
    before = reference
    for waypoint in cheaper:
        # A mix with the reference has its share of the loss, but the same error among accepted answers.
        if before is not reference or isinstance(bound, MaxLoss):
            steps = BETWEEN if before is reference else between
            found += [_between(path, before, waypoint, step / (steps + 1)) for step in range(1, steps + 1)]
        found.append((path.point(waypoint),))
        before = waypoint
    return tuple(found)


def _between(path: Path, dearer: Waypoint, cheaper: Waypoint, share: float) -> Candidate:
    """Return the policy `share` of the way between two neighbours: rates between theirs, else a hashed mix."""
    if dearer.rungs == cheaper.rungs:
        rates = [(1.0 - share) * one + share * other for one, other in zip(dearer.rates, cheaper.rates, strict=True)]
        return (path.point(replace(cheaper, rates=tuple(rates))),)
    return path.point(dearer, weight=1.0 - share), path.point(cheaper, weight=share)


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
