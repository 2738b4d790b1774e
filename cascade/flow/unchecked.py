"""Result flags of verification: what was not checked, what reading the answer took, how its schema went out."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.exchange import Request
from cascade.result import Attempt
from cascade.verdict import Verdict, Verifier

UNCHECKED = "unchecked:"
"""Prefix of flags that name what was not checked: a verifier, or a part of a schema."""

_LIFTED = (UNCHECKED, "repaired:", "language:")


def result_flags(request: Request, attempt: Attempt, verifiers: tuple[Verifier, ...]) -> list[str]:
    """Return the flags that a result takes over from the attempt whose answer it returns.

    Args:
        request: what was asked.
        attempt: the attempt, with a response.
        verifiers: the rung's verifiers.
    """
    sent = () if attempt.response is None else attempt.response.flags
    flags = [flag for flag in sent if flag.startswith(("schema:", "asked_again:"))]
    for verdict in attempt.verdicts:
        flags += [flag for flag in verdict.flags if flag.startswith(_LIFTED)]
        flags += off(verdict)
    if request.schema is not None and not any(one.checks_schema for one in verifiers):
        flags.append(f"{UNCHECKED}schema")
    return list(dict.fromkeys(flags))


def off(verdict: Verdict) -> Iterator[str]:
    """Yield the flag of a verifier that was to score and could not: it raised, or its calls failed."""
    if verdict.abstained and ("verifier_failed" in verdict.flags or "calls_failed" in verdict.flags):
        yield f"{UNCHECKED}{verdict.name}"
