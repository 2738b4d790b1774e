"""The cascade itself, as generators without I/O: climb() until an answer is accepted, tour() over every rung.

Both yield tuples of asks, are sent the replies in the same order, and return what came of it; so they are driven by
hand in tests, by recordings in replay, and by one async driver in the engine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from cascade.exchange import EMPTY, Exchange, LocalCall, ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.features import read_features
from cascade.hashing import unit
from cascade.ladder import Ladder, Rung
from cascade.outcome import Attempt, Outcome, Result
from cascade.point import Decision, Point
from cascade.policy import Policy
from cascade.verdict import Ask, Reply, Verdict, Verifier, response_cost

logger = logging.getLogger("cascade.flow")

Returned = TypeVar("Returned")
Steps = Generator[tuple[Ask, ...], tuple[Reply, ...], Returned]
"""What climb() and tour() are."""

ENDINGS: Mapping[FailureKind, Outcome] = {FailureKind.DEADLINE: "deadline", FailureKind.BUDGET: "budget"}
"""Failures that are the request's own end, not the provider's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one request will run: settled before the first call."""

    rungs: tuple[Rung, ...]
    """The rungs to try, in order."""

    point: Point | None
    """The policy's point; None: by pass marks."""

    salt: str = ""
    """The policy's salt for hashed choices."""

    policy_sha256: str | None = None
    """The policy that settled it."""


def course(
    request: Request, ladder: Ladder, policy: Policy | None, on_uncalibrated: Literal["pass_marks", "top"]
) -> Course:
    """Settle which rungs a request tries and what decides."""
    ladder = ladder.of(request.task)
    task = policy.tasks.get(request.task) if policy is not None else None
    if policy is None or task is None:
        return Course(rungs=(ladder.top,) if on_uncalibrated == "top" else ladder.rungs, point=None)
    point = task.point(salt=policy.salt, task=request.task, request_id=request.id)
    rungs = tuple(ladder.rung(name) for name in point.rungs)
    return Course(rungs=rungs, point=point, salt=policy.salt, policy_sha256=policy.sha256)


def climb(
    request: Request,
    ladder: Ladder,
    policy: Policy | None = None,
    *,
    on_uncalibrated: Literal["pass_marks", "top"] = "pass_marks",
    on_exhausted: Literal["answer", "abstain"] = "answer",
) -> Steps[Result[Any]]:
    """Try rungs from the cheapest until an answer is accepted.

    Args:
        request: what is asked.
        ladder: the rungs, with their verifiers looked up.
        policy: thresholds and combiners; a task that it lacks runs by pass marks.
        on_uncalibrated: what such a task does: pass marks, or straight to the top.
        on_exhausted: whether an answer that the top's verifiers vetoed is returned, flagged, or withheld.
    """
    plan = course(request, ladder, policy, on_uncalibrated)
    attempts: list[Attempt] = []
    earlier: dict[str, Response] = {}
    confidences: dict[str, float | None] = {}
    ended: Outcome | None = None
    for rung in plan.rungs:
        call = rung.call(request)
        (reply,) = yield (call,)
        if isinstance(reply, CallFailure):
            ended = ENDINGS.get(reply.kind)
            stops = ended is not None or reply.treatment.raises is not None
            decision = Decision(action="stop" if stops else "fail_over", reason=reply.kind.value)
            attempts.append(Attempt(rung=rung.name, model=rung.model, failure=reply, decision=decision))
            if stops:
                break
            continue
        exchange = Exchange(
            request=request, response=reply, rung=rung.name, model=rung.model, call=call, earlier=dict(earlier)
        )
        verdicts, ended = yield from _verify(rung.verifiers, exchange)
        decision = _decide(plan, rung, request, verdicts, reply, confidences)
        if ended is not None and decision.action == "escalate":
            decision = replace(decision, action="stop", reason=ended)
        attempts.append(Attempt(rung=rung.name, model=rung.model, response=reply, verdicts=verdicts, decision=decision))
        if decision.action != "escalate":
            break
        earlier[rung.name] = reply
        confidences[rung.name] = decision.confidence
    return _result(request, plan, tuple(attempts), ended, on_exhausted)


def tour(
    request: Request,
    ladder: Ladder,
    *,
    have: Mapping[str, Response] = EMPTY,
    given: Mapping[str, Mapping[str, Verdict]] = EMPTY,
) -> Steps[tuple[Attempt, ...]]:
    """Ask every rung and every verifier about one request, to get recordings; attempts come in ladder order.

    Args:
        request: what is asked.
        ladder: the rungs, with their verifiers looked up.
        have: responses that are already recorded, by rung; these rungs are not asked again.
        given: verdicts that are already recorded, by rung and verifier; these are not asked for again.
    """
    ladder = ladder.of(request.task)
    calls = {rung.name: rung.call(request) for rung in ladder}
    wanted = [rung.name for rung in ladder if rung.name not in have]
    replies: dict[str, Reply] = dict(have)
    if wanted:
        answers = yield tuple(calls[name] for name in wanted)
        replies.update(zip(wanted, answers, strict=True))
    attempts: list[Attempt] = []
    earlier: dict[str, Response] = {}
    for rung in ladder:
        reply = replies[rung.name]
        if isinstance(reply, CallFailure):
            decision = Decision(action="fail_over", reason=reply.kind.value)
            attempts.append(Attempt(rung=rung.name, model=rung.model, failure=reply, decision=decision))
            continue
        exchange = Exchange(
            request=request,
            response=reply,
            rung=rung.name,
            model=rung.model,
            call=calls[rung.name],
            earlier=dict(earlier),
        )
        verdicts, _ = yield from _verify(rung.verifiers, exchange, given.get(rung.name, EMPTY))
        attempts.append(
            Attempt(
                rung=rung.name,
                model=rung.model,
                response=reply,
                verdicts=verdicts,
                decision=Decision(action="escalate", reason="tour"),
            )
        )
        earlier[rung.name] = reply
    return tuple(attempts)


def drive(steps: Steps[Returned], answer: Callable[[Ask], Reply]) -> Returned:
    """Run a flow to its end without an event loop, answering each ask by a function (recordings, tests)."""
    try:
        asks = next(steps)
        while True:
            asks = steps.send(tuple(answer(ask) for ask in asks))
    except StopIteration as stop:
        returned: Returned = stop.value
        return returned


def _verify(
    verifiers: tuple[Verifier, ...], exchange: Exchange, given: Mapping[str, Verdict] = EMPTY
) -> Steps[tuple[tuple[Verdict, ...], Outcome | None]]:
    """Run a stack of verifiers until one vetoes; say too if deadline or budget ended it."""
    verdicts: list[Verdict] = []
    for verifier in verifiers:
        verdict, ended = given.get(verifier.name), None
        if verdict is None:
            verdict, ended = yield from opinion(verifier, exchange)
        verdicts.append(verdict)
        if verdict.veto or ended is not None:
            return tuple(verdicts), ended
    return tuple(verdicts), None


def opinion(verifier: Verifier, exchange: Exchange) -> Steps[tuple[Verdict, Outcome | None]]:
    """Get one verifier's verdict, with what its calls cost; one that fails abstains."""
    cost, latency, calls = 0.0, 0.0, 0
    ended: Outcome | None = None
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
                        ended = ended or ENDINGS.get(reply.kind)
            latency += max((getattr(reply, "latency_s", 0.0) for reply in replies), default=0.0)
            asks = work.send(replies)
    except StopIteration as stop:
        verdict = stop.value
    except Exception as error:  # noqa: BLE001 - a verifier is foreign code: whatever it raises counts as abstaining
        logger.warning(
            "verifier %s failed on rung %s: %s: %s", verifier.name, exchange.rung, type(error).__name__, error
        )
        verdict = Verdict.abstain(f"failed: {type(error).__name__}", flags=("verifier_failed",))
    if not isinstance(verdict, Verdict):
        verdict = Verdict.abstain(f"gave a {type(verdict).__name__}, not a Verdict", flags=("verifier_failed",))
    total = verdict.cost_usd + cost
    return replace(verdict, name=verifier.name, cost_usd=total, latency_s=latency, calls=calls), ended


def _decide(
    plan: Course,
    rung: Rung,
    request: Request,
    verdicts: tuple[Verdict, ...],
    response: Response,
    confidences: Mapping[str, float | None],
) -> Decision:
    """Accept or escalate one answer."""
    vetoed = any(verdict.veto for verdict in verdicts)
    top = rung is plan.rungs[-1]
    if plan.point is None:
        if top:
            return Decision(action="stop" if vetoed else "accept", reason="veto" if vetoed else "top")
        reason = pass_marks(rung.verifiers, verdicts)
        return Decision(action="accept" if reason == "pass_marks" else "escalate", reason=reason)
    combiner = plan.point.combiners.get(rung.name)
    confidence = None
    if vetoed:
        confidence = 0.0
    elif combiner is not None:
        confidence = combiner.confidence(read_features(verdicts, response, confidences))
    if top:
        reason = "veto" if vetoed else "top"
        return Decision(action="stop" if vetoed else "accept", reason=reason, confidence=confidence)
    threshold = plan.point.thresholds[plan.rungs.index(rung)]
    u = unit(salt=plan.salt, purpose="tie", task=request.task, rung=rung.name, request_id=request.id)
    held = confidence or 0.0
    up = threshold.escalates(held, u)
    reason = "tie" if held == threshold.t else "confidence"
    for verifier, verdict in zip(rung.verifiers, verdicts, strict=False):
        if verdict.veto:
            up, reason = True, f"veto:{verdict.name}"
        elif verifier.required and verdict.abstained:
            up, reason = True, f"required:{verdict.name}"
    return Decision(
        action="escalate" if up else "accept", reason=reason, confidence=confidence, threshold=threshold, u=u
    )


def pass_marks(verifiers: tuple[Verifier, ...], verdicts: tuple[Verdict, ...]) -> str:
    """Return `pass_marks` where an uncalibrated answer is good enough, else why not.

    Good enough: nothing vetoes, every verifier that scores reaches its `pass_at`, and at least one scores: a kind
    of answer that nobody can score is never accepted silently.
    """
    scored = False
    for verifier, verdict in zip(verifiers, verdicts, strict=False):
        if verdict.veto:
            return f"veto:{verdict.name}"
        if verdict.score is None:
            if verifier.required:
                return f"required:{verdict.name}"
            continue
        scored = True
        if verdict.score < verifier.pass_at:
            return f"below:{verdict.name}"
    return "pass_marks" if scored else "unverifiable"


def _result(
    request: Request, plan: Course, attempts: tuple[Attempt, ...], ended: Outcome | None, on_exhausted: str
) -> Result[Any]:
    """Say what a request came to."""
    flags = [] if plan.point is not None else ["uncalibrated"]
    final = attempts[-1]
    accepted = final.decision.action == "accept"
    # A vetoed top is still the best guess there is; below it, an answer that nobody vetoed comes first.
    best = final if accepted or final.decision.reason == "veto" else best_attempt(attempts)
    error = None if final.failure is None else f"{final.rung}: {final.failure.kind.value}: {final.failure.message}"
    outcome: Outcome
    if accepted:
        outcome = "accepted"
    elif ended is not None:
        outcome = ended
    elif best is None or (final.failure is not None and final.decision.action == "stop"):
        outcome = "failed"
    else:
        outcome = "abstained" if on_exhausted == "abstain" else "exhausted"
        flags += ["top_failed"] if final.failure is not None else ["top_vetoed"]
    shown = None if best is None or outcome == "abstained" else best
    response = None if shown is None else shown.response
    return Result(
        request_id=request.id,
        task=request.task,
        outcome=outcome,
        answer=None if response is None else response.text,
        parsed=None if shown is None else next((v.parsed for v in shown.verdicts if v.parsed is not None), None),
        tool_calls=() if response is None else response.tool_calls,
        message=EMPTY if response is None else response.message,
        rung=None if shown is None else shown.rung,
        model=None if shown is None else shown.model,
        confidence=None if shown is None else shown.confidence,
        calibrated=plan.point is not None,
        attempts=attempts,
        policy_sha256=plan.policy_sha256,
        weight=1.0 if plan.point is None else plan.point.weight,
        error=error,
        flags=tuple(flags),
        tags=dict(request.tags),
    )


def best_attempt(attempts: tuple[Attempt, ...]) -> Attempt | None:
    """Return the best answer there is: not vetoed before vetoed, then the highest rung that answered."""
    answered = [attempt for attempt in attempts if attempt.response is not None]
    return max(answered, key=lambda attempt: (not attempt.vetoed, attempts.index(attempt)), default=None)


__all__ = [
    "Course",
    "Exchange",
    "LocalCall",
    "best_attempt",
    "climb",
    "course",
    "drive",
    "opinion",
    "pass_marks",
    "tour",
]
