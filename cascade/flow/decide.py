"""How one request runs: Course is settled before the first call, and decides about every answer on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cascade.exchange import Request, Response
from cascade.hashing import unit
from cascade.ladder import Ladder, Rung
from cascade.policy.features import read_features
from cascade.policy.operating_point import Decision, OperatingPoint
from cascade.policy.policy import Policy
from cascade.verdict import Verdict, Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How one request will run: settled before the first call."""

    rungs: tuple[Rung, ...]
    """The rungs to try, in order."""

    point: OperatingPoint | None
    """The policy's point; None: by pass marks."""

    salt: str = ""
    """The policy's salt for hashed choices."""

    policy_sha256: str | None = None
    """The policy that settled it."""

    def verifiers(self, rung: Rung) -> tuple[Verifier, ...]:
        """Return the verifiers of a rung in their order; where a policy asks it alone, those that cost nothing.

        Nothing is left to be decided by a score then, and always asking one model costs its answers, no more.
        """
        alone = self.point is not None and len(self.rungs) == 1
        return tuple(one for one in rung.verifiers if not one.paid) if alone else rung.verifiers


def route(
    request: Request, ladder: Ladder, policy: Policy | None, on_uncalibrated: Literal["pass_marks", "top"]
) -> Route:
    """Settle which rungs a request tries and what decides."""
    ladder = ladder.of(request.task)
    task = policy.tasks.get(request.task) if policy is not None else None
    if policy is None or task is None:
        return Route(rungs=(ladder.top,) if on_uncalibrated == "top" else ladder.rungs, point=None)
    point = task.at(request.quality).point(salt=policy.salt, task=request.task, request_id=request.id)
    rungs = tuple(ladder.rung(name) for name in point.rungs)
    return Route(rungs=rungs, point=point, salt=policy.salt, policy_sha256=policy.sha256)


def decide(
    plan: Route,
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
        reason = "finish_unknown" if _odd(response) and not vetoed else pass_marks(rung.verifiers, verdicts)
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
    if _odd(response):
        up, reason = True, "finish_unknown"
    for verifier, verdict in zip(rung.verifiers, verdicts, strict=False):
        if verifier.required and verdict.abstained:
            up, reason = True, f"required:{verdict.name}"
    for verdict in verdicts:  # the last one may be the stack's own, of no verifier
        if verdict.veto:
            up, reason = True, f"veto:{verdict.name}"
    return Decision(
        action="escalate" if up else "accept", reason=reason, confidence=confidence, threshold=threshold, u=u
    )


def _odd(response: Response) -> bool:
    """Return whether an answer ended for a reason that nobody knows: below the top it is never accepted."""
    return "finish_unknown" in response.flags


def pass_marks(verifiers: tuple[Verifier, ...], verdicts: tuple[Verdict, ...]) -> str:
    """Return `pass_marks` where an uncalibrated answer is good enough, else why not.

    Good enough: nothing vetoes, every verifier that scores reaches its `pass_at`, and at least one scores: a kind
    of answer that nobody can score is never accepted silently.
    """
    scored = False
    for verdict in verdicts:
        if verdict.veto:
            return f"veto:{verdict.name}"
    for verifier, verdict in zip(verifiers, verdicts, strict=False):
        if verdict.score is None:
            if verifier.required:
                return f"required:{verdict.name}"
            continue
        scored = True
        if verdict.score < verifier.pass_at:
            return f"below:{verdict.name}"
    return "pass_marks" if scored else "unverifiable"
