"""Result: Attempt (one rung's try) and Result (the outcome of one request)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from cascade.display.result import result_sheet
from cascade.errors import NotAccepted
from cascade.exchange import EMPTY, Response
from cascade.failure import CallFailure
from cascade.policy.explanation import ExplainedAttempt, ExplainedVerdict, Explanation, explain
from cascade.policy.features import read_features
from cascade.policy.known import known_policy
from cascade.policy.operating_point import Decision
from cascade.policy.policy import Policy
from cascade.redaction import shown
from cascade.usage import Usage
from cascade.verdict import Verdict

Outcome = Literal["accepted", "exhausted", "abstained", "capped", "failed", "deadline", "budget", "cancelled"]
"""accepted: answered. exhausted: the top was vetoed or unavailable; the best answer, flagged. abstained: the same,
without answer (`on_exhausted: abstain`). capped: stopped by the escalation cap; the best answer so far. failed: no
answer. deadline, budget: that ran out first. cancelled: by the caller; such a result is only logged."""

BYPASSED = "bypassed"
"""Flag of a decision that the cascade did not make: the reference alone was asked, since the cascade had failed."""


def bypass_flags(cause: str) -> tuple[str, ...]:
    """Return the flags of a request that the reference alone answers; `cause`: what the cascade failed by, or ''."""
    return (BYPASSED, f"{BYPASSED}:{cause}") if cause else (BYPASSED,)


Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One rung's try: a response or a failure, the verdicts on it, and the decision."""

    rung: str
    """The rung's name."""

    model: str
    """The model that was asked for."""

    response: Response | None = None
    """Its response; None where it failed."""

    failure: CallFailure | None = None
    """How it failed; None where it answered."""

    verdicts: tuple[Verdict, ...] = ()
    """In the order in which they were given; a veto is the last one."""

    decision: Decision
    """Accept or escalate, and why."""

    verifier_failure: CallFailure | None = None
    """The failure of a verifier's call that ended the request: a wrong key, a spent account, an unknown model."""

    def __repr__(self) -> str:
        return shown(self)

    @property
    def confidence(self) -> float | None:
        """The combined probability that the answer is right; None if the task is not calibrated.

        Of a policy fitted on pairs, that it is no less right than the reference's: `TaskPolicy.confidence_means`.
        """
        return self.decision.confidence

    @property
    def answer(self) -> str | None:
        """The answer: the JSON that a verifier read in the response's text, else that text; None where it failed."""
        if self.response is None:
            return None
        return next((verdict.answer for verdict in self.verdicts if verdict.answer is not None), self.response.text)

    @property
    def endpoint(self) -> str:
        """The rung's endpoint that answered, or failed last; '' without endpoints, or where not asked."""
        call = self.response or self.failure
        return "" if call is None else call.endpoint

    @property
    def vetoed(self) -> bool:
        """True where a verifier vetoed the answer."""
        return any(verdict.veto for verdict in self.verdicts)

    @property
    def answer_usd(self) -> float:
        """What the rung's own call cost, tries that failed included."""
        if self.response is not None:
            return self.response.cost_usd or 0.0
        return self.failure.cost_usd if self.failure is not None else 0.0

    @property
    def verifiers_usd(self) -> float:
        """What the verdicts cost: the verifiers' own calls."""
        return sum(verdict.cost_usd for verdict in self.verdicts)

    @property
    def latency_s(self) -> float:
        """Seconds that the rung's call and its verifiers' calls took."""
        call = self.response or self.failure
        return (call.latency_s if call is not None else 0.0) + sum(verdict.latency_s for verdict in self.verdicts)

    @property
    def usage(self) -> Usage:
        """Tokens of the rung's own call."""
        call = self.response or self.failure
        return call.usage if call is not None else Usage()


def features_at(attempts: Sequence[Attempt], position: int) -> dict[str, float | None] | None:
    """Return the features that the combiner saw at an attempt, by name; None where the rung did not answer.

    Among them are the confidences of the rungs below that were escalated from; see `cascade.policy.features`.
    """
    attempt = attempts[position]
    if attempt.response is None:
        return None
    below = (one for one in attempts[:position] if one.decision.action == "escalate")
    return read_features(attempt.verdicts, attempt.response, {one.rung: one.confidence for one in below})


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Generic[Parsed]):
    """The outcome of one request."""

    request_id: str
    """The request's id (a content hash unless given)."""

    decision_id: str = ""
    """Names this run of it in the log; two runs of one request have two."""

    task: str = "default"
    """The task it was run as."""

    quality: str | None = None
    """The operating point that was asked for; None: the policy's own."""

    outcome: Outcome
    """The outcome."""

    answer: str | None = None
    """The answer's text; None where there is none."""

    parsed: Parsed | None = None
    """The answer as a value, where a schema or type was given and the answer satisfies it."""

    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """The answer's tool calls, in OpenAI's form."""

    message: Mapping[str, Any] = EMPTY
    """The assistant message, to append to a history."""

    rung: str | None = None
    """The rung whose answer this is."""

    model: str | None = None
    """The model whose answer this is."""

    confidence: float | None = None
    """The combined probability that the answer is right; None where the task is not calibrated, or at an
    unscored top."""

    calibrated: bool = False
    """True where a policy that was fitted for this task decided."""

    attempts: tuple[Attempt, ...] = ()
    """Every rung that was asked, in order."""

    saved_usd: float | None = None
    """Always-top's cost less this result's cost, verifiers included; negative where the cascade was dearer;
    None where it cannot be estimated."""

    saved_how: str | None = None
    """How always-top's cost is known: `top answered` (paid, exact), `fitted on samples`, or `token counts`."""

    maybe_charged_usd: float = 0.0
    """What tries without an answer may have cost, at their worst case, in US dollars: the provider may bill a call that
    timed out or was cancelled. Budgets count it as spent; `cost_usd`, the known cost, does not include it. So the true
    cost lies between `cost_usd` and `cost_usd + maybe_charged_usd`."""

    maybe_charged_estimate_usd: float = 0.0
    """What these tries have cost in the mean, in US dollars, by what such calls cost otherwise and how far each try
    got: `cost_usd + maybe_charged_estimate_usd` is what to expect on the bill."""

    latency_s: float = 0.0
    """Seconds from the call of run() to the result."""

    first_piece_s: float | None = None
    """Seconds to the first piece of an answer that was passed on as it came (`on_stream: top_live`); None: it was
    verified first, so that its first piece comes after `latency_s`."""

    mode: Literal["enforce", "observe"] = "enforce"
    """Whether the cascade decided, or the top answered as ever and the cascade is observed."""

    propensity: float = 1.0
    """The probability, in (0, 1], that the hashed draw gave the request this mode."""

    policy_sha256: str | None = None
    """The policy that decided; None for pass marks."""

    weight: float = 1.0
    """The weight of the policy point that this request ran by (the propensity of the hashed mix)."""

    next_usd: float | None = None
    """What asking the next rung would have cost, in US dollars, where an answer was accepted below the top: an estimate
    by its price, from the tokens of the accepted answer; None where that is not known, and at the top."""

    error: str | None = None
    """The error message; None without error."""

    skipped: Mapping[str, str] = EMPTY
    """Rungs that were not asked since they cannot answer such a request, and what each lacks: `images`, `window`,
    `allow:region` (it may not see requests with such a tag), `session_floor` (a higher one made the tool calls that the
    request goes on with), …"""

    flags: tuple[str, ...] = ()
    """Remarks: `uncalibrated`, `top_failed`, `capability:…` and `allow:…` (what skipped rungs lack), `session_floor`,
    `session_floor_unknown` (this process does not know which rung made its tool calls), `session_limit` (the session is
    longer than the certificate is about), `certificate_refuted` (the top serves the task), `capped:global` or
    `capped:principal` (the cap reached), `budget:…` (the budget spent), …"""

    tags: Mapping[str, str] = field(default_factory=dict)
    """The request's own labels."""

    @property
    def cost_usd(self) -> float:
        """What all calls cost, in US dollars: answers and verifiers, failed tries included."""
        return self.answers_usd + self.verifiers_usd

    @property
    def answers_usd(self) -> float:
        """The part of the cost that rungs' own calls took."""
        return sum(attempt.answer_usd for attempt in self.attempts)

    @property
    def verifiers_usd(self) -> float:
        """The part of the cost that verifiers' calls took."""
        return sum(attempt.verifiers_usd for attempt in self.attempts)

    @property
    def usage(self) -> Usage:
        """Tokens of all rungs' own calls (verifiers' calls are in the verdicts' costs only)."""
        return sum((attempt.usage for attempt in self.attempts), Usage())

    @property
    def accepted(self) -> bool:
        """True where the answer was accepted."""
        return self.outcome == "accepted"

    @property
    def escalated(self) -> bool:
        """True where the first answer was escalated for quality."""
        return bool(self.attempts) and self.attempts[0].decision.action == "escalate"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why each attempt ended as it did, one sentence each."""
        return tuple(
            f"{attempt.rung}: {attempt.decision.action} ({attempt.decision.reason})" for attempt in self.attempts
        )

    def explain(self, policy: Policy | None = None) -> Explanation:
        """Return why it ended so: each verdict with its part in the confidence, and what would have changed a decision.

        Args:
            policy: the policy that decided; None: this process knows it, if it has served by it.
        """
        attempts = tuple(_explained(self.attempts, position) for position in range(len(self.attempts)))
        given = Explanation(
            decision_id=self.decision_id, request_id=self.request_id, task=self.task, outcome=self.outcome,
            rung=self.rung, model=self.model, cost_usd=self.cost_usd, saved_usd=self.saved_usd, quality=self.quality,
            mode=self.mode, propensity=self.propensity, policy_sha256=self.policy_sha256, next_usd=self.next_usd,
            attempts=attempts,
        )  # fmt: skip
        return explain(given, policy or known_policy(self.policy_sha256))

    def __repr__(self) -> str:
        return shown(self)

    def __rich__(self) -> Any:
        """Show it in a terminal."""
        return result_sheet(self).rendered()

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return result_sheet(self).html()

    def require(self) -> Result[Parsed]:
        """Return this result if it was accepted.

        Raises:
            NotAccepted: it was not; the error carries the result.
        """
        if self.accepted:
            return self
        tried = "; ".join(self.reasons) or "no rung was asked"
        message = f"The request ended as {self.outcome}, not accepted: {tried}."
        raise NotAccepted(message, result=self)


def _explained(attempts: Sequence[Attempt], position: int) -> ExplainedAttempt:
    attempt = attempts[position]
    decision = attempt.decision
    return ExplainedAttempt(
        rung=attempt.rung, model=attempt.model, action=decision.action, reason=decision.reason,
        confidence=decision.confidence, threshold=decision.threshold, u=decision.u,
        failure=None if attempt.failure is None else attempt.failure.kind.value,
        verdicts=tuple(
            ExplainedVerdict(
                verifier=one.name, score=one.score, veto=one.veto, reason=one.reason, signals=dict(one.signals),
                cost_usd=one.cost_usd,
            )
            for one in attempt.verdicts
        ),
        features=features_at(attempts, position), answer_usd=attempt.answer_usd, verifiers_usd=attempt.verifiers_usd,
    )  # fmt: skip
