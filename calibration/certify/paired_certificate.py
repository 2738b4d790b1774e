"""Certificate of a paired walk: what it bounds in words, whose sameness it is about, and what it assumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from calibration.certify.certificate import Certificate, state_tasks, state_traffic
from calibration.certify.hypothesis_tests import Found
from calibration.certify.paired import PairedTester
from calibration.samples.pairs import Pairs
from calibration.samples.sameness import Sameness
from calibration.stats.risk import required_draws
from calibration.stats.split import LEARN
from calibration.targets.bound import MaxDisagreement, describe_bound
from cascade.policy.policy import P_SAME

WITHOUT_LABELS = (
    "No label was used: it is about saying the same as the reference, whether the reference is right or wrong."
)
RECORD = (
    "Every certification on these rows is in the record of looks beside the samples: one that was deleted, or made "
    "on a copy of the samples, cannot be seen."
)


def make_certificate(
    pairs: Pairs,
    tester: PairedTester,
    found: Found,
    *,
    sameness: Sameness,
    about: Mapping[str, Any],
    look: int,
    tasks: int,
) -> Certificate:
    """Return the certificate of a walk.

    Args:
        pairs: all comparable rows of the task.
        tester: the certifying rows, bound and level.
        found: the walk's result.
        sameness: whose sameness it is.
        about: its name, version and options.
        look: which look at the certifying rows this is.
        tasks: how many tasks share 1 − confidence.
    """
    bound, table = tester.bound, pairs.table
    certified = bool(found.points)
    why, more = (None, None) if certified else explain(tester, found)
    last = found.last if certified else None
    return Certificate(
        bound=bound.to_json(),
        certified=certified,
        why=why,
        labels_needed=None,
        delta=tester.delta,
        tasks=tasks,
        method=found.method,
        unit=tester.unit,
        n=len(tester.drawn),
        samples=len(tester.pairs.table),
        accepted=None if last is None else last.accepted,
        risk=None if last is None else last.risk,
        p_value=found.p,
        tests=found.tests,
        label_sources=(),
        assumptions=_assumptions(pairs, tester, look=look, tasks=tasks),
        disagreement={
            "bounds": state_promise(table.task, table.rungs[-1], bound, sameness),
            "bounds_the_loss": state_loss(bound, table.rungs[-1]) if sameness.is_reader else None,
            "confidence_means": P_SAME,
            "sameness": dict(about),
            "look": look,
            "samples_needed": more,
            "no_reference": pairs.no_reference,
            "only_reference": pairs.only_reference,
            "copies": pairs.split.copies,
        },
    )


def state_promise(task: str, reference: str, bound: MaxDisagreement, sameness: Sameness) -> str:
    """Return what is bounded, as a sentence."""
    return (
        f"With confidence {bound.confidence:g}, at most {100 * bound.value:g} % of the requests of task {task!r} get "
        f"an answer that is not the same as {reference}'s, {sameness.whose}; requests that fail, or that a budget or a "
        "deadline ends, are outside."
    )


def state_loss(bound: MaxDisagreement, reference: str) -> str:
    """Return what a bound on disagreement says about labels, as a sentence; it holds for the reader's sameness only."""
    return (
        f"Bounds the loss: whatever labels in [0, 1] are given, the same label to the same value, accuracy is at most "
        f"{100 * bound.value:g} points below always asking {reference}. It bounds no error."
    )


def explain(tester: PairedTester, found: Found) -> tuple[str, int | None]:
    """Return why nothing is certified, as text, and the estimated number of further samples; None if none suffices."""
    n, bound = len(tester.drawn), tester.bound
    wanted = f"{describe_bound(bound)} with confidence {bound.confidence:g}"
    if not found.tests:
        return "Not certified: no policy is cheaper than the reference.", None
    least = required_draws(bound.value, tester.delta)
    enough = found.enough
    if enough is None and n < least:
        more = math.ceil((least - n) / (1.0 - LEARN))
        why = (
            f"Not certified: at least {more} more recorded {tester.unit}s are needed to show {wanted}, and only if "
            f"fewer answers differ than seen; {n} were available for the test."
        )
        return why, more
    if enough is None or enough <= n:
        why = (
            f"Not certified: {wanted} was not shown, and at the rates seen on {n} {tester.unit}s more would not change "
            "that. Use better verifiers, a stronger rung or a wider bound."
        )
        return why, None
    more = math.ceil((enough - n) / (1.0 - LEARN))
    why = (
        f"Not certified: about {more} more recorded {tester.unit}s are needed to show {wanted} (power 0.8, if answers "
        f"differ at the rate seen); {n} were available for the test. No label is needed."
    )
    return why, more


def _assumptions(pairs: Pairs, tester: PairedTester, *, look: int, tasks: int) -> tuple[str, ...]:
    bound, table = tester.bound, pairs.table
    stated = [*state_traffic(table.task), WITHOUT_LABELS]
    if tasks > 1:
        stated.append(state_tasks(tasks, bound.confidence, bound.delta / tasks))
    if tester.unit == "group":
        stated.append(
            "Samples of one group are not independent, so each group counts once: the disagreement is that of a random "
            "request of a random group."
        )
    if pairs.split.copies:
        stated.append(
            f"{pairs.split.copies} samples are copies of others: each request counts once in the test, and the samples "
            "as they came keep the bound too."
        )
    outside = [
        f"{count} {what}"
        for count, what in (
            (pairs.no_reference, "samples without a recording of the reference"),
            (pairs.only_reference, "samples with no other recording than the reference's"),
        )
        if count
    ]
    if outside:
        stated.append(
            f"{' and '.join(outside)} are outside: whether they are missing is independent of whether answers differ."
        )
    stated.append(
        f"It is look {look} at these rows, at 1 − confidence over {look * (look + 1)}, so that all looks together keep "
        f"their confidence. {RECORD}"
    )
    return tuple(stated)
