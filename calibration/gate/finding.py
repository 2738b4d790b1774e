"""Gate findings: every figure with its confidence bounds, its outcome against the limit, and the samples missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from calibration.arrays import Floats
from calibration.stats.margin import Groups, Margin, bound_mean, bound_money
from calibration.stats.risk import sign_test
from calibration.stats.sample_size import size_for_mean, size_for_share
from calibration.thresholds.hull import Baseline
from cascade.errors import ConfigError
from cascade.exchange import EMPTY

Kind = Literal[
    "min_accuracy",
    "max_loss",
    "max_error",
    "max_disagreement",
    "max_cost",
    "escalation_tolerance",
    "max_drop",
    "min_scored",
]

MEANINGS: dict[Kind, str] = {
    "min_accuracy": "accuracy of the served answers",
    "max_loss": "accuracy lost against always asking the reference",
    "max_error": "error among the answers accepted below the top",
    "max_disagreement": "share of answers that are not the same as the reference's",
    "max_cost": "mean cost of a request in US dollars, verifiers included",
    "escalation_tolerance": "escalation rate of the first rung, compared with the policy's own target",
    "max_drop": "accuracy lost against the baseline policy on the same samples",
    "min_scored": "share of answers scored by a verifier that the policy reads",
}
"""The figure that each kind limits."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One limit on one figure."""

    kind: Kind
    """Which figure."""

    limit: float
    """Its limit: shares in [0, 1], US dollars for max_cost. A tolerance is on both sides of the target."""

    dimension: str | None = None
    """The dimension of the labels; None: `correct` as it stands. Of min_scored: the verifier and its rung."""

    def __post_init__(self) -> None:
        """Validate kind, limit and dimension."""
        if self.dimension is not None and self.kind in {"max_cost", "escalation_tolerance", "max_disagreement"}:
            message = f"The criterion {self.kind} has no labels; leave out the dimension {self.dimension!r}."
            raise ConfigError(message)
        dollars = self.kind == "max_cost"
        usable = not isinstance(self.limit, bool) and isinstance(self.limit, int | float) and math.isfinite(self.limit)
        if self.kind not in MEANINGS:
            message = f"The criterion is {self.kind!r}; one of {', '.join(MEANINGS)} was expected."
            raise ConfigError(message)
        if not usable or self.limit < 0.0 or (not dollars and self.limit > 1.0):
            expected = "US dollars, 0 or more," if dollars else "a number in [0, 1], such as 0.02 for 2 points,"
            message = f"The limit of {self.kind} is {self.limit!r}; {expected} was expected."
            raise ConfigError(message)


_NO_DROP = 5e-4
"""Greatest drop that is none: bounds of a loss are found to within 1e-4."""

Outcome = Literal["pass", "fail", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PpiEstimate:
    """A PPI++ estimate of a figure, from few labels and a proxy's scores of all rows."""

    proxy: str
    """The verifier whose scores are used."""

    value: float
    """The estimate."""

    low: float
    """Lower bound, one-sided at the level of passing; asymptotic."""

    high: float
    """Upper bound."""

    n: int
    """Rows."""

    n_labelled: int
    """Labelled rows among them."""

    label_worth: float
    """Labels without the proxy that carry the information of one with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Outcome of one criterion on one task."""

    task: str
    """The task."""

    criterion: Criterion
    """The criterion."""

    margin: Margin
    """The figure with its bounds at the level of passing, each end one-sided."""

    target: float | None
    """The target rate of a tolerance; None for other kinds."""

    outcome: Outcome
    """pass: the limit holds, with the confidence asked for. fail: it is broken, likewise. undecided: neither."""

    more_samples: int | None
    """Approximate further samples for a decision with power .8, if the figure stays as it is.

    None if decided, or if no number suffices.
    """

    note: str | None = None
    """A remark for the reader; None if none is needed."""

    slice: str | None = None
    """The value of the tag that it is about; None: all requests of the task."""

    holds_by_name: bool | None = None
    """Of a slice: whether it passes at δ over the number of slices too, so that it may be named as one that does."""

    sharpened: PpiEstimate | None = None
    """The PPI++ estimate of the same figure; reported, but never decides, since it is asymptotic."""

    @property
    def shows_nothing(self) -> bool:
        """Whether it passes only since no drop is shown: without a margin, "not worse" is never shown."""
        high = self.margin.high
        free = self.criterion.kind == "max_drop" and self.criterion.limit == 0.0
        return free and self.outcome == "pass" and (high is None or high > _NO_DROP)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        margin = asdict(self.margin)
        del margin["spread"]
        return {
            "task": self.task,
            "criterion": self.criterion.kind,
            "dimension": self.criterion.dimension,
            "slice": self.slice,
            "holds_by_name": self.holds_by_name,
            "limit": self.criterion.limit,
            "target": self.target,
            "outcome": self.outcome,
            "shows_nothing": self.shows_nothing,
            "more_samples": self.more_samples,
            "note": self.note,
            "sharpened": None if self.sharpened is None else asdict(self.sharpened),
            **margin,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Outcome of all criteria on all tasks."""

    findings: tuple[Finding, ...]
    """By task, criteria in the order given."""

    confidence: float
    """Confidence of a pass, and of a fail for all figures together."""

    warnings: tuple[str, ...] = ()
    """Warnings for the user."""

    baselines: Mapping[str, Baseline] = EMPTY
    """Each task's policy against the hull of single models; it is told first, and decides nothing."""

    @property
    def first(self) -> tuple[str, ...]:
        """What is to be said first, by task: that a policy is below the hull, that the reference is not the best."""
        return tuple(f"{name}: {said}" for name, one in self.baselines.items() for said in one.sentences)

    @property
    def outcome(self) -> Outcome:
        """Fail if any finding fails, else undecided if any is, else pass."""
        found = {finding.outcome for finding in self.findings}
        return "fail" if "fail" in found else "undecided" if "undecided" in found else "pass"

    def to_json(self) -> dict[str, Any]:
        """Return the gate as `check --json` prints it."""
        return {
            "outcome": self.outcome,
            "confidence": self.confidence,
            "levels": "pass: each figure at 1 − confidence, all must pass; fail: 1 − confidence over the figures",
            "findings": [finding.to_json() for finding in self.findings],
            "single_models": {name: one.to_json() for name, one in self.baselines.items()},
            "warnings": list(self.warnings),
        }


def judge_figure(
    task: str,
    criterion: Criterion,
    values: Floats,
    groups: Groups | None,
    *,
    delta: float,
    delta_fail: float,
    target: float | None = None,
) -> Finding:
    """Compare the confidence bounds of one figure with one limit.

    Args:
        task: its task.
        criterion: the limit.
        values: the figure of each row, (n,), without NaN.
        groups: the rows' groups (n); None: all are independent.
        delta: the level of passing.
        delta_fail: the level of failing.
        target: the target rate of a tolerance.
    """
    low = -1.0 if criterion.kind in {"max_loss", "max_drop"} else 0.0
    if criterion.kind == "max_cost":
        margin, strict = bound_money(values, delta, groups), bound_money(values, delta_fail, groups)
    else:
        limit = criterion.limit if low < 0.0 else None
        margin = bound_mean(values, delta, low=low, groups=groups, limit=limit)
        strict = margin
        if delta_fail != delta:
            strict = bound_mean(values, delta_fail, low=low, groups=groups, limit=limit)
    floor, ceiling = _limits(criterion, target)
    note: str | None = None
    if margin.value is None or margin.low is None or margin.high is None:
        outcome: Outcome = "undecided"
        note = "no row has the data of this figure" if not margin.n else "a single row has no interval"
    elif margin.low >= floor and margin.high <= ceiling:
        outcome = "pass"
    elif _beyond(strict, floor, ceiling):
        outcome = "fail"
    else:
        outcome = "undecided"
    if criterion.kind == "max_drop" and criterion.limit == 0.0 and outcome != "pass" and margin.high is not None:
        # No number of rows shows "not worse at all": with no margin, only a proven drop fails.
        fails = outcome == "fail" or (groups is None and sign_test(values) <= delta_fail)
        outcome = "fail" if fails else "pass"
        note = None if fails else f"no drop is shown; one of up to {margin.high:.1%} is not excluded"
    if criterion.kind == "max_cost" and outcome == "pass":
        note = "not certified: a cost that was not seen may be of any size, so this bound is approximate"
    if margin.method == "grouped":
        worth = f"rows share groups: {margin.n_effective:,.0f} effective independent rows"
        note = worth if note is None else f"{note}; {worth}"
    undecided = outcome == "undecided" and margin.value is not None
    return Finding(
        task=task,
        criterion=criterion,
        margin=margin,
        target=target,
        outcome=outcome,
        more_samples=_missing(margin, floor, ceiling, delta, delta_fail) if undecided else None,
        note=note,
    )


def _limits(criterion: Criterion, target: float | None) -> tuple[float, float]:
    """Return the floor and ceiling of the true figure."""
    if criterion.kind == "escalation_tolerance":
        aim = target or 0.0
        return aim - criterion.limit, aim + criterion.limit
    return (criterion.limit, math.inf) if criterion.kind.startswith("min_") else (-math.inf, criterion.limit)


def _beyond(strict: Margin, floor: float, ceiling: float) -> bool:
    return (strict.high is not None and strict.high < floor) or (strict.low is not None and strict.low > ceiling)


def _missing(margin: Margin, floor: float, ceiling: float, delta: float, delta_fail: float) -> int | None:
    """Return the approximate number of further samples that would decide, if the figure stays as it is."""
    value = margin.value or 0.0
    inside = floor <= value <= ceiling
    level = delta if inside else delta_fail
    # Inside, both limits must be cleared, so the nearer one counts; outside, the broken one.
    limit = min((end for end in (floor, ceiling) if math.isfinite(end)), key=lambda end: abs(end - value))
    if margin.method == "binomial" and 0.0 <= limit <= 1.0:
        size = size_for_share(value, limit, level)
    else:
        size = size_for_mean(value - limit, margin.spread, level)
    if size is None:
        return None
    return max(1, math.ceil(size * margin.n / max(1.0, margin.n_effective)) - margin.n)
