"""Candidates of a certificate: policies from the safest to the cheapest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from calibration.certify.verification import Candidate
from calibration.samples.table import Table
from calibration.stats.noninferiority import MOST as MOST_EXACT
from calibration.targets.bound import Bound, MaxLoss
from calibration.thresholds.evidence import ParetoPolicy
from calibration.thresholds.pareto_policies import find_pareto_policies, hull_of
from calibration.thresholds.path import Path

BETWEEN = 3
"""Most candidates between two neighbours of the path."""

MOST = 60
"""Most candidates, about; each is applied to every row."""


def list_candidates(path: Path, bound: Bound, *, caution: float = 0.0) -> tuple[Candidate, ...]:
    """Return the candidates: the reference, then policies that cost less, dearest first.

    They are the path itself; or, with `caution` in (0, 1], the hull of (cost, quality − caution · share of requests on
    which exactly one of policy and reference is right) over the same threshold vectors: of two policies with equal
    loss, the one that differs less from the reference is easier to certify. With 1 only harm counts.
    A hull has few corners, so steps between two corners are candidates too.
    """
    reference, *cheaper = _cautious(path, caution) if caution > 0.0 else path.pareto_policies
    found: list[Candidate] = [(path.point(reference),)]
    between = min(BETWEEN, max(0, MOST // max(1, len(cheaper)) - 1))
    before = reference
    for pareto_policy in cheaper:
        # A mix with the reference has its share of the loss, but the full error among accepted answers.
        if before is not reference or isinstance(bound, MaxLoss):
            steps = BETWEEN if before is reference else between
            found += [_between(path, before, pareto_policy, step / (steps + 1)) for step in range(1, steps + 1)]
        found.append((path.point(pareto_policy),))
        before = pareto_policy
    # Between two policies that keep a limit on added latency lies one that may break it.
    return tuple(filter(path.keeps_limit, found))


def _between(path: Path, dearer: ParetoPolicy, cheaper: ParetoPolicy, share: float) -> Candidate:
    """Return the policy at `share` between two neighbours: rates between theirs, else a random mix."""
    if dearer.rungs == cheaper.rungs:
        rates = [(1.0 - share) * one + share * other for one, other in zip(dearer.rates, cheaper.rates, strict=True)]
        return (path.point(replace(cheaper, rates=tuple(rates))),)
    return path.point(dearer, weight=1.0 - share), path.point(cheaper, weight=share)


def weigh_caution(draws: int, bound: MaxLoss) -> float:
    """Return the penalty on differing from the reference, in [0, 1], where `draws` rows will certify a loss.

    A policy of loss L that differs on a share D passes about if L + z √(D / n) ≤ ε, z the normal quantile of δ. Without
    loss that is D = n ε² / z²; around it, z √(D / n) grows by z² / (2 n ε) per unit of D. Beyond the draws of the exact
    test it is negligible, so 0 is returned and the path need not be searched again.
    """
    if draws > MOST_EXACT:
        return 0.0
    z = float(ndtri(1.0 - bound.delta))
    return min(1.0, z * z / (2.0 * max(draws, 1) * bound.value))


def _cautious(path: Path, caution: float) -> tuple[ParetoPolicy, ...]:
    evidence = replace(path.evidence, table=_net_of_caution(path.evidence.table, caution), caution=0.0)
    found = [pareto_policy for rungs in path.hulls for pareto_policy in find_pareto_policies(evidence, rungs)]
    reference = path.reference
    hull = hull_of([*evidence.singles, *found])
    return (reference, *(pareto_policy for pareto_policy in hull if pareto_policy.cost_usd < reference.cost_usd))


def _net_of_caution(table: Table, caution: float) -> Table:
    """Return the table with quality relative to the reference in place of correctness: 0 harm, 1/2 neither.

    Harm weighs 1 + caution, gains 1 − caution.
    """
    better = table.correct - table.correct[:, -1:]
    correct = 0.5 + 0.5 * np.where(better < 0.0, better, better * (1.0 - caution) / (1.0 + caution))
    columns = {rungs: [table.rungs.index(name) for name in rungs] for rungs in table.parts}
    parts = {rungs: replace(part, correct=correct[:, columns[rungs]]) for rungs, part in table.parts.items()}
    return replace(table, correct=correct, parts=parts)
