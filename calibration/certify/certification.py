"""certify(): the cheapest policy whose risk is certified by a hypothesis test on held-out labelled samples.

With one rung below the reference and `MaxError`, SPEND searches the threshold (spending.py). Else a fixed-sequence test
walks down a path of policies, from the dearest to cheaper ones, and stops at the first failure; delta is not divided
over rungs or policies. The choice of the p-value depends on the bound, on the number of draws, and on whether labels
are fractional (known from the samples that the path was learnt from), never on the labels that certify.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from calibration.arrays import Flags
from calibration.certify.certificate import Certificate, Certified, state_assumptions
from calibration.certify.hypothesis_tests import Found, Tester, search_threshold, walk
from calibration.certify.verification import Candidate, select_rows
from calibration.certify.weighting import weigh
from calibration.samples.table import Table
from calibration.stats.risk import required_draws
from calibration.stats.split import LEARN
from calibration.targets.bound import Bound, MaxError, describe_bound
from cascade.errors import ConfigError
from cascade.policy.operating_point import OperatingPoint

SAME = "An answer equal to the reference's has no loss, and counts as labelled."


def certify(
    verification: Table,
    path: Sequence[Candidate],
    bound: Bound,
    *,
    delta: float,
    salt: str,
    tasks: int = 1,
    learnt: Table | None = None,
    same: Flags | None = None,
    chosen: Flags | None = None,
    label_sources: Sequence[str] = (),
    seed: int = 0,
) -> Certified:
    """Certify the cheapest policy that passes its test; return the safest, uncertified, if none passes.

    Args:
        verification: held-out samples of one task (n, K), not used for path or combiners; the last rung is the
            reference.
        path: candidates from the dearest (safest) to the cheapest, fixed without these labels.
        bound: the bound to certify.
        delta: this task's probability of a wrong certificate: 1 − confidence, divided by `tasks`.
        salt: of the hashed choices, as in the policy.
        tasks: how many tasks share 1 − confidence.
        learnt: the samples that the path was learnt from: they decide where on the path a walk for `MaxError` begins,
            how often a group counts, and whether labels are fractional. None: at the dearest, and by the verification
            samples.
        same: whether an answer equals the reference's, (n, K); see `sameness`.
        chosen: which rows were drawn for labelling, (n,), whatever they answered; None: all labelled ones.
        label_sources: sources of the labels.
        seed: of the order of the groups.

    Raises:
        ConfigError: delta is not in (0, 1).
    """
    if not 0.0 < delta < 1.0:
        message = f"delta, this task's share of 1 − confidence, is {delta!r}; a number between 0 and 1 was expected."
        raise ConfigError(message)
    reference = verification.rungs[-1]
    # The reference alone keeps either bound by definition, so it is not a candidate.
    places = [i for i, points in enumerate(path) if any(point.rungs != (reference,) for point in points)]
    tried = [tuple(path[i]) for i in places]
    weighting = weigh((verification if learnt is None else learnt).groups) or weigh(verification.groups)
    most = 1 if weighting is None else weighting.most
    rows = select_rows(verification, tried, bound, salt=salt, seed=seed, same=same, chosen=chosen, most=most)
    fractional = is_fractional(verification if learnt is None else learnt)
    grouped = weighting if rows.unit == "group" else None
    tester = Tester(rows=rows, bound=bound, delta=delta, fractional=fractional)
    pair = _only_pair(tried, reference) if isinstance(bound, MaxError) and most == 1 else None
    found = walk(tester, tried, learnt) if pair is None else search_threshold(tester, pair)
    certified = bool(found.points)
    why, labels = (None, None) if certified else explain_shortfall(tester, found)
    sources = tuple(dict.fromkeys(label_sources))
    last = found.last if certified else None
    return Certified(
        points=found.points or (OperatingPoint(rungs=(reference,), thresholds=()),),
        index=None if found.step is None else places[found.step],
        certificate=Certificate(
            bound=bound.to_json(),
            certified=certified,
            why=why,
            labels_needed=labels,
            delta=delta,
            tasks=tasks,
            method=found.method,
            unit=rows.unit,
            n=len(rows.drawn),
            samples=len(rows.table),
            accepted=None if last is None else last.accepted,
            risk=None if last is None else last.risk,
            p_value=found.p,
            tests=found.tests,
            label_sources=sources,
            weighting=None if grouped is None else grouped.to_json(),
            assumptions=state_assumptions(
                task=verification.task,
                weighting=grouped,
                label_sources=sources,
                confidence=bound.confidence,
                delta=delta,
                tasks=tasks,
                left_out=rows.left_out,
                extra=(*found.assumptions, *((SAME,) if same is not None and not isinstance(bound, MaxError) else ())),
            ),
        ),
    )


def explain_shortfall(tester: Tester, found: Found) -> tuple[str, int | None]:
    """Return why nothing is certified, as text, and the estimated number of further labelled samples (or groups)."""
    n, unit, bound = len(tester.rows.drawn), tester.rows.unit, tester.bound
    wanted = describe_bound(bound)
    least = required_draws(bound.value, tester.delta)
    enough = found.enough
    if enough is None and n < least:
        # No number suffices at the rates seen: report the least number, that without any error.
        labels = math.ceil((least - n) / (1.0 - LEARN))
        why = (
            f"Not certified: at least {labels} more labelled {unit}s are needed to show {wanted} with confidence "
            f"{bound.confidence:g}, and only if errors come more rarely than seen; {n} were available for the test."
        )
        return why, labels
    if enough is None or enough <= n:
        why = (
            f"Not certified: {wanted} was not shown, and at the rates seen on {n} labelled {unit}s more labels would "
            "not change that. Use better verifiers, a stronger rung or a wider bound."
        )
        return why, None
    # A part of the new ones goes to learning, as of the old ones.
    labels = math.ceil((enough - n) / (1.0 - LEARN))
    why = (
        f"Not certified: about {labels} more labelled {unit}s are needed to show {wanted} with confidence "
        f"{bound.confidence:g} (power 0.8, if errors come at the rate seen); {n} were available for the test."
    )
    return why, labels


def _only_pair(path: Sequence[Candidate], reference: str) -> OperatingPoint | None:
    """Return a point of the only pair of rungs on the path; None if the path has other rungs."""
    points = [point for candidate in path for point in candidate if len(point.rungs) > 1]
    if not points or any(len(point.rungs) != 2 or point.rungs[-1] != reference for point in points):
        return None
    first = points[0]
    return first if all(_alike(point, first) for point in points) else None


def _alike(one: OperatingPoint, other: OperatingPoint) -> bool:
    return one.rungs == other.rungs and one.combiners[one.rungs[0]] == other.combiners[one.rungs[0]]


def is_fractional(table: Table) -> bool:
    """Return whether some label is fractional: neither right nor wrong."""
    labels = table.correct[~np.isnan(table.correct)]
    return bool(np.any((labels > 0.0) & (labels < 1.0)))
