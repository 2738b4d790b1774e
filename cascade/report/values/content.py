"""Report: what a report says, as frozen values; to_json() is what `cascade report --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cascade.exchange import EMPTY
from cascade.report.values.case import Case
from cascade.report.values.curves import NO_FRONTIER, Frontier, Reliability, RiskCoverage, Sweep
from cascade.report.values.figure import NO_FIGURE, NO_QUANTILES, Figure, Quantiles, plain
from cascade.report.values.parts import (
    NO_SAVINGS,
    NO_SHARPENED,
    Month,
    PolicyUse,
    RungReport,
    Savings,
    Segment,
    Sharpened,
    SingleReport,
    Slice,
    Spending,
    Step,
    VerifierReport,
)

ByTime = Literal["day", "hour"]
"""How wide the steps of a series are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """One task, or all of them."""

    n: int = 0
    """Decisions."""
    n_labelled: int = 0
    """Decisions whose returned answer is labelled."""
    outcomes: Mapping[str, int] = EMPTY
    """How they ended, the most frequent first."""
    calibrated: float | None = None
    """Share that a fitted policy decided."""
    escalation_rate: Figure = NO_FIGURE
    """Of the first rung: left upwards for quality, of those that it answered."""
    reach: tuple[float, ...] = ()
    """Share of requests that get to each of `rungs`."""
    policies: tuple[PolicyUse, ...] = ()
    """The last used first."""
    rungs: tuple[RungReport, ...] = ()
    """Cheapest first."""
    reference: str | None = None
    """The rung that cost and accuracy are held against: the policy's, else the highest that was asked."""
    accuracy: Figure = NO_FIGURE
    """Of the labelled answers that were returned."""
    accuracy_weighted: Figure = NO_FIGURE
    """The same, weighted by the rungs that answered: what `singles` are compared with."""
    accuracy_sharpened: Sharpened = NO_SHARPENED
    """Of all answers that were returned, by labels of some and a judge's scores of all: asymptotic, not exact."""
    accuracy_top: float | None = None
    """Of the reference on the same requests, weighted alike; None where labels of it are missing."""
    accuracy_accepted: Figure = NO_FIGURE
    """Of the labelled answers that were accepted below the top."""
    error_accepted: float | None = None
    """1 less that: what `MaxError` bounds."""
    singles: tuple[SingleReport, ...] = ()
    """Each rung alone, where it is labelled on requests of every kind."""
    best_single: str | None = None
    """The most accurate of them, the cheapest of equals."""
    dominated_by: str | None = None
    """A single rung that is at least as accurate and no dearer; None: there is none, or it cannot be told."""
    cost_usd: float = 0.0
    """Answers and verifiers."""
    answers_usd: float = 0.0
    """What the rungs' own calls cost."""
    verifiers_usd: float = 0.0
    """What the verifiers' calls cost."""
    cost_usd_per_request: float | None = None
    """The mean; its interval is that of `cost`."""
    cost: Figure = NO_FIGURE
    """Cost per request with its interval."""
    cost_vs_top: float | None = None
    """Cost as a share of always-top's; its interval is that of `saved`."""
    verifier_cost_usd_per_request: float | None = None
    """The mean, part of the cost."""
    saved: Savings = NO_SAVINGS
    """Against always asking the reference."""
    input_tokens: int = 0
    """Of the rungs' own calls."""
    output_tokens: int = 0
    """Of the rungs' own calls."""
    latency_s: Quantiles = NO_QUANTILES
    """From call to result."""
    verifiers: tuple[VerifierReport, ...] = ()
    """By rung, in the order in which they run."""
    reasons: Mapping[str, int] = EMPTY
    """Why answers were escalated, on any rung, the most frequent first."""
    failures: Mapping[str, int] = EMPTY
    """Kinds of calls' failures, the most frequent first."""
    series: tuple[Step, ...] = ()
    """By day or hour, the earliest first; steps without requests are left out."""
    months: tuple[Month, ...] = ()
    """What each calendar month saved, the earliest first."""
    spending: tuple[Spending, ...] = ()
    """By model, verifier, and the values of each tag, the dearest of each first; at most ten of each."""
    slices: tuple[Slice, ...] = ()
    """The ten that stand out most, the worst first."""
    slices_n: int = 0
    """Intervals that `slices` were chosen from; their level is divided by it."""
    reliability: tuple[Reliability, ...] = ()
    """Rung by rung, where confidences are labelled."""
    risk_coverage: tuple[RiskCoverage, ...] = ()
    """Rung by rung, where confidences are labelled."""
    sweep: Sweep | None = None
    """Other thresholds of the first rung, where it and the reference are labelled on the same requests."""
    frontier: Frontier = NO_FRONTIER
    """Cost against quality."""
    cases: Mapping[str, tuple[Case, ...]] = EMPTY
    """Requests worth a look, by what makes them so: closest to the threshold, costliest, wrong but accepted."""
    findings: tuple[str, ...] = ()
    """What is unusual and what to do about it, in sentences."""


NO_TASK = TaskReport()
"""Where nothing was logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report says; every estimate with its n and its interval at `level`."""

    source: str
    """The log it was read from."""
    since: str | None = None
    """UTC, ISO 8601; None: from the beginning."""
    until: str | None = None
    """UTC, ISO 8601, not included; None: to the end."""
    level: float = 0.9
    """Of every interval."""
    by_time: ByTime = "day"
    """How wide the steps of each series are."""
    label_usd: float | None = None
    """What one label is said to cost; None: it was not said, and labels are counted only."""
    total: TaskReport = NO_TASK
    """All tasks together, without what only makes sense for one (target, single rungs)."""
    tasks: Mapping[str, TaskReport] = field(default_factory=dict)
    """By task name."""
    by: str | None = None
    """What the segments are by."""
    segments: tuple[Segment, ...] = ()
    """The dearest first."""
    segments_left_out: int = 0
    """Segments beyond the thousand dearest."""
    lost: int = 0
    """Decisions that could not be logged, as far as the log knows."""
    ambiguous: int = 0
    """Calls that were begun and whose end nobody knows (their process was killed): they may have been billed."""
    ambiguous_usd: float = 0.0
    """What these may have cost at most; in no other figure here."""
    implausible: int = 0
    """Answered calls whose reported usage or cost cannot be true: our own figures were booked for them."""
    findings: tuple[str, ...] = ()
    """What is unusual, over all tasks; each task's begin with its name."""

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        content: dict[str, Any] = plain(self)
        return content

    def __rich__(self) -> Any:
        """Show it in a terminal."""
        from cascade.report.tables.text import rendered

        return rendered(self)

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        from cascade.report.tables.notebook import report_sheet

        return report_sheet(self).html()
