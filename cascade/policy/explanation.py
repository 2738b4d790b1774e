"""Explanation: why one request ended as it did, attempt by attempt; made of names and numbers alone, without texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cascade.display.explanation import explanation_sheet
from cascade.errors import ConfigError
from cascade.policy.flip import Flip, smallest_flip
from cascade.policy.operating_point import OperatingPoint, Threshold
from cascade.policy.policy import Policy

BY_CONFIDENCE = ("confidence", "tie")
"""Reasons of decisions that a threshold made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedVerdict:
    """One verdict, and what it added to the confidence."""

    verifier: str
    """The verifier's name."""

    score: float | None
    """In [0, 1]; None: it abstained, or vetoed."""

    veto: bool
    """Whether it vetoed."""

    reason: str
    """Its reason; texts of prompts and answers are left out where the log stores none."""

    signals: Mapping[str, float | None] = field(default_factory=dict)
    """Its further signals, by name."""

    cost_usd: float = 0.0
    """What it cost, in US dollars."""

    log_odds: float | None = None
    """What its score and signals added to the confidence, in log-odds; None where no combiner read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedAttempt:
    """One rung that was asked, and the decision on its answer."""

    rung: str
    """The rung."""

    model: str
    """Its model."""

    action: str
    """accept, escalate, fail_over or stop."""

    reason: str
    """The decision's reason, as in the log."""

    why: str = ""
    """The reason in a sentence."""

    would: str = ""
    """What would have turned the decision, in a sentence."""

    flip: Flip | None = None
    """The smallest change of one signal that would have turned it; None where no threshold decided, no single signal
    can, or the combiner is not known."""

    confidence: float | None = None
    """The combined probability, of what `Explanation.confidence_means` says; None without a combiner."""

    threshold: Threshold | None = None
    """The threshold; None where none decided."""

    u: float | None = None
    """The hashed draw that would break a tie, in [0, 1)."""

    failure: str | None = None
    """The kind of failure; None: it answered."""

    verdicts: tuple[ExplainedVerdict, ...] = ()
    """In the order in which they were given."""

    features: Mapping[str, float | None] | None = None
    """What the combiner saw, by name; None without answer."""

    contributions: Mapping[str, float] = field(default_factory=dict)
    """What each of its features added, in log-odds; empty where the combiner is not known."""

    intercept: float | None = None
    """The combiner's log-odds without any feature."""

    answer_usd: float = 0.0
    """What the answer cost, in US dollars, failed tries included."""

    verifiers_usd: float = 0.0
    """What its verdicts cost."""

    next_rung: str | None = None
    """The next rung; None at the top, and where it is not known."""

    next_usd: float | None = None
    """What the next rung cost, or, where it was not asked, would have cost by its price for the accepted answer's
    tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why one request ended as it did. It shows itself in a terminal and in a notebook."""

    decision_id: str
    """The decision's id in the log."""

    request_id: str
    """The request's id, which hashed choices use."""

    task: str
    """The task."""

    outcome: str
    """How it ended."""

    rung: str | None
    """The rung whose answer was returned."""

    model: str | None
    """Its model."""

    cost_usd: float
    """What it cost, in US dollars, verifiers included."""

    saved_usd: float | None = None
    """Always-top's cost less this; None where it is not known."""

    quality: str | None = None
    """The operating point asked for; None: the policy's own."""

    mode: str = "enforce"
    """enforce, or observe: the top answered, and the cascade was looked at afterwards."""

    propensity: float = 1.0
    """The probability of this mode; of an observation, that of being observed."""

    policy_sha256: str | None = None
    """The policy; None: pass marks decided."""

    next_usd: float | None = None
    """What the next rung would have cost; None at the top, and where it is not known."""

    confidence_means: str | None = None
    """What confidences are the probability of: `P(right)`, `P(same)` or `P(no harm)`; None where the policy is not
    known."""

    attempts: tuple[ExplainedAttempt, ...] = ()
    """Every rung that was asked, in order."""

    notes: tuple[str, ...] = ()
    """What cannot be said, and why."""

    observed: Explanation | None = None
    """What the cascade would have done, where the top answered and the request was observed."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    def __rich__(self) -> Any:
        """Show it in a terminal."""
        return explanation_sheet(self).rendered()

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return explanation_sheet(self).html()


def explain(given: Explanation, policy: Policy | None) -> Explanation:
    """Return an explanation with what follows from its policy: contributions, what would have turned each decision.

    Args:
        given: what was decided.
        policy: the policy that decided; None: it is not known, or pass marks decided.
    """
    notes = list(given.notes)
    point = None if policy is None else _point(given, policy)
    if given.policy_sha256 is not None and policy is None:
        notes.append(
            f"The policy {given.policy_sha256[:12]}… is not at hand, so contributions and changes are not known; "
            "give it with policy=, or --policy FILE."
        )
    elif policy is not None and point is None and any(one.threshold is not None for one in given.attempts):
        notes.append("No operating point of the policy gives the logged confidences; contributions are not known.")
    attempts = tuple(_explained(given, position, point) for position in range(len(given.attempts)))
    task = None if policy is None else policy.tasks.get(given.task)
    means = None if task is None else task.confidence_means
    return replace(given, attempts=attempts, notes=tuple(notes), confidence_means=means)


def _point(given: Explanation, policy: Policy) -> OperatingPoint | None:
    """Return the operating point that gives the confidences that were logged."""
    task = policy.tasks.get(given.task)
    if task is None:
        return None
    try:
        own = task.at(given.quality)
    except ConfigError:
        return None
    hashed = own.point(salt=policy.salt, task=given.task, request_id=given.request_id)
    # An id that was redacted or shortened hashes to something else; what was logged tells which point it was.
    return next((point for point in (hashed, *own.points) if _fits(given, point)), None)


def _fits(given: Explanation, point: OperatingPoint) -> bool:
    thresholds = dict(zip(point.rungs, point.thresholds, strict=False))
    for attempt in given.attempts:
        if attempt.threshold is None or attempt.features is None:
            continue
        combiner = point.combiners.get(attempt.rung)
        if combiner is None or thresholds.get(attempt.rung) != attempt.threshold:
            return False
        vetoed = any(verdict.veto for verdict in attempt.verdicts)
        if not vetoed and combiner.confidence(attempt.features) != attempt.confidence:
            return False
    return True


def _explained(given: Explanation, position: int, point: OperatingPoint | None) -> ExplainedAttempt:
    attempt = given.attempts[position]
    combiner = None if point is None else point.combiners.get(attempt.rung)
    if combiner is not None and attempt.features is not None and attempt.confidence is not None:
        said = combiner.contributions(attempt.features)
        attempt = replace(
            attempt,
            contributions=said,
            intercept=combiner.intercept,
            verdicts=tuple(replace(one, log_odds=_of(one.verifier, said)) for one in attempt.verdicts),
        )
        if attempt.reason in BY_CONFIDENCE and attempt.threshold is not None and attempt.u is not None:
            flip = smallest_flip(combiner, attempt.features or {}, attempt.threshold, attempt.u)
            attempt = replace(attempt, flip=flip)
    above = given.attempts[position + 1] if position + 1 < len(given.attempts) else None
    next_rung, next_usd = None, given.next_usd
    if above is not None:
        next_rung, next_usd = above.rung, above.answer_usd + above.verifiers_usd
    elif point is not None and attempt.rung in point.rungs[:-1]:
        next_rung = point.rungs[point.rungs.index(attempt.rung) + 1]
    attempt = replace(attempt, next_rung=next_rung, next_usd=next_usd)
    return replace(attempt, why=_why(attempt), would=_would(attempt, known=combiner is not None))


def _of(verifier: str, contributions: Mapping[str, float]) -> float | None:
    own = [value for name, value in contributions.items() if name == verifier or name.startswith(f"{verifier}.")]
    return sum(own) if own else None


def _why(attempt: ExplainedAttempt) -> str:
    kind, _, name = attempt.reason.partition(":")
    if attempt.reason in BY_CONFIDENCE and attempt.threshold is not None:
        held, t, g, u = attempt.confidence or 0.0, attempt.threshold.t, attempt.threshold.g, attempt.u
        if attempt.reason == "tie" and u is not None:
            draw = f"the hashed draw {u:.4f} is {'below' if attempt.action == 'escalate' else 'not below'} {g:.4g}"
            return f"The confidence equals the threshold {t:.6g}, and {draw}."
        return f"The confidence {held:.6g} is {'below' if held < t else 'above'} the threshold {t:.6g}."
    if kind == "capped":
        return f"It was to be escalated ({name}), and the escalation cap was reached."
    known = {
        "veto": f"{name or 'A verifier'} vetoed it.",
        "required": f"{name} is required, and abstained.",
        "below": f"The score of {name} is below its pass mark.",
        "pass_marks": "Every score reaches its verifier's pass mark.",
        "unverifiable": "No verifier gave a score, so it was not accepted.",
        "finish_unknown": "Its finish reason is no known word; such an answer is never accepted below the top.",
        "top": "It is the last rung: its answer is returned unless vetoed.",
        "observed": "The top answers, as ever; the cascade is observed.",
        "availability": f"The rung failed: {attempt.failure}.",
        "tour": "The cascade would not have asked this rung.",
    }  # fmt: skip
    return known.get(kind, f"{attempt.reason}.")


def _most(attempt: ExplainedAttempt) -> str:
    """Return which signal spoke most for the decision, where no single one could have turned it."""
    sign = -1.0 if attempt.action == "escalate" else 1.0
    name, odds = max(attempt.contributions.items(), key=lambda one: sign * one[1], default=("", 0.0))
    if sign * odds <= 0.0:
        return ""
    against = "against it" if attempt.action == "escalate" else "for it"
    return f"; most {against} is {name} ({odds:+.3g} log-odds)"


def _would(attempt: ExplainedAttempt, *, known: bool) -> str:
    kind, _, name = attempt.reason.partition(":")
    turned = {"escalate": "kept it here", "accept": "escalated it"}.get(attempt.action, "")
    if not turned:
        return ""
    if attempt.flip is not None:
        flip = attempt.flip
        was = "missing" if flip.was is None else f"{flip.was:.6g}"
        size = "" if flip.sds is None else f" ({flip.sds:.2g} standard deviations)"
        return f"{flip.signal}: {was} → {flip.needed:.6g}{size} would have {turned}."
    if attempt.reason in BY_CONFIDENCE:
        return f"No change of a single signal would have {turned}{_most(attempt)}." if known else ""
    would = {
        "veto": f"Without the veto of {name} its confidence would have decided.",
        "required": f"A score of {name} would have let its confidence decide.",
        "below": f"A score of {name} at its pass mark would have {turned}, if no other is below.",
        "unverifiable": f"A score at a pass mark would have {turned}.",
    }
    return would.get(kind, "")
