"""Verification of one answer: verifiers run cheapest first; a veto ends it, and a failed verifier abstains."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TypeVar

from cascade.exchange import EMPTY, Exchange, ModelCall, Response
from cascade.failure import CallFailure, FailureKind
from cascade.fast_replace import fast_replace
from cascade.finish_reason import incomplete_reason
from cascade.loggers import logger_of
from cascade.result import Outcome
from cascade.verdict import Ask, Reply, Verdict, Verifier, response_cost

logger = logger_of("cascade.stack")

Returned = TypeVar("Returned")
Steps = Generator[tuple[Ask, ...], tuple[Reply, ...], Returned]
"""A flow: a generator that yields asks, is sent the replies in the same order, and returns the outcome."""

ENDINGS: Mapping[FailureKind, Outcome] = {FailureKind.DEADLINE: "deadline", FailureKind.BUDGET: "budget"}
"""Failures that end the request and are not the provider's fault."""

MISCONFIGURED = frozenset({FailureKind.AUTH, FailureKind.QUOTA, FailureKind.NOT_FOUND})
"""Failures of a verifier's call that end the request, as a rung's own do: wrong key, spent account, unknown model.

As abstentions they would stay unnoticed, while every answer passes unjudged or escalates."""

Ended = Outcome | CallFailure | None
"""Reason that ended a request at its verifiers: its deadline or budget, or a misconfigured verifier."""


WHOLE = "whole"
"""Name of the verdict added when the response is empty or truncated."""


def verify(
    verifiers: tuple[Verifier, ...], exchange: Exchange, given: Mapping[str, Verdict] = EMPTY
) -> Steps[tuple[tuple[Verdict, ...], Ended]]:
    """Run verifiers until one vetoes; return the verdicts, and the reason if the request ended there.

    A truncated or empty response is always vetoed, before any verifier that costs money.
    """
    verdicts: list[Verdict] = []
    lacking = incomplete_reason(exchange.response)
    for verifier in verifiers:
        if lacking and verifier.paid:
            break
        verdict = given.get(verifier.name)
        ended: Ended = None
        skipped = skip_reason(verifier, tuple(verdicts))
        if skipped is not None:
            # Recorded verdicts are left out too: calibration must see what serving sees.
            verdict = Verdict.abstain(skipped, name=verifier.name, flags=("spared",))
        elif verdict is None:
            verdict, ended = yield from run_verifier(verifier, exchange)
        verdicts.append(verdict)
        if verdict.veto or ended is not None:
            return tuple(verdicts), ended
    if lacking:
        verdicts.append(Verdict.against(lacking, name=WHOLE))
    return tuple(verdicts), None


def skip_reason(verifier: Verifier, verdicts: tuple[Verdict, ...]) -> str | None:
    """Return why a verifier is skipped; None: run it, also if its skip rule fails."""
    try:
        return verifier.needless(verdicts)
    except Exception as error:  # noqa: BLE001 - a verifier is foreign code: if its rule fails, it runs
        logger.warning("verifier %s has a rule that failed: %s: %s", verifier.name, type(error).__name__, error)
        return None


def run_verifier(verifier: Verifier, exchange: Exchange) -> Steps[tuple[Verdict, Ended]]:
    """Run one verifier and return its verdict, with the cost of its calls; if it fails, it abstains."""
    cost, latency, calls = 0.0, 0.0, 0
    ended: Ended = None
    try:
        work = verifier.flow(exchange)
        asks = next(work)
        while True:
            replies = yield asks
            for ask, reply in zip(asks, replies, strict=True):
                if isinstance(ask, ModelCall) and isinstance(reply, Response | CallFailure):
                    cost += response_cost(reply)
                    calls += reply.tries
                    if isinstance(reply, CallFailure):
                        ended = ended or ENDINGS.get(reply.kind) or _misconfigured(verifier, reply)
            latency += max((getattr(reply, "latency_s", 0.0) for reply in replies), default=0.0)
            asks = work.send(replies)
    except StopIteration as stop:
        verdict = stop.value
    except Exception as error:  # noqa: BLE001 - a verifier is foreign code: any exception counts as abstaining
        logger.warning(
            "verifier %s failed on rung %s: %s: %s", verifier.name, exchange.rung, type(error).__name__, error
        )
        verdict = Verdict.abstain(f"failed: {type(error).__name__}", flags=("verifier_failed",))
    if not isinstance(verdict, Verdict):
        verdict = Verdict.abstain(f"gave a {type(verdict).__name__}, not a Verdict", flags=("verifier_failed",))
    total = verdict.cost_usd + cost
    return fast_replace(verdict, name=verifier.name, cost_usd=total, latency_s=latency, calls=calls), ended


def _misconfigured(verifier: Verifier, reply: CallFailure) -> CallFailure | None:
    """Return the failure of a misconfigured verifier, which ends the request; None for any other failure."""
    if reply.kind not in MISCONFIGURED:
        return None
    return fast_replace(reply, message=f"verifier {verifier.name}: {reply.message}")
