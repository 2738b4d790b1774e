"""Results for tests of log and report, made by the flow itself from hand-fed replies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cascade.clients.scripted import scripted
from cascade.exchange import ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.flow.climb import climb, drive
from cascade.ladder import Ladder
from cascade.policy.policy import Policy
from cascade.result import Result
from cascade.usage import Usage
from cascade.verdict import Ask, Reply
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")
POLICY = policy(RUNGS, (0.5, 0.0))
ADDED = {
    3: ("decisions.maybe_charged_estimate_usd",),
    4: ("decisions.mode", "decisions.propensity", "decisions.next_usd", "attempts.features", "attempts.same_as",
        "policies.content", "labels.propensity"),
    5: ("receipts.content",),
    6: ("decisions.first_piece_s", "observations.first_piece_s"),
    7: ("decisions.text_until_ms", "decisions.text_propensity", "observations.text_until_ms",
        "observations.text_propensity"),
    8: ("decisions.prompt", "observations.prompt"),
}  # fmt: skip
"""Columns that each schema of the log added, from 3 on."""


def without_later(version: int) -> list[str]:
    """Return statements that make a log's tables those of an earlier schema."""
    tables = ("observations", "observed_attempts", "observed_verdicts", "unobserved") if version < 4 else ()
    tables = (*tables, "watched") if version < 5 else tables
    later = [name.split(".") for schema, names in ADDED.items() if schema > version for name in names]
    later = [(table, column) for table, column in later if table not in tables]
    index = ["DROP INDEX IF EXISTS decisions_expiring"] if version < 7 else []  # else its column cannot be dropped
    columns = [f"ALTER TABLE {table} DROP COLUMN {column}" for table, column in later]
    return [*index, *columns, *(f"DROP TABLE {table}" for table in tables)]


COST_USD = {"small": 0.001, "middle": 0.004, "large": 0.01}


def decided(
    identity: str,
    *texts: str | Response | CallFailure,
    rungs: Ladder = RUNGS,
    fitted: Policy | None = POLICY,
    saved_usd: float | None = None,
    latency_s: float = 1.0,
    **about: Any,
) -> tuple[Result[Any], Request]:
    """Run one request: `texts` are what the rungs answer, in order; a text is its own score."""
    request = Request.of(about.pop("prompt", "How many?"), id=identity, **about)
    replies = dict(zip(rungs.names, texts, strict=False))

    def answer(ask: Ask) -> Reply:
        assert isinstance(ask, ModelCall)
        reply = replies[ask.rung]
        if not isinstance(reply, str):
            return reply
        usage = Usage(input_tokens=10, output_tokens=5)
        return scripted(reply, cost_usd=COST_USD.get(ask.rung, 0.001), latency_s=0.5, usage=usage)

    result = drive(climb(request, rungs, fitted), answer)
    how = None if saved_usd is None else "fitted on samples"
    result = replace(result, decision_id=f"d-{identity}", saved_usd=saved_usd, saved_how=how, latency_s=latency_s)
    return result, request


def failed(kind: FailureKind) -> CallFailure:
    """Return a failure of some kind."""
    return CallFailure(kind=kind, message="so it was", status=503, latency_s=0.25)
