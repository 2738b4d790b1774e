"""Report: its content as frozen dataclasses; `to_json()` is the output of `cascade report --json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cascade.exchange import EMPTY
from cascade.report.values.case import Case
from cascade.report.values.curves import NO_FRONTIER, Frontier, Reliability, RiskCoverage, Sweep
from cascade.report.values.figure import NO_FIGURE, NO_QUANTILES, Figure, Quantiles, plain
from cascade.report.values.observed import NO_OBSERVED, ModeReport, Observed
from cascade.report.values.parts import (
    NO_PPI_ESTIMATE,
    NO_SAVINGS,
    HullReport,
    Month,
    PolicyUse,
    PpiEstimate,
    RungReport,
    Savings,
    Segment,
    SingleReport,
    Slice,
    Spending,
    Step,
    VerifierReport,
)

ByTime = Literal["day", "hour"]
"""Step width of a series."""


Tone = Literal["plain", "good", "bad", "none"]
"""How a figure is to be read, always shown in words too; `none`: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A report in one line."""

    text: str = ""
    """The line: saving, promise, rate, added time, how much there is to do."""
    tone: Tone = "plain"
    """How it is to be read: bad where quality is worse than the reference beyond its interval, or money is lost."""
    to_do: int = 0
    """Number of findings, footnotes left out."""


NO_LINE = Line()
"""Line of an empty report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """Report of one task, or of all tasks."""

    n: int = 0
    """Decisions."""
    n_labelled: int = 0
    """Number of decisions with a labelled returned answer."""
    outcomes: Mapping[str, int] = EMPTY
    """Counts by outcome, the most frequent first."""
    calibrated: float | None = None
    """Share decided by a fitted policy, of those that the cascade decided."""
    escalation_rate: Figure = NO_FIGURE
    """Escalation rate of the first rung: escalated for quality, as a share of its answers."""
    reach: tuple[float, ...] = ()
    """Share of requests that reach each of `rungs`."""
    policies: tuple[PolicyUse, ...] = ()
    """The last used first."""
    rungs: tuple[RungReport, ...] = ()
    """Cheapest first."""
    reference: str | None = None
    """Reference rung for cost and accuracy: the policy's, else the highest rung called."""
    accuracy: Figure = NO_FIGURE
    """Accuracy of the labelled returned answers."""
    accuracy_weighted: Figure = NO_FIGURE
    """The same, weighted by answering rung; `singles` are compared with it."""
    accuracy_sharpened: PpiEstimate = NO_PPI_ESTIMATE
    """Prediction-powered accuracy of all returned answers, from some labels and a judge's scores: asymptotic."""
    accuracy_top: float | None = None
    """Accuracy of the reference on the same requests, weighted alike; None if its labels are missing."""
    accuracy_accepted: Figure = NO_FIGURE
    """Accuracy of the labelled answers accepted below the top."""
    error_accepted: float | None = None
    """1 minus that: the error bounded by `MaxError`."""
    singles: tuple[SingleReport, ...] = ()
    """Each rung alone, if labelled in every stratum."""
    best_single: str | None = None
    """The most accurate of them; ties go to the cheapest."""
    hull: HullReport | None = None
    """Against the hull of single models and their mixes; None without enough requests with every rung labelled."""
    dominated_by: str | None = None
    """A single rung that is at least as accurate and no dearer; None if absent or unknown."""
    cost_usd: float = 0.0
    """Cost of answers and verifiers."""
    answers_usd: float = 0.0
    """Cost of the rungs' own calls."""
    verifiers_usd: float = 0.0
    """Cost of the verifiers' calls."""
    cost_usd_per_request: float | None = None
    """The mean; its interval is that of `cost`."""
    cost: Figure = NO_FIGURE
    """Cost per request with its interval."""
    cost_vs_top: float | None = None
    """Cost as a share of always-top's; its interval is that of `saved`."""
    verifier_cost_usd_per_request: float | None = None
    """The mean, part of the cost."""
    saved: Savings = NO_SAVINGS
    """Saving against always asking the reference."""
    input_tokens: int = 0
    """Tokens of the rungs' own calls."""
    output_tokens: int = 0
    """Tokens of the rungs' own calls."""
    latency_s: Quantiles = NO_QUANTILES
    """Latency from call to result."""
    verifiers: tuple[VerifierReport, ...] = ()
    """By rung, in order of execution."""
    reasons: Mapping[str, int] = EMPTY
    """Escalation reasons on any rung, the most frequent first."""
    failures: Mapping[str, int] = EMPTY
    """Kinds of calls' failures, the most frequent first."""
    series: tuple[Step, ...] = ()
    """By day or hour, the earliest first; steps without requests are left out."""
    months: tuple[Month, ...] = ()
    """Saving of each calendar month, the earliest first."""
    spending: tuple[Spending, ...] = ()
    """By model, verifier, and the values of each tag, the dearest of each first; at most ten of each."""
    slices: tuple[Slice, ...] = ()
    """The ten worst slices, the worst first."""
    slices_n: int = 0
    """Number of intervals that `slices` were chosen from (Bonferroni correction)."""
    confidence_means: str | None = None
    """What its confidences are the probability of: `P(right)`, `P(same)` or `P(no harm)`; several policies that differ
    in it are named together. None without a policy."""
    reliability: tuple[Reliability, ...] = ()
    """By rung, where confidences are labelled."""
    risk_coverage: tuple[RiskCoverage, ...] = ()
    """By rung, where confidences are labelled."""
    sweep: Sweep | None = None
    """Other thresholds of the first rung, where it and the reference are labelled on the same requests."""
    frontier: Frontier = NO_FRONTIER
    """Cost against quality."""
    cases: Mapping[str, tuple[Case, ...]] = EMPTY
    """Requests to inspect, by kind: closest to the threshold, costliest, wrong but accepted."""
    modes: tuple[ModeReport, ...] = ()
    """Requests that the cascade decided, beside those that it observed; empty where nothing was observed."""
    observed: Observed = NO_OBSERVED
    """What the cascade would have done with observed requests."""
    flags: Mapping[str, int] = EMPTY
    """Decisions by flag, the most frequent first: what was not checked (`unchecked:…`), languages that no verifier
    reads, rungs that were skipped, tolerance that reading took, and what else was odd."""
    added_p50_s: float | None = None
    """Median latency less that of the reference alone: of the observed requests where there are any, else of the calls
    that reached the reference; None with fewer than 20 of these."""
    added_p95_s: float | None = None
    """The same of the 95 % quantile."""
    findings: tuple[str, ...] = ()
    """Findings with their remedies, as sentences, ordered by what is at stake."""
    notes: tuple[str, ...] = ()
    """Footnotes: findings with nothing to do."""


NO_TASK = TaskReport()
"""Empty report of a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Content of a report; every estimate has its n and its confidence interval at `level`."""

    source: str
    """The log it was read from."""
    since: str | None = None
    """Start, UTC, ISO 8601; None for the beginning."""
    until: str | None = None
    """End, exclusive, UTC, ISO 8601; None for no limit."""
    level: float = 0.9
    """Confidence level of every interval."""
    by_time: ByTime = "day"
    """Step width of each series."""
    label_usd: float | None = None
    """Cost of one label in US dollars; None if labels are only counted."""
    total: TaskReport = NO_TASK
    """All tasks together, without what only makes sense for one (target, single rungs)."""
    tasks: Mapping[str, TaskReport] = field(default_factory=dict)
    """By task name."""
    by: str | None = None
    """Grouping of the segments."""
    segments: tuple[Segment, ...] = ()
    """The dearest first."""
    segments_left_out: int = 0
    """Number of segments beyond the thousand dearest."""
    lost: int = 0
    """Number of decisions that could not be logged, as recorded by the log."""
    ambiguous: int = 0
    """Ambiguous calls: in flight when their process was killed; they may have been billed."""
    ambiguous_usd: float = 0.0
    """Upper bound of their cost in US dollars; in no other figure here."""
    implausible: int = 0
    """Number of calls with implausible reported usage or cost; our own estimate was booked."""
    line: Line = NO_LINE
    """The report in one line."""
    findings: tuple[str, ...] = ()
    """Findings over all tasks, ordered by what is at stake; of several tasks, each starts with its task's name."""
    notes: tuple[str, ...] = ()
    """Footnotes: findings with nothing to do."""

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
