"""Shortfall of a paired walk: why nothing is certified, in words, and what is missing."""

from __future__ import annotations

import math

from calibration.certify.hypothesis_tests import Found
from calibration.certify.paired_walk import Tester
from calibration.samples.audit import CONFLICT, Audit
from calibration.samples.checks import Checks
from calibration.stats.risk import required_draws
from calibration.stats.split import LEARN
from calibration.targets.bound import MaxLoss, describe_bound
from cascade.display.numbers import percent


def explain(
    tester: Tester, found: Found, *, audit: Audit | None = None, checks: Checks | None = None
) -> tuple[str, int | None]:
    """Return why nothing is certified, as text, and the estimated number of further samples; None if none suffices."""
    n, bound = len(tester.drawn), tester.bound
    wanted = f"{describe_bound(bound)} with confidence {bound.confidence:g}"
    if audit is not None and audit.refuses:
        why = (
            f"Not certified: of {audit.compared} audited rows with the same value, {audit.conflicts} have another "
            f"label than the reference's answer; at most {percent(CONFLICT)} were expected, so that sameness cannot "
            "stand for labels. Declare the field that holds the answer (`answer: /field` of the task), or label all "
            "rows and calibrate."
        )
        return why, None
    if checks is not None and (unchecked := explain_checks(checks, tester)) is not None:
        return unchecked, None
    if tester.eps <= 0.0:
        why = (
            f"Not certified: the audit bounds the share of conflicts by {percent(bound.value - tester.eps)}, which "
            f"leaves nothing of {bound.value:g}. Label more of the audit (--audit), or leave out --audit-bound."
        )
        return why, None
    if not found.tests:
        return "Not certified: no policy is cheaper than the reference.", None
    missing = int(found.tests[-1].get("unlabelled", 0))
    least = required_draws(tester.eps, tester.delta)
    enough = found.enough
    free = "" if isinstance(bound, MaxLoss) else " No label is needed."
    counted = f" {missing} of them are flagged without a label, and count as harmed." if missing else ""
    if enough is None and n < least:
        more = math.ceil((least - n) / (1.0 - LEARN))
        why = (
            f"Not certified: at least {more} more recorded {tester.unit}s are needed to show {wanted}, and only if "
            f"fewer answers {'are harmed' if tester.pairs.labelled else 'differ'} than seen; {n} were available for "
            f"the test.{counted}"
        )
        return why, more
    if enough is None or enough <= n:
        why = (
            f"Not certified: {wanted} was not shown, and at the rates seen on {n} {tester.unit}s more would not change "
            f"that.{counted} Use better verifiers, a stronger rung or a wider bound."
        )
        return why, None
    more = math.ceil((enough - n) / (1.0 - LEARN))
    rate = "harm comes at the rate seen" if tester.pairs.labelled else "answers differ at the rate seen"
    why = (
        f"Not certified: about {more} more recorded {tester.unit}s are needed to show {wanted} (power 0.8, if {rate}); "
        f"{n} were available for the test.{counted}{free}"
    )
    return why, more


def explain_checks(checks: Checks, tester: Tester) -> str | None:
    """Return why a person's checks of a judge let nothing be certified, as text; None if they let it be tested."""
    if checks.drawn < checks.wanted:
        return (
            f"Not certified: {checks.drawn} rows have texts that differ, and {checks.wanted} of them have to be "
            "checked by a person. Record more requests, or leave sameness to the reader."
        )
    if checks.missing:
        return (
            f"Not certified: a person has checked {checks.checked} of the {checks.wanted} rows on which what the judge "
            f"calls the same has to be checked; {checks.missing} are missing."
        )
    if tester.eps <= 0.0:
        bound = tester.bound.value
        return (
            f"Not certified: the bound on what the judge wrongly calls the same, {percent(bound - tester.eps)}, leaves "
            f"nothing of {percent(bound)}. {checks.describe()} Check more rows (--checks), or take a better judge or "
            "rubric."
        )
    return None
