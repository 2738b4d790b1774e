"""Candidates of a paired walk, in an order that is fixed without the certifying rows."""

from __future__ import annotations

import numpy as np

from calibration.certify.verification import Candidate
from calibration.thresholds.evidence import ParetoPolicy
from calibration.thresholds.path import Path

MIXES = (0.25, 0.5, 0.75)
"""Weights of the safest cascade in its mixes with the reference."""

EXPECTED = 0.6
"""Greatest expected loss of a candidate, as a share of the bound: what is expected to lose more seldom passes."""

MOST = 12
"""Most candidates beside the mixes."""


def likely_policies(
    path: Path, eps: float, *, scale: float = 1.0, best: float | None = None
) -> tuple[ParetoPolicy, ...]:
    """Return the policies cheaper than the reference that a loss of `eps` is tested on, dearest first.

    `scale`: a loss of 1 in the unit of the path's quality; see `Pairs.scale`. `best`: the quality they are compared
    with; None: the reference's.
    """
    reference, *cheaper = path.pareto_policies
    best = reference.quality if best is None else best
    likely = [one for one in cheaper if best - one.quality <= EXPECTED * eps * scale] or cheaper[:1]
    if len(likely) > MOST:
        likely = [likely[round(place)] for place in np.linspace(0, len(likely) - 1, MOST)]
    return tuple(likely)


def list_paired_candidates(
    path: Path, eps: float, *, scale: float = 1.0, best: float | None = None
) -> tuple[Candidate, ...]:
    """Return the candidates in the order in which they are tested; empty if nothing is cheaper than the reference.

    `best`: the quality of the best single model, where policies are compared with every one. If the reference lacks too
    much of it, mixes with the reference do too, and are left out.
    """
    likely = likely_policies(path, eps, scale=scale, best=best)
    if not likely:
        return ()
    if best is not None and best - path.reference.quality > EXPECTED * eps * scale:
        return tuple((path.point(one),) for one in likely)
    safest = likely[0]
    mixed = [(path.point(path.reference, weight=1.0 - share), path.point(safest, weight=share)) for share in MIXES]
    return (*mixed, *((path.point(one),) for one in likely))
