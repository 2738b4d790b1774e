"""Route and decision: a Route is fixed before a request's first call; decide() accepts or escalates every answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cascade.errors import ConfigError
from cascade.exchange import EMPTY, Request, Response
from cascade.finish_reason import FINISH_UNKNOWN
from cascade.hashing import unit
from cascade.ladder import Ladder, Rung
from cascade.policy.features import read_features
from cascade.policy.operating_point import Decision, OperatingPoint
from cascade.policy.policy import Policy
from cascade.verdict import Verdict, Verifier

FLOOR = "session_floor"
"""What a rung lacks that is below the rung which made the tool calls of a session; also the flag of the result."""


REFUTED = "certificate_refuted"
"""What a rung below the top lacks where watching has refuted the certificate of its task; also the result's flag."""

SESSION_LIMIT = "session_limit"
"""What a rung below the top lacks where a session is longer than the certificate is about; also the result's flag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The route of one request, fixed before the first call: its rungs and operating point."""

    rungs: tuple[Rung, ...]
    """The rungs to try, in order."""

    point: OperatingPoint | None
    """The policy's point; None: by pass marks."""

    salt: str = ""
    """The policy's salt for hashed choices."""

    policy_sha256: str | None = None
    """The policy's hash; None without a policy."""

    skipped: Mapping[str, str] = EMPTY
    """Rungs that are not asked, and what each lacks for the request."""

    fitted: Mapping[str, Mapping[str, Any]] = EMPTY
    """What the policy holds for verifiers that calibrate fits, by rung and verifier."""

    observed: bool = False
    """Whether the top answers as ever, and nothing is verified before the answer goes out."""

    @property
    def asked(self) -> tuple[Rung, ...]:
        """The rungs that may be asked, in order; at least one."""
        return tuple(rung for rung in self.rungs if rung.name not in self.skipped)

    @property
    def top(self) -> Rung:
        """The last rung that may be asked."""
        return self.asked[-1]

    def verifiers(self, rung: Rung) -> tuple[Verifier, ...]:
        """Return the verifiers of a rung in order; for a single-model policy, only those that cost nothing.

        A single model has no decision to make by a score, so it pays for answers only.
        """
        alone = self.point is not None and len(self.asked) == 1
        return tuple(one for one in rung.verifiers if not one.paid) if alone else rung.verifiers


def route(
    request: Request, ladder: Ladder, policy: Policy | None, on_uncalibrated: Literal["pass_marks", "top"]
) -> Route:
    """Return the route of a request."""
    ladder = ladder.of(request.task)
    task = policy.tasks.get(request.task) if policy is not None else None
    if policy is None or task is None:
        return Route(rungs=(ladder.top,) if on_uncalibrated == "top" else ladder.rungs, point=None)
    point = task.at(request.quality).point(salt=policy.salt, task=request.task, request_id=request.id)
    rungs = tuple(ladder.rung(name) for name in point.rungs)
    return Route(
        rungs=rungs, point=point, salt=policy.salt, policy_sha256=policy.sha256,
        fitted=policy.learned.get(request.task, EMPTY),
    )  # fmt: skip


def without_unfit(plan: Route, ladder: Ladder, unfit: Callable[[Rung], str | None]) -> Route:
    """Return a route without the rungs that cannot answer the request: they neither fail nor count as escalated from.

    Where no rung of the route is left, the highest rung of the ladder that can answer is asked, by pass marks.

    Raises:
        ConfigError: no rung of the ladder can; the message says what each one lacks.
    """
    skipped = {rung.name: lack for rung in plan.rungs if (lack := unfit(rung)) is not None}
    if not skipped:
        return plan
    if len(skipped) < len(plan.rungs):
        return replace(plan, skipped=skipped)
    lacks = {rung.name: unfit(rung) for rung in ladder}
    fit = tuple(rung for rung in ladder if lacks[rung.name] is None)
    if not fit:
        told = "; ".join(f"{name} lacks {lack}" for name, lack in lacks.items())
        message = (
            f"No rung can answer this request: {told}. Add a rung that can, or set `can` where the table is wrong, or "
            "the request's tags where `allow` rules it out."
        )
        raise ConfigError(message)
    return replace(plan, rungs=(*plan.rungs, fit[-1]), point=None, skipped=skipped)


def decide(
    plan: Route,
    rung: Rung,
    request: Request,
    verdicts: tuple[Verdict, ...],
    response: Response,
    confidences: Mapping[str, float | None],
) -> Decision:
    """Decide whether one answer is accepted or escalated."""
    vetoed = any(verdict.veto for verdict in verdicts)
    top = rung is plan.top
    if plan.point is None:
        if top:
            return Decision(action="stop" if vetoed else "accept", reason="veto" if vetoed else "top")
        reason = FINISH_UNKNOWN if _odd(response) and not vetoed else pass_marks(rung.verifiers, verdicts)
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
        up, reason = True, FINISH_UNKNOWN
    for verifier, verdict in zip(rung.verifiers, verdicts, strict=False):
        if verifier.required and verdict.abstained:
            up, reason = True, f"required:{verdict.name}"
    for verdict in verdicts:  # the last one may be the flow's own, not a verifier's
        if verdict.veto:
            up, reason = True, f"veto:{verdict.name}"
    return Decision(
        action="escalate" if up else "accept", reason=reason, confidence=confidence, threshold=threshold, u=u
    )


def _odd(response: Response) -> bool:
    """Return whether an answer has an unknown finish reason: it is never accepted below the top."""
    return FINISH_UNKNOWN in response.flags


def pass_marks(verifiers: tuple[Verifier, ...], verdicts: tuple[Verdict, ...]) -> str:
    """Return `pass_marks` if an uncalibrated answer passes, else the reason why not.

    It passes if no verifier vetoes, every verifier that scores reaches its `pass_at`, and at least one scores: an
    answer without any score is never accepted silently.
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
