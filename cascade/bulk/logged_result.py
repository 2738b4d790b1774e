"""Logged result: a finished request of a bulk run, rebuilt from the decision log where the journal lost its answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cascade.exchange import Exchange, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.ladder import Ladder, Rung
from cascade.log.past import Past, Row
from cascade.policy.operating_point import Decision, Threshold
from cascade.redaction import CUT
from cascade.result import Attempt, Result
from cascade.usage import Usage
from cascade.verdict import Verdict

_ENDPOINT = "endpoint:"


def logged_result(past: Past, request: Request, ladder: Ladder) -> Result[Any] | None:
    """Return the result of a request as the log holds it; None where the log does not hold the answer whole.

    The text must be stored, with nothing redacted or escaped in it. Tool calls are not stored, so a request that offers
    tools has none. Of failures the log keeps the kind only.

    Args:
        past: the decision.
        request: what was asked.
        ladder: the rungs, with their verifiers looked up.
    """
    row = past.decision
    rungs = {rung.name: rung for rung in ladder.of(request.task)}
    places = {one["rung"]: place for place, one in enumerate(past.attempts)}
    read: Verdict | None = None
    final: Attempt | None = None
    attempts = [_attempt(past, position) for position in range(len(past.attempts))]
    if row["rung"] is not None:
        place = places.get(row["rung"])
        if place is None or row["rung"] not in rungs or not _is_whole(past.attempts[place]):
            return None
        final, rung = attempts[place], rungs[row["rung"]]
        if not {"tools", "functions"}.isdisjoint(rung.call(request).params):
            return None
        read = _read(rung, request, final.response)
    # How the schema went out stands with the attempt only.
    sent = () if final is None or final.response is None else tuple(
        flag for flag in final.response.flags if flag.startswith("schema:")
    )  # fmt: skip
    answer = None if final is None or final.response is None else final.response.text
    return Result(
        request_id=request.id, task=request.task, quality=row["quality"], outcome=row["outcome"],
        answer=answer if read is None or read.answer is None else read.answer,
        parsed=None if read is None else read.parsed, rung=row["rung"], model=row["model"],
        confidence=row["confidence"], calibrated=bool(row["calibrated"]), attempts=tuple(attempts),
        saved_usd=row["saved_usd"], saved_how=row["saved_how"], maybe_charged_usd=row["maybe_charged_usd"],
        maybe_charged_estimate_usd=row["maybe_charged_estimate_usd"] or 0.0, latency_s=row["latency_s"],
        first_piece_s=row["first_piece_s"],
        mode=row["mode"] or "enforce", propensity=row["propensity"] or 1.0, policy_sha256=row["policy_sha256"],
        weight=row["weight"], next_usd=row["next_usd"], error=row["error"], flags=(*json.loads(row["flags"]), *sent),
        tags=dict(request.tags), decision_id=row["decision_id"],
    )  # fmt: skip


def _is_whole(attempt: Row) -> bool:
    text = attempt["answer_text"]
    return text is not None and len(text) == attempt["answer_chars"] and CUT not in text


def _read(rung: Rung, request: Request, response: Response | None) -> Verdict | None:
    """Return the verdict of the verifier that reads the answer by the request's schema; None if the rung has none."""
    reader = next((one for one in rung.verifiers if one.checks_schema), None)
    if reader is None or response is None:
        return None
    return reader.check(
        Exchange(request=request, response=response, rung=rung.name, model=rung.model, call=rung.call(request))
    )


def _attempt(past: Past, position: int) -> Attempt:
    row = past.attempts[position]
    verdicts = tuple(_verdicts(past, position))
    latency_s = max(0.0, row["latency_s"] - sum(one.latency_s for one in verdicts))
    flags = json.loads(row["flags"])
    own = next((flag.removeprefix(_ENDPOINT) for flag in flags if flag.startswith(_ENDPOINT)), "")
    usage = Usage(
        input_tokens=row["input_tokens"], output_tokens=row["output_tokens"], cached_tokens=row["cached_tokens"],
        reasoning_tokens=row["reasoning_tokens"], estimated=bool(row["usage_estimated"]),
    )  # fmt: skip
    told = {"status": row["status"], "usage": usage, "latency_s": latency_s, "tries": row["tries"], "endpoint": own}
    flags = tuple(flag for flag in flags if flag != _ENDPOINT + own)
    response = failure = None
    if row["failure"] is None:
        response = Response(
            text=row["answer_text"] or "", finish_reason=row["finish_reason"], cost_usd=row["answer_usd"],
            model_reported=row["model_reported"], flags=flags, **told,
        )  # fmt: skip
    else:
        kind, message = FailureKind(row["failure"]), "its message is not in the log"
        failure = CallFailure(kind=kind, message=message, cost_usd=row["answer_usd"], **told)
    threshold = None if row["t"] is None else Threshold(t=row["t"], g=row["g"] or 0.0)
    decision = Decision(
        action=row["action"], reason=row["reason"], confidence=row["confidence"], threshold=threshold, u=row["u"]
    )
    return Attempt(
        rung=row["rung"], model=row["model"], response=response, failure=failure, verdicts=verdicts, decision=decision
    )


def _verdicts(past: Past, position: int) -> Iterator[Verdict]:
    for row in past.verdicts_at(position):
        yield Verdict(
            name=row["verifier"], score=row["score"], veto=bool(row["veto"]), reason=row["reason"],
            signals=json.loads(row["signals"] or "{}"), cost_usd=row["cost_usd"], latency_s=row["latency_s"],
            calls=row["calls"], source=row["source"], flags=tuple(json.loads(row["flags"])),
        )  # fmt: skip
