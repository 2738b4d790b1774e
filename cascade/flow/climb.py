"""The cascade flow, as generators without I/O: climb() until an answer is accepted, tour() over every rung.

Both yield tuples of asks, are sent the replies in the same order, and return the outcome. So they are driven by hand in
tests, by recordings in replay, and by one async driver in the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, Literal

from cascade.exchange import EMPTY, Exchange, ModelCall, Request, Response
from cascade.failure import CallFailure, FailureKind
from cascade.fast_replace import fast_replace
from cascade.flow.decide import FLOOR, REFUTED, SESSION_LIMIT, Route, decide, route, without_unfit
from cascade.flow.failures import after_failure, unusable
from cascade.flow.repair import verify_repaired
from cascade.flow.unchecked import result_flags
from cascade.flow.verify import ENDINGS, Returned, Steps, verify
from cascade.ladder import Ladder, Rung
from cascade.policy.operating_point import Decision
from cascade.policy.policy import Policy
from cascade.result import Attempt, Outcome, Result
from cascade.schema_sending import is_refusal_of_schema
from cascade.verdict import Ask, Reply, Verdict


def climb(
    request: Request,
    ladder: Ladder,
    policy: Policy | None = None,
    *,
    on_uncalibrated: Literal["pass_marks", "top"] = "pass_marks",
    on_exhausted: Literal["answer", "abstain"] = "answer",
    on_refusal: Literal["escalate", "accept"] = "escalate",
    on_content_filter: Literal["raise", "escalate"] = "raise",
    on_other_model: Literal["flag", "raise"] = "flag",
    step_up: Callable[[], str | None] | None = None,
    window_of: Callable[[Rung], int | None] = attrgetter("context_window"),
    unfit: Callable[[Rung], str | None] | None = None,
    given: Mapping[str, Mapping[str, Verdict]] = EMPTY,
    went_out: Callable[[], bool] | None = None,
) -> Steps[Result[Any]]:
    """Climb the ladder: ask rungs from the cheapest up until an answer is accepted.

    Args:
        request: the request.
        ladder: the rungs, with their verifiers looked up.
        policy: thresholds and combiners; a task that it lacks runs by pass marks.
        on_uncalibrated: how such a task runs: by pass marks, or on the top only.
        on_exhausted: whether an answer that the top's verifiers vetoed is returned, flagged, or withheld.
        on_refusal: whether a model's own refusal (the provider's field, not words) escalates once, or is accepted. A
            second refusal is always accepted.
        on_content_filter: whether a request that the provider's content filter refused ends there, or goes on to the
            next rung.
        on_other_model: whether an answer by another model than the one that was asked, as the provider reports it, is
            flagged only, or ends the request.
        step_up: called before each step to a higher rung, for quality or because a provider failed. It returns None to
            allow the step, else the escalation cap that is reached, and the request ends there. None: no cap.
        window_of: returns a rung's context window in tokens, called after a prompt did not fit; None: not known.
        unfit: returns what a rung lacks for the request, and so is skipped for; None: nothing. None: all are asked.
        given: verdicts that are already known, by rung and verifier; these are not asked for again.
        went_out: called after the call of a rung that alone may be asked: whether its answer has gone out already, as
            it came. Then verifiers only flag it. None, or where a schema is to hold: no answer goes out before.

    Raises:
        ConfigError: no rung of the ladder can answer the request.
    """
    plan = route(request, ladder, policy, on_uncalibrated)
    if unfit is not None:
        plan = without_unfit(plan, ladder.of(request.task), unfit)
    attempts: list[Attempt] = []
    earlier: dict[str, Response] = {}
    confidences: dict[str, float | None] = {}
    ended: Outcome | None = None
    capped: str | None = None
    live = went_out if len(plan.asked) == 1 and request.schema is None else None
    too_long = 0  # tokens: a prompt that exceeded one window exceeds every smaller one
    for rung in plan.asked:
        if too_long and (window_of(rung) or math.inf) <= too_long:
            continue
        call, reply = yield from _asked(rung, request, live)
        reply = (unusable(reply, on_other_model) or reply) if isinstance(reply, Response) else reply
        if isinstance(reply, CallFailure):
            ended = ENDINGS.get(reply.kind)
            if reply.kind is FailureKind.CONTEXT:
                too_long = max(too_long, window_of(rung) or 0)
            decision = after_failure(reply, on_content_filter)
            decision, capped = _stepped(decision, rung, plan, step_up)
            attempts.append(Attempt(rung=rung.name, model=rung.model, failure=reply, decision=decision))
            if decision.action == "stop":
                break
            continue
        exchange = Exchange(
            request=request, response=reply, rung=rung.name, model=rung.model, call=call, earlier=dict(earlier),
            fitted=plan.fitted.get(rung.name, EMPTY),
        )  # fmt: skip
        if live is not None and live():
            attempts.append((yield from _flagged(plan, rung, exchange, given.get(rung.name, EMPTY))))
            on_exhausted = "answer"  # what has gone out cannot be withheld
            break
        exchange, verdicts, ended_by = yield from verify_repaired(
            rung, plan.verifiers(rung), exchange, given.get(rung.name, EMPTY)
        )
        reply = exchange.response
        if isinstance(ended_by, CallFailure):
            decision = Decision(action="stop", reason=f"verifier:{ended_by.kind.value}")
            attempts.append(
                Attempt(
                    rung=rung.name, model=rung.model, response=reply, verdicts=verdicts, decision=decision,
                    verifier_failure=ended_by,
                )
            )  # fmt: skip
            break
        ended = ended_by
        decision = decide(plan, rung, request, verdicts, reply, confidences)
        refused = reply.refusal is not None
        if refused and (on_refusal == "accept" or any(response.refusal is not None for response in earlier.values())):
            decision = replace(decision, action="accept", reason="refusal")
        if ended is not None and decision.action == "escalate":
            decision = replace(decision, action="stop", reason=ended)
        decision, capped = _stepped(decision, rung, plan, step_up)
        attempts.append(Attempt(rung=rung.name, model=rung.model, response=reply, verdicts=verdicts, decision=decision))
        if decision.action != "escalate":
            break
        earlier[rung.name] = reply
        confidences[rung.name] = decision.confidence
    return _result(request, plan, tuple(attempts), "capped" if capped else ended, on_exhausted, capped)


def _flagged(plan: Route, rung: Rung, exchange: Exchange, given: Mapping[str, Verdict]) -> Steps[Attempt]:
    """Verify an answer that has gone out: it is neither repaired nor asked for again, and nothing ends the request."""
    verdicts, stopped = yield from verify(plan.verifiers(rung), exchange, given)
    decision = decide(plan, rung, exchange.request, verdicts, exchange.response, {})
    failed = stopped if isinstance(stopped, CallFailure) and decision.action == "accept" else None
    return Attempt(
        rung=rung.name, model=rung.model, response=exchange.response, verdicts=verdicts, decision=decision,
        verifier_failure=failed,
    )  # fmt: skip


def ask_top(
    request: Request, ladder: Ladder, *, reason: str = "observed", went_out: Callable[[], bool] | None = None
) -> Steps[Result[Any]]:
    """Ask the top alone, as a program without a cascade does: nothing is verified, nothing else is asked."""
    rung = ladder.of(request.task).top
    plan = Route(rungs=(rung,), point=None, observed=True)
    _, reply = yield from _asked(rung, request, went_out)
    if isinstance(reply, CallFailure):
        attempt = Attempt(rung=rung.name, model=rung.model, failure=reply, decision=after_failure(reply, "raise"))
        return _result(request, plan, (attempt,), ENDINGS.get(reply.kind), "answer", None)
    decision = Decision(action="accept", reason=reason)
    attempt = Attempt(rung=rung.name, model=rung.model, response=reply, decision=decision)
    return _result(request, plan, (attempt,), None, "answer", None)


def _stepped(
    decision: Decision, rung: Rung, plan: Route, step_up: Callable[[], str | None] | None
) -> tuple[Decision, str | None]:
    """Return the decision after the escalation cap, and the cap that stopped it."""
    if step_up is None or rung is plan.top or decision.action not in ("escalate", "fail_over"):
        return decision, None
    capped = step_up()
    if capped is not None:
        decision = replace(decision, action="stop", reason=f"capped:{decision.reason}")
    return decision, capped


def _asked(rung: Rung, request: Request, went_out: Callable[[], bool] | None = None) -> Steps[tuple[ModelCall, Reply]]:
    """Ask a rung, once more with the schema in words where the provider refuses it as parameter."""
    call, live = rung.call(request), went_out is not None
    (reply,) = yield (fast_replace(call, live=True) if live else call,)
    if _without_native(rung, call, reply) and not (went_out is not None and went_out()):
        call = rung.call(request, native_schema="never")
        (reply,) = yield (fast_replace(call, live=True) if live else call,)
    return call, _sent_as(reply, call)


def _without_native(rung: Rung, call: ModelCall, reply: Reply) -> bool:
    """Return whether a call is to be made again with its schema in words: the provider refused it as parameter."""
    return (
        isinstance(reply, CallFailure)
        and reply.kind is FailureKind.BAD_REQUEST
        and call.schema_sent == "native"
        and rung.native_schema == "auto"
        and is_refusal_of_schema(reply.message)
    )


def _sent_as(reply: Reply, call: ModelCall) -> Reply:
    """Return a response flagged with how the schema went out: `schema:native` or `schema:prompt`."""
    if not (call.schema_sent and isinstance(reply, Response)):
        return reply
    return fast_replace(reply, flags=(*reply.flags, f"schema:{call.schema_sent}"))


def tour(
    request: Request,
    ladder: Ladder,
    *,
    have: Mapping[str, Response] = EMPTY,
    given: Mapping[str, Mapping[str, Verdict]] = EMPTY,
    unfit: Callable[[Rung], str | None] = lambda _: None,
    fitted: Mapping[str, Mapping[str, Any]] = EMPTY,
) -> Steps[tuple[Attempt, ...]]:
    """Exploration: ask every rung and every verifier about one request; attempts come in ladder order.

    Args:
        request: what is asked.
        ladder: the rungs, with their verifiers looked up.
        have: responses that are already recorded, by rung; these rungs are not asked again.
        given: verdicts that are already recorded, by rung and verifier; these are not asked for again.
        unfit: returns what a rung lacks for the request; None: nothing, so it is asked.
        fitted: what a policy holds for verifiers that calibrate fits, by rung and verifier.
    """
    rungs = tuple(rung for rung in ladder.of(request.task) if rung.name in have or unfit(rung) is None)
    calls = {rung.name: rung.call(request) for rung in rungs}
    wanted = [rung.name for rung in rungs if rung.name not in have]
    replies: dict[str, Reply] = dict(have)
    if wanted:
        answers = yield tuple(calls[name] for name in wanted)
        replies.update(zip(wanted, answers, strict=True))
        again = [rung for rung in rungs if rung.name in wanted]
        again = [rung for rung in again if _without_native(rung, calls[rung.name], replies[rung.name])]
        if again:
            calls |= {rung.name: rung.call(request, native_schema="never") for rung in again}
            answers = yield tuple(calls[rung.name] for rung in again)
            replies.update(zip((rung.name for rung in again), answers, strict=True))
    attempts: list[Attempt] = []
    earlier: dict[str, Response] = {}
    for rung in rungs:
        reply = replies[rung.name]
        if isinstance(reply, CallFailure):
            decision = Decision(action="fail_over", reason="availability")
            attempts.append(Attempt(rung=rung.name, model=rung.model, failure=reply, decision=decision))
            continue
        if rung.name in wanted:
            reply = _sent_as(reply, calls[rung.name])
        exchange = Exchange(
            request=request,
            response=reply,
            rung=rung.name,
            model=rung.model,
            call=calls[rung.name],
            earlier=dict(earlier),
            fitted=fitted.get(rung.name, EMPTY),
        )
        exchange, verdicts, ended = yield from verify_repaired(
            rung, rung.verifiers, exchange, given.get(rung.name, EMPTY)
        )
        reply = exchange.response
        # A verifier that ended the request gave no verdict: its abstention must not be recorded.
        verdicts = verdicts if ended is None else verdicts[:-1]
        failure = ended if isinstance(ended, CallFailure) else None
        reason = "tour" if ended is None else f"verifier:{failure.kind.value}" if failure is not None else str(ended)
        attempts.append(
            Attempt(
                rung=rung.name,
                model=rung.model,
                response=reply,
                verdicts=verdicts,
                decision=Decision(action="escalate" if ended is None else "stop", reason=reason),
                verifier_failure=failure,
            )
        )
        earlier[rung.name] = reply
    return tuple(attempts)


def drive(steps: Steps[Returned], answer: Callable[[Ask], Reply], *, begun: tuple[Ask, ...] = ()) -> Returned:
    """Run a flow to its end without an event loop; a function answers each ask (recordings, tests).

    Args:
        steps: the flow.
        answer: answers one ask.
        begun: for a flow that has started, the asks it waits for.
    """
    try:
        asks = begun or next(steps)
        while True:
            asks = steps.send(tuple(answer(ask) for ask in asks))
    except StopIteration as stop:
        returned: Returned = stop.value
        return returned


def _result(
    request: Request,
    plan: Route,
    attempts: tuple[Attempt, ...],
    ended: Outcome | None,
    on_exhausted: str,
    capped: str | None,
) -> Result[Any]:
    """Return the result of a request."""
    flags = [] if plan.point is not None or plan.observed else ["uncalibrated"]
    flags += [f"capped:{capped}"] if capped else []
    flags += dict.fromkeys(
        lack if lack in {FLOOR, REFUTED, SESSION_LIMIT} or lack.startswith("allow:") else f"capability:{lack}"
        for lack in plan.skipped.values()
    )
    final = attempts[-1]
    accepted = final.decision.action == "accept"
    # A vetoed top answer is still the best guess; below it, an answer without a veto is preferred.
    best = final if accepted or final.decision.reason == "veto" else best_attempt(attempts)
    failure = final.failure or final.verifier_failure
    error = None if failure is None else f"{final.rung}: {failure.kind.value}: {failure.message}"
    outcome: Outcome
    if accepted:
        outcome = "accepted"
    elif ended is not None and not (capped and best is None):
        outcome = ended
    elif best is None or (failure is not None and final.decision.action == "stop"):
        outcome = "failed"
    else:
        outcome = "abstained" if on_exhausted == "abstain" else "exhausted"
        flags += ["top_failed"] if final.failure is not None else ["top_vetoed"]
    shown = None if best is None or outcome == "abstained" else best
    response = None if shown is None else shown.response
    if shown is not None and not plan.observed:
        flags += result_flags(request, shown, next(rung.verifiers for rung in plan.rungs if rung.name == shown.rung))
    return Result(
        request_id=request.id,
        task=request.task,
        quality=request.quality,
        outcome=outcome,
        answer=None if shown is None or response is None else shown.answer,
        parsed=None if shown is None else next((v.parsed for v in shown.verdicts if v.parsed is not None), None),
        tool_calls=() if response is None else response.tool_calls,
        message=EMPTY if response is None else response.message,
        rung=None if shown is None else shown.rung,
        model=None if shown is None else shown.model,
        confidence=None if shown is None else shown.confidence,
        calibrated=plan.point is not None,
        mode="observe" if plan.observed else "enforce",
        attempts=attempts,
        policy_sha256=plan.policy_sha256,
        weight=1.0 if plan.point is None else plan.point.weight,
        error=error,
        skipped=dict(plan.skipped),
        flags=tuple(flags),
        tags=dict(request.tags),
    )


def best_attempt(attempts: tuple[Attempt, ...]) -> Attempt | None:
    """Return the best attempt: not vetoed before vetoed, then the highest rung that answered; None without answers."""
    answered = [attempt for attempt in attempts if attempt.response is not None]
    return max(answered, key=lambda attempt: (not attempt.vetoed, attempts.index(attempt)), default=None)
