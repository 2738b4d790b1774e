"""Tally: mergeable counts of one task, from a log or a replay."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from cascade.log.void_rows import VoidRows
from cascade.report.values.case import MOST_CASES, Case


def seconds() -> array[float]:
    """Return an empty column of numbers, 8 bytes each."""
    return array("d")


class Mergeable:
    """A tally to which another of its kind can be added, field by field."""

    __slots__ = ()

    def add(self, other: Self) -> None:
        """Add what `other` counted; `other` is not changed."""
        for item in fields(self):  # type: ignore[arg-type]  # every tally is a dataclass
            mine, theirs = getattr(self, item.name), getattr(other, item.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif isinstance(mine, dict):
                for key, value in theirs.items():
                    if key not in mine:
                        mine[key] = type(value)()
                    mine[key].add(value)
            elif isinstance(mine, array):
                mine.extend(theirs)
            elif isinstance(mine, Mergeable):
                mine.add(theirs)
            else:
                setattr(self, item.name, max(mine, theirs) if item.name == "last_ms" else mine + theirs)


@dataclass(slots=True)
class Rate(Mergeable):
    """Counts for an escalation rate."""

    n: int = 0
    first_answered: int = 0
    escalated: int = 0
    cost_usd: float = 0.0
    last_ms: int = 0
    """When the last one ended, in Unix milliseconds."""


@dataclass(slots=True)
class Against(Mergeable):
    """Decisions with a known or estimated cost of the reference."""

    n: int = 0
    cost: float = 0.0
    top: float = 0.0
    cost_cost: float = 0.0
    top_top: float = 0.0
    cost_top: float = 0.0
    noise: float = 0.0
    """Sum of the expected squared errors of the estimates in `top`."""


@dataclass(slots=True)
class Period(Mergeable):
    """Decisions of one day or hour under one policy."""

    n: int = 0
    first_answered: int = 0
    escalated: int = 0
    cost_usd: float = 0.0
    verifiers_usd: float = 0.0
    fruitless_usd: float = 0.0
    """Cost of decisions that ended without an answer or were cancelled: no saving."""
    maybe_charged_usd: float = 0.0
    """Upper bound of the unknown cost of tries without an answer."""
    maybe_charged_estimate_usd: float = 0.0
    """Expected value of that unknown cost."""
    against: Against = field(default_factory=Against)


@dataclass(slots=True)
class Part(Mergeable):
    """Decisions that share one value of a tag, principal or another column."""

    n: int = 0
    first_answered: int = 0
    escalated: int = 0
    cost_usd: float = 0.0
    told_cost_usd: float = 0.0
    top_usd: float = 0.0
    labelled: int = 0
    correct: float = 0.0
    squares: float = 0.0


@dataclass(slots=True)
class Judged(Mergeable):
    """Labelled answers of one rung that have a confidence, among decisions that one rung answered; columns (n,)."""

    confidence: array[float] = field(default_factory=seconds)
    correct: array[float] = field(default_factory=seconds)


@dataclass(slots=True)
class Joint(Mergeable):
    """Requests on which the same rungs are labelled, among decisions that one rung answered."""

    confidence: array[float] = field(default_factory=seconds)
    """Confidence of the first rung's answer, (n,); below 0 if it was escalated regardless of confidence."""
    correct: array[float] = field(default_factory=seconds)
    """Row by row, (n · rungs,)."""


@dataclass(slots=True)
class Course(Mergeable):
    """Outcomes of the first answers under one policy, in order; columns (n,)."""

    at_ms: array[int] = field(default_factory=lambda: array("q"))
    escalated: array[int] = field(default_factory=lambda: array("b"))


@dataclass(slots=True)
class ConfidenceTally(Mergeable):
    """Confidences and lengths of the first rung's answers, by policy and share of requests; columns (n,)."""

    at_ms: array[int] = field(default_factory=lambda: array("q"))
    confidence: array[float] = field(default_factory=seconds)
    length: array[float] = field(default_factory=seconds)
    """log(1 + characters)."""
    group: array[int] = field(default_factory=lambda: array("q"))
    """A hash of the request's group; 0 without one."""


@dataclass(slots=True)
class Best(Mergeable):
    """Top-k requests by a key."""

    cases: list[tuple[float, Case]] = field(default_factory=list)

    def add(self, other: Self) -> None:
        """Keep the first of both."""
        self.cases = sorted([*self.cases, *other.cases], key=lambda each: (each[0], each[1].decision_id))[:MOST_CASES]


@dataclass(slots=True)
class RungTally(Mergeable):
    """One rung's attempts."""

    n: int = 0
    positions: int = 0
    """Sum of its positions among a request's attempts: orders rungs without a policy."""
    models: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Reasons of escalations."""
    failures: Counter[str] = field(default_factory=Counter)
    answers_usd: float = 0.0
    """Latencies of its own calls, including failed ones."""
    answered_usd: float = 0.0
    """Latencies of answered calls."""
    verifiers_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    latencies: array[float] = field(default_factory=seconds)


@dataclass(slots=True)
class VerifierTally(Mergeable):
    """One verifier's verdicts on one rung."""

    n: int = 0
    places: int = 0
    """Sum of its positions in the stack."""
    scored: int = 0
    score: float = 0.0
    abstained: int = 0
    vetoed: int = 0
    failed: int = 0
    cost_usd: float = 0.0
    calls: int = 0
    scores: array[float] = field(default_factory=seconds)
    """Scores of labelled answers; a veto is 0."""
    correct: array[float] = field(default_factory=seconds)
    """The labels, in the same order."""


@dataclass(slots=True)
class LabelTally(Mergeable):
    """Labelled answers of one rung, among decisions with the same answering rung and the same action."""

    n: int = 0
    correct: float = 0.0
    squares: float = 0.0
    spent_above_usd: float = 0.0
    """Sum of correctness times the cost of later attempts."""
    spent_wrongly_usd: float = 0.0
    """Sum of error times the cost of the whole request."""


@dataclass(slots=True)
class Spent(Mergeable):
    """Cost of one model or verifier."""

    calls: int = 0
    usd: float = 0.0


@dataclass(slots=True)
class Threshold(Mergeable):
    """Latest threshold of the first rung."""

    at_ms: int = -1
    t: float | None = None

    def add(self, other: Self) -> None:
        """Keep the later one."""
        if other.at_ms > self.at_ms:
            self.at_ms, self.t = other.at_ms, other.t


@dataclass(slots=True)
class ProxyTally(Mergeable):
    """Returned answers of one rung in order: one verifier's score, and the label; NaN if absent."""

    scores: array[float] = field(default_factory=seconds)
    correct: array[float] = field(default_factory=seconds)


LabelKey = tuple[str, str | None, str | None]
"""Key: labelled rung, returned rung, action on the labelled answer (None if the rung was not called)."""


@dataclass(slots=True)
class ModeTally(Mergeable):
    """Decisions of one mode."""

    n: int = 0
    cost_usd: float = 0.0
    cost_squares: float = 0.0
    latencies: array[float] = field(default_factory=seconds)


@dataclass(slots=True)
class ObservedTally(Mergeable):
    """Observations, each weighted by 1 / its propensity; squares are those of weighted values."""

    n: int = 0
    weight: float = 0.0
    weight_squares: float = 0.0
    escalated: float = 0.0
    escalated_squares: float = 0.0
    same: float = 0.0
    same_squares: float = 0.0
    cost: float = 0.0
    top: float = 0.0
    cost_cost: float = 0.0
    top_top: float = 0.0
    cost_top: float = 0.0
    paid_usd: float = 0.0
    latencies: array[float] = field(default_factory=seconds)
    dropped: Counter[str] = field(default_factory=Counter)
    """Requests that were drawn and not observed, by reason."""


@dataclass(slots=True)
class WatchTally(Mergeable):
    """The stream that watches a certificate, one entry a row; NaN where it is not known."""

    at_ms: array[float] = field(default_factory=seconds)
    """When it was served, Unix milliseconds."""
    same: array[float] = field(default_factory=seconds)
    """1 where the reference gave the same answer, else 0."""
    by_reference: array[float] = field(default_factory=seconds)
    """1 where the reference's own answer was served, else 0."""
    served: array[float] = field(default_factory=seconds)
    """The label of the served answer."""
    reference: array[float] = field(default_factory=seconds)
    """The label of the reference's answer."""
    group: array[int] = field(default_factory=lambda: array("q"))
    """A hash of the request's group; 0 without one."""


@dataclass(slots=True)
class Tally(Mergeable):
    """One task."""

    n: int = 0
    calibrated: int = 0
    first_answered: int = 0
    escalated: int = 0
    cost_usd: float = 0.0
    cost_squares: float = 0.0
    answers_usd: float = 0.0
    verifiers_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    modes: dict[str, ModeTally] = field(default_factory=dict)
    """By mode."""
    observed: ObservedTally = field(default_factory=ObservedTally)
    flags: Counter[str] = field(default_factory=Counter)
    """Decisions that carry each flag."""
    saved_how: Counter[str] = field(default_factory=Counter)
    against: Against = field(default_factory=Against)
    policies: dict[str | None, Rate] = field(default_factory=dict)
    """By sha256."""
    answered_by: Counter[str | None] = field(default_factory=Counter)
    """Decisions by the rung whose answer was returned."""
    rungs: dict[str, RungTally] = field(default_factory=dict)
    verifiers: dict[tuple[str, str], VerifierTally] = field(default_factory=dict)
    """By rung and verifier."""
    steps: dict[tuple[int, str | None], Period] = field(default_factory=dict)
    """By number of the day or hour since 1970, and policy sha256."""
    label_days: Counter[int] = field(default_factory=Counter)
    """Labels given, by number of the day since 1970."""
    labels: dict[LabelKey, LabelTally] = field(default_factory=dict)
    proxies: dict[tuple[str, str], ProxyTally] = field(default_factory=dict)
    """By answering rung and verifier, where answers are labelled."""
    latencies: array[float] = field(default_factory=seconds)
    spending: dict[tuple[str, str], Spent] = field(default_factory=dict)
    """By kind (model, verifier) and name."""
    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    """By grouping (a tag, principal, quality) and value."""
    judged: dict[tuple[str, str | None], Judged] = field(default_factory=dict)
    """By labelled rung and returned rung."""
    joint: dict[tuple[str | None, tuple[str, ...]], Joint] = field(default_factory=dict)
    """By returned rung and labelled rungs."""
    cases: dict[str, Best] = field(default_factory=dict)
    """By kind of case."""
    threshold: Threshold = field(default_factory=Threshold)
    courses: dict[str | None, Course] = field(default_factory=dict)
    """By policy sha256."""
    watched: dict[str | None, WatchTally] = field(default_factory=dict)
    """By policy sha256."""
    confidences: dict[tuple[str | None, float], ConfidenceTally] = field(default_factory=dict)
    """By policy sha256, and the share of requests that it decided."""
    void: tuple[VoidRows, ...] = ()
    """What the log holds of void policies, the latest of each last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Promise of a policy for one task, from the log or a policy file."""

    reference: str | None = None
    """The reference rung."""
    rungs: tuple[str, ...] = ()
    """The policy's ladder, cheapest first."""
    target: Mapping[str, Any] = field(default_factory=dict)
    """Target."""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """Measurements of the calibration."""
    certificate: Mapping[str, Any] = field(default_factory=dict)
    """Certificate, or the reason for none; empty for aims."""
    error_usd: float = 0.0
    """Root mean squared error of the estimated reference cost per request."""
    confidences: Mapping[str, Any] = field(default_factory=dict)
    """The first rung's confidences on samples that nothing was fitted on; empty if the policy keeps none."""
    lengths: Mapping[str, Any] = field(default_factory=dict)
    """The lengths of the first rung's answers on these, log(1 + characters); empty if the policy keeps none."""
    tasks: int = 1
    """Certified tasks of the policy, over which a watched certificate divides its error probability."""

    @property
    def band(self) -> tuple[float, float] | None:
        """Calibrated interval of the first rung's rate; None if absent."""
        measured = self.measured.get("escalation_rate")
        low, high = (measured.get(end) if isinstance(measured, Mapping) else None for end in ("low", "high"))
        if not isinstance(low, int | float) or not isinstance(high, int | float) or not 0.0 <= low <= high <= 1.0:
            return None
        return float(low), float(high)

    @property
    def rate(self) -> float | None:
        """Target escalation rate of the first rung, else the expected one; None if absent."""
        measured = self.measured.get("escalation_rate")
        measured = measured if isinstance(measured, Mapping) else {}
        promised = measured.get("expected", measured.get("value"))
        if self.target.get("kind") == "escalation_rate":
            asked = self.target.get("value")
            promised = asked[0] if isinstance(asked, list | tuple) and asked else asked
        return float(promised) if isinstance(promised, int | float) else None


Promises = dict[tuple[str | None, str], Promise]
"""By policy sha256 and task."""


def together(tallies: Iterable[Tally]) -> Tally:
    """Add up the tallies of several tasks."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def tally_by_task() -> defaultdict[str, Tally]:
    """Return a defaultdict of tallies by task."""
    return defaultdict(Tally)
