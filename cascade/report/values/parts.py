"""Parts of a report: rung, verifier, policy, time step, slice and segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cascade.exchange import EMPTY
from cascade.report.values.figure import NO_FIGURE, NO_QUANTILES, Figure, Quantiles
from cascade.report.values.renewal import Renewal
from cascade.stats.watched_certificate import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """Wrong decisions about one rung's answers, by labels."""

    share: Figure = NO_FIGURE
    """Share of the labelled decisions of that kind; fractional labels count in proportion."""

    usd: float | None = None
    """Their cost in US dollars, extrapolated from labelled decisions to all of that kind; None without labels."""


NO_MISTAKES = Mistakes()
"""Mistakes without labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungReport:
    """One rung."""

    rung: str
    """Its name."""
    models: tuple[str, ...] = ()
    """Its models, the most used first."""
    reached: int = 0
    """Requests that reached it."""
    answered: int = 0
    """Requests that it answered."""
    accepted: int = 0
    """Answers that were accepted."""
    escalated: int = 0
    """Answers escalated for quality."""
    failed_over: int = 0
    """Requests that failed over to the next rung."""
    stopped: int = 0
    """Requests that stopped here without an accepted answer."""
    escalation_rate: Figure = NO_FIGURE
    """Escalated of answered; 0 at the top."""
    reach: float | None = None
    """Reached, as a share of all requests."""
    accuracy: Figure = NO_FIGURE
    """Accuracy of its labelled answers, returned or not."""
    right_but_escalated: Mistakes = NO_MISTAKES
    """Escalated although right; the dollars are the avoidable cost above it."""
    wrong_but_accepted: Mistakes = NO_MISTAKES
    """Accepted although wrong; the dollars are the cost of those requests."""
    latency_s: Quantiles = NO_QUANTILES
    """Latency of its call and its verifiers' calls."""
    answers_usd: float = 0.0
    """Cost of its own calls."""
    verifiers_usd: float = 0.0
    """Cost of its verifiers' calls."""
    input_tokens: int = 0
    """Tokens of its own calls."""
    output_tokens: int = 0
    """Tokens of its own calls."""
    reasons: Mapping[str, int] = EMPTY
    """Escalation reasons, the most frequent first."""
    failures: Mapping[str, int] = EMPTY
    """Kinds of its calls' failures, the most frequent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierReport:
    """One verifier on one rung."""

    rung: str
    """The rung's name."""
    verifier: str
    """The verifier's name."""
    n: int = 0
    """Verdicts."""
    mean_score: float | None = None
    """Over verdicts with a score."""
    abstained: float | None = None
    """Abstention rate: neither a score nor a veto."""
    vetoed: float | None = None
    """Veto rate."""
    failed: float | None = None
    """Share of abstentions because the verifier failed or timed out."""
    cost_usd: float = 0.0
    """Cost of its calls."""
    calls: int = 0
    """Model calls that it made."""
    auroc: Figure = NO_FIGURE
    """AUROC on labelled answers; a veto counts as score 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleReport:
    """Single-model baseline: one rung alone on the same requests."""

    rung: str
    """Its name."""
    accuracy: Figure = NO_FIGURE
    """Accuracy, weighted by answering rung, since labels may not be distributed like traffic."""
    cost_usd_per_request: float | None = None
    """Mean cost of its answers; for the reference, the estimate behind the savings; None without answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HullReport:
    """The cascade against the mix of single models that has its cost, where every rung is labelled."""

    n: int
    """Requests compared."""
    mix: Mapping[str, float]
    """Share of the requests that each rung gets in that mix; empty where every model costs more than the cascade."""
    mix_usd_per_request: float | None
    """What the mix costs; at most what the cascade does."""
    mix_accuracy: float | None
    """Its accuracy, weighted by answering rung."""
    lead: Figure
    """Accuracy of the mix less that of the cascade, paired by request; above 0 where the cascade is below the hull."""
    below: bool | None
    """True where the cascade is below the hull, False where it is above, None where these labels do not tell."""
    loss: Figure
    """Accuracy of the reference less that of the cascade, paired by request; above 0 where the cascade is worse."""
    better_than_reference: str | None
    """A rung that is significantly more accurate than the reference, the best of them; None if there is none."""
    better_by: Figure = NO_FIGURE
    """By how much, in accuracy; its interval is corrected for the number of rungs (Bonferroni)."""


ESCALATION, CONFIDENCES, LENGTHS, SAMENESS = "escalation rate", "confidences", "lengths", "sameness"
"""Names of the streams that are watched for drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftStream:
    """One stream that is watched for drift without labels."""

    name: str
    """What is watched: `escalation rate`, `confidences`, `lengths` (of the first rung's answers), `sameness`."""
    n: int
    """Its rows: requests, or, but for the rate, one of each session."""
    alarm_at: str | None = None
    """Time of its alarm, UTC, ISO 8601; None if none."""
    alarm_after: int | None = None
    """Number of its rows before the alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What traffic shows, without labels, against the samples of a policy."""

    streams: tuple[DriftStream, ...]
    """Those that can be watched."""
    unwatched: bool
    """Whether the policy keeps no confidences of its samples, so that these are not watched."""

    @property
    def alarm(self) -> DriftStream | None:
        """The stream that alarmed first; None if none did."""
        raised = [one for one in self.streams if one.alarm_at is not None]
        return min(raised, key=lambda one: str(one.alarm_at), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUse:
    """Promise and outcome of one policy for a task."""

    sha256: str | None = None
    """Digest of the policy; None for pass marks."""
    n: int = 0
    """Decisions under it."""
    escalation_rate: Figure = NO_FIGURE
    """Observed escalation rate."""
    target: Mapping[str, Any] = EMPTY
    """Target: {"kind": …, "value": …}; empty if the log does not have the policy."""
    certificate: Mapping[str, Any] = EMPTY
    """Certificate with its assumptions, or the reason for none; empty for aims."""
    borrowed: Mapping[str, Any] = EMPTY
    """Partial pooling: data from other tasks, {"tasks", "n", "rows"}; empty if only its own samples were used."""
    promised: float | None = None
    """Target or expected escalation rate."""
    low: float | None = None
    """Calibrated interval of the true rate, lower bound."""
    high: float | None = None
    """The same, upper bound."""
    on_target: bool | None = None
    """Whether `promised` is in the observed interval; None without a promise."""
    alarm_at: str | None = None
    """Time of the first drift alarm, UTC, ISO 8601; None if none. The tests are valid after every request, with an
    average of 20,000 requests or more between false alarms of all of them (`cascade.stats.change_detector`)."""
    alarm_after: int | None = None
    """Number of rows of its stream before the alarm."""
    drift: Drift | None = None
    """What its streams show without labels; None where it promises nothing that could be compared with."""
    watch: Watch | None = None
    """What watching shows about its certificate; None where nothing is certified."""
    renewal: Renewal | None = None
    """Where it stands for a policy that is void: why, and how far the renewal has come; None where it does not."""

    @property
    def missed(self) -> bool:
        """Whether the rate is off target beyond chance: its interval has no part in that of the samples either."""
        rate = self.escalation_rate
        if self.on_target is not False or rate.low is None or rate.high is None:
            return False
        return self.low is None or self.high is None or rate.low > self.high or rate.high < self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class PpiEstimate:
    """Prediction-powered accuracy of all returned answers, from few labels and all scores; None without data."""

    value: float | None = None
    """The estimate."""
    low: float | None = None
    """Lower bound of its asymptotic interval, which certifies nothing."""
    high: float | None = None
    """Upper bound."""
    n: int = 0
    """Answers."""
    n_labelled: int = 0
    """Number of labelled answers."""
    label_worth: float | None = None
    """Relative efficiency: labels without scores that give the precision of one label here."""
    proxies: Mapping[str, str] = EMPTY
    """Verifier whose scores were used, by answering rung; a rung without one is missing."""
    method: str = "PPI++, asymptotic"
    """Method of estimation."""


NO_PPI_ESTIMATE = PpiEstimate()
"""Empty estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """Savings against always asking the reference."""

    usd: float | None = None
    """Total saving, over the requests with an estimate."""
    share: Figure = NO_FIGURE
    """Saving as a share of always-top's cost; negative if the cascade is dearer."""
    how: Mapping[str, int] = EMPTY
    """Source of always-top's cost, in requests: top answered, fitted on samples, token counts, unknown."""


NO_SAVINGS = Savings()
"""Savings without requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One day or hour."""

    at: str
    """When it began, UTC, ISO 8601."""
    n: int
    """Requests that ended in it."""
    escalation_rate: Figure
    """Of the first rung."""
    cost_usd: float
    """Answers and verifiers."""
    verifiers_usd: float = 0.0
    """Part of it for verifiers."""
    target: float | None = None
    """Target rate of the policies in use, weighted by decisions; None if one has no target."""
    alarm: bool = False
    """True if the rate's interval is outside of the promised band, jointly for all steps (Bonferroni)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Net saving of one calendar month."""

    at: str
    """Its year and number, UTC: 2027-01."""
    n: int
    """Requests that ended in it."""
    cost_usd: float
    """Cost of answers and verifiers (judges are verifiers)."""
    verifiers_usd: float
    """Part of it for verifiers."""
    top_usd: float
    """Estimated cost of always asking the reference, over the requests with an estimate."""
    fruitless_usd: float
    """Cost of requests without an answer; subtracted in full."""
    maybe_charged_usd: float
    """Upper bound of the unknown cost of tries without an answer; not subtracted."""
    maybe_charged_estimate_usd: float
    """Expected value of that unknown cost; not subtracted."""
    labels: int
    """Labels given in it."""
    labels_usd: float
    """Their cost, if a label's price was given; subtracted."""
    net_usd: Figure
    """Net saving with its interval; n is the number of requests with an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Cost of one model, verifier, or value of a tag."""

    by: str
    """model, verifier, principal, quality or a tag's name."""
    name: str
    """Which one."""
    n: int
    """Calls of a model or verifier, else requests."""
    usd: float
    """Their cost."""
    share: float | None
    """Share of the total cost of models and verifiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Slice: a subgroup of the requests compared with all."""

    by: str
    """Grouping: a tag's name, principal or quality."""
    value: str
    """Its value."""
    measure: str
    """escalation rate, or error (of the labelled answers that were returned)."""
    figure: Figure
    """Its interval is exact (Clopper and Pearson) and corrected for all slices and measures (Bonferroni): all of them
    hold jointly at the report's level."""
    whole: float
    """The same over all requests of the task."""
    worse: bool
    """True if the value of all requests is below the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Segment: the requests with one value of a tag, principal, session, model or rung."""

    value: str | None
    """The value; None for requests without one."""
    n: int
    """Requests."""
    escalation_rate: Figure
    """Of the first rung."""
    cost_usd: float
    """Answers and verifiers."""
    cost_usd_per_request: float
    """The mean."""
    cost_vs_top: float | None
    """Cost as a share of always-top's; None if unknown."""
    accuracy: Figure
    """Of the labelled answers that were returned."""
