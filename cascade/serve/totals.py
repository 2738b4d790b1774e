"""Totals: counters over decisions, from results or from a log; the source of all metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cascade.log.rows import now_ms
from cascade.policy.policy import Policy
from cascade.report.values.drift import SHARED_ARL
from cascade.result import Attempt, Result
from cascade.stats.rate_monitor import RateMonitor, null_band
from cascade.stats.watched_certificate import Watch

LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets of a rung's latency, in seconds."""

SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Upper bounds of the buckets of a verifier's score."""

RECENT = 1_000
"""Window of the realised escalation rate, in requests."""


@dataclass(slots=True, kw_only=True)
class Buckets:
    """A histogram."""

    bounds: Sequence[float]
    """Upper bounds, inclusive; one more bucket holds larger values."""

    counts: list[int] = field(default_factory=list)
    """Count per bucket, not cumulative."""

    total: float = 0.0
    """Their sum."""

    def __post_init__(self) -> None:
        """Start with empty buckets."""
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def add(self, value: float, times: int = 1) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def add_counts(self, counts: Iterable[int], total: float) -> None:
        """Count many at once."""
        self.counts = [have + more for have, more in zip(self.counts, counts, strict=True)]
        self.total += total


@dataclass(slots=True, kw_only=True)
class Course:
    """Escalation rate of one task over a sliding window, and its drift alarm."""

    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))
    """For each of the last requests, whether the first rung escalated for quality."""

    policy_sha256: str | None = None
    """Digest of the policy."""

    target: float | None = None
    """Target or expected escalation rate of this policy; None if absent."""

    monitor: RateMonitor | None = None
    """Rate monitor under this policy; None if the policy promises no rate."""


Promised = tuple[float, tuple[float, float] | None]
"""An escalation rate, and its calibrated interval."""


class Totals:
    """Counters; not thread-safe."""

    def __init__(self) -> None:
        self.decisions: Counter[tuple[str, str]] = Counter()
        """By task and outcome."""
        self.escalations: Counter[tuple[str, str, str]] = Counter()
        """Escalated answers, by task, rung and reason."""
        self.failures: Counter[tuple[str, str, str]] = Counter()
        """Calls that failed, tries included, by task, rung and kind."""
        self.usd: defaultdict[tuple[str, str], float] = defaultdict(float)
        """US dollars by task and part: answers, verifiers, maybe_charged, maybe_charged_estimate, saved."""
        self.tokens: Counter[tuple[str, str]] = Counter()
        """By task and direction: input, output."""
        self.latency: dict[tuple[str, str], Buckets] = {}
        """Seconds of a rung's call and its verifiers', by task and rung."""
        self.scores: dict[tuple[str, str, str], Buckets] = {}
        """By task, rung and verifier."""
        self.verdicts: Counter[tuple[str, str, str, str]] = Counter()
        """By task, rung, verifier and kind: scored, vetoed, abstained, failed."""
        self.courses: dict[str, Course] = {}
        """By task."""
        self.watches: dict[str, Watch] = {}
        """What watching shows about the latest certificate of each task; only a log tells."""
        self.drifted: dict[str, bool] = {}
        """Whether the first rung's confidences have an alarm, by task; only a log tells."""
        self.lost = 0
        """Decisions that could not be logged."""
        self.last_ms: int | None = None
        """When the last decision ended, Unix milliseconds."""
        self.promised: dict[tuple[str | None, str], Promised] = {}
        """Promised rates by policy sha256 and task."""

    def promise(self, policy: Policy) -> None:
        """Register the promised rates of a policy."""
        for name, task in policy.tasks.items():
            self.learn(policy.sha256, name, target=task.target, measured=task.measured)

    def learn(self, sha256: str | None, task: str, *, target: Any, measured: Any) -> None:
        """Register the promised rate of one policy for one task, from its target and measured figures."""
        rate = (measured or {}).get("escalation_rate") or {}
        expected, low, high = (rate.get(name) for name in ("expected", "low", "high"))
        asked = (target or {}).get("value") if (target or {}).get("kind") == "escalation_rate" else expected
        # A ladder of three has a target per rung: the first rung's is the task's.
        asked = asked[0] if isinstance(asked, list) and asked else asked
        if isinstance(asked, int | float) and 0.0 <= asked <= 1.0:
            interval = None
            if isinstance(low, int | float) and isinstance(high, int | float) and 0.0 <= low <= high <= 1.0:
                interval = (float(low), float(high))
            self.promised[sha256, task] = (float(asked), interval)

    def observe(self, result: Result[Any], *, at_ms: int | None = None) -> None:
        """Count one result.

        Args:
            result: the result.
            at_ms: when it ended, Unix milliseconds; None: now.
        """
        task = result.task
        self.decisions[task, result.outcome] += 1
        usage = result.usage
        self.tokens[task, "input"] += usage.input_tokens
        self.tokens[task, "output"] += usage.output_tokens
        parts = (
            ("answers", result.answers_usd), ("verifiers", result.verifiers_usd),
            ("maybe_charged", result.maybe_charged_usd),
            ("maybe_charged_estimate", result.maybe_charged_estimate_usd), ("saved", result.saved_usd or 0.0),
        )  # fmt: skip
        for part, usd in parts:
            self.usd[task, part] += usd
        for attempt in result.attempts:
            self._attempt(task, attempt)
        if result.attempts and result.attempts[0].response is not None:
            self.course(task, result.policy_sha256, [result.escalated])
        self.last_ms = max(self.last_ms or 0, now_ms() if at_ms is None else at_ms)

    def course(self, task: str, policy_sha256: str | None, escalated: Sequence[bool]) -> None:
        """Record the next escalation outcomes of a task under one policy, in order."""
        course = self.courses.setdefault(task, Course())
        if course.monitor is None or course.policy_sha256 != policy_sha256:
            course.policy_sha256 = policy_sha256
            promised = self.promised.get((policy_sha256, task))
            course.target = None if promised is None else promised[0]
            course.monitor = None if promised is None else RateMonitor(null_band(*promised), arl=SHARED_ARL)
        course.recent.extend(escalated)
        if course.monitor is not None:
            course.monitor.watch([float(one) for one in escalated])

    def rung_latency(self, task: str, rung: str) -> Buckets:
        """Return the histogram of one rung's latency."""
        return self.latency.setdefault((task, rung), Buckets(bounds=LATENCY_S))

    def verifier_scores(self, task: str, rung: str, verifier: str) -> Buckets:
        """Return the histogram of one verifier's scores."""
        return self.scores.setdefault((task, rung, verifier), Buckets(bounds=SCORES))

    def _attempt(self, task: str, attempt: Attempt) -> None:
        self.rung_latency(task, attempt.rung).add(attempt.latency_s)
        if attempt.decision.action == "escalate":
            self.escalations[task, attempt.rung, attempt.decision.reason] += 1
        if attempt.failure is not None:
            self.failures[task, attempt.rung, attempt.failure.kind.value] += 1
        for verdict in attempt.verdicts:
            key = (task, attempt.rung, verdict.name)
            if "verifier_failed" in verdict.flags:
                kind = "failed"
            else:
                kind = "vetoed" if verdict.veto else "abstained" if verdict.score is None else "scored"
            self.verdicts[(*key, kind)] += 1
            if verdict.score is not None:
                self.verifier_scores(*key).add(verdict.score)
