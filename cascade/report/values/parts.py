"""Parts of a report: what is said of one rung, verifier, policy, step of time or segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cascade.exchange import EMPTY
from cascade.report.values.figure import NO_FIGURE, NO_QUANTILES, Figure, Quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """Decisions about one rung's answers that labels show to be wrong."""

    share: Figure = NO_FIGURE
    """Of the labelled decisions of that kind; fractional labels count in proportion."""

    usd: float | None = None
    """US dollars that they cost, carried over from the labelled decisions to all of that kind; None: no labels."""


NO_MISTAKES = Mistakes()
"""Where nothing is labelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungReport:
    """One rung."""

    rung: str
    """Its name."""
    models: tuple[str, ...] = ()
    """The models it stood for, the most used first."""
    reached: int = 0
    """Requests that got to it."""
    answered: int = 0
    """Those to which it answered."""
    accepted: int = 0
    """Answers that were accepted."""
    escalated: int = 0
    """Answers that were left upwards for quality."""
    failed_over: int = 0
    """Requests that it left upwards because its provider failed."""
    stopped: int = 0
    """Requests that ended here without an accepted answer."""
    escalation_rate: Figure = NO_FIGURE
    """Escalated of answered; 0 at the top."""
    reach: float | None = None
    """Reached, as a share of all requests."""
    accuracy: Figure = NO_FIGURE
    """Of its labelled answers, whether they were returned or not."""
    right_but_escalated: Mistakes = NO_MISTAKES
    """Of its escalated answers: right, so the dollars spent above it on them were not needed."""
    wrong_but_accepted: Mistakes = NO_MISTAKES
    """Of its accepted answers: wrong; the dollars are what those requests cost."""
    latency_s: Quantiles = NO_QUANTILES
    """Of its call and its verifiers' calls."""
    answers_usd: float = 0.0
    """What its own calls cost."""
    verifiers_usd: float = 0.0
    """What its verifiers' calls cost."""
    input_tokens: int = 0
    """Of its own calls."""
    output_tokens: int = 0
    """Of its own calls."""
    reasons: Mapping[str, int] = EMPTY
    """Why answers were escalated, the most frequent first."""
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
    """Share that neither scored nor vetoed."""
    vetoed: float | None = None
    """Share that vetoed."""
    failed: float | None = None
    """Share that abstained because the verifier broke or did not finish."""
    cost_usd: float = 0.0
    """What its calls cost."""
    calls: int = 0
    """Model calls that it made."""
    auroc: Figure = NO_FIGURE
    """How well it tells right from wrong, where answers are labelled; a veto counts as score 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleReport:
    """What one rung alone would do on the same requests."""

    rung: str
    """Its name."""
    accuracy: Figure = NO_FIGURE
    """Weighted by the rungs that answered, so that labels need not be spread as traffic is."""
    cost_usd_per_request: float | None = None
    """Mean cost of its answers; for the reference, the estimate behind the savings; None: it never answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUse:
    """What one policy promised for a task, and what came under it."""

    sha256: str | None = None
    """None: pass marks, no policy."""
    n: int = 0
    """Decisions under it."""
    escalation_rate: Figure = NO_FIGURE
    """What came under it."""
    target: Mapping[str, Any] = EMPTY
    """What was asked for: {"kind": …, "value": …}; empty where the log does not know the policy."""
    certificate: Mapping[str, Any] = EMPTY
    """What was certified with its assumptions, or why not; empty for aims."""
    borrowed: Mapping[str, Any] = EMPTY
    """What other tasks lent to its rate: {"tasks", "n", "rows"}; empty where the task's own samples said it all."""
    promised: float | None = None
    """The escalation rate that was aimed at or expected."""
    low: float | None = None
    """The calibration's own interval for the true rate, lower end."""
    high: float | None = None
    """The same, upper end."""
    on_target: bool | None = None
    """Whether `promised` lies in the interval of what came; None where nothing was promised."""
    alarm_at: str | None = None
    """When the rate was noticed to have left its promise, UTC, ISO 8601: by a test that may be looked at after every
    request, with 20,000 requests on average between false alarms (`cascade.stats.rate_monitor`)."""
    alarm_after: int | None = None
    """After how many answers of the first rung under this policy that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpened:
    """How right all returned answers are, by few labels and scores of all; `value`, `low` and `high` may be None."""

    value: float | None = None
    """The estimate."""
    low: float | None = None
    """Lower end of its interval, which is asymptotic: it certifies nothing."""
    high: float | None = None
    """Upper end."""
    n: int = 0
    """Answers."""
    n_labelled: int = 0
    """Labelled ones among them."""
    label_worth: float | None = None
    """How many labels without a judge's scores tell as much as one of these."""
    proxies: Mapping[str, str] = EMPTY
    """Whose scores helped, by answering rung; a rung is missing where none did."""
    method: str = "PPI++, asymptotic"
    """How it was found."""


NO_SHARPENED = Sharpened()
"""Where nothing was estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """Cost held against always asking the reference."""

    usd: float | None = None
    """Saved in all, over the requests for which it can be told."""
    share: Figure = NO_FIGURE
    """Saved, as a share of what always-top costs; negative where the cascade is dearer."""
    how: Mapping[str, int] = EMPTY
    """How always-top's cost is known, in requests: top answered, fitted on samples, token counts, unknown."""


NO_SAVINGS = Savings()
"""Where nothing was asked."""


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
    """The part of it that verifiers took."""
    target: float | None = None
    """The rate that the policies in use aimed at, weighted by their decisions; None: not all of them promised one."""
    alarm: bool = False
    """True where the target lies outside the rate's interval, taken at a level for all steps together (Bonferroni)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What one calendar month saved, net of all that the log knows."""

    at: str
    """Its year and number, UTC: 2027-01."""
    n: int
    """Requests that ended in it."""
    cost_usd: float
    """What they cost: answers and verifiers (judges are verifiers)."""
    verifiers_usd: float
    """The part of it that verifiers took."""
    top_usd: float
    """What always asking the reference would have cost, over the requests for which it can be told."""
    fruitless_usd: float
    """What requests cost that ended without an answer; taken off in full."""
    maybe_charged_usd: float
    """What tries without an answer may have cost on top, at most; not taken off, since nobody knows."""
    maybe_charged_estimate_usd: float
    """What these have cost in the mean, by what such calls cost otherwise."""
    labels: int
    """Labels given in it."""
    labels_usd: float
    """What they cost, where a label's price was given; taken off."""
    net_usd: Figure
    """Saved, with its interval; its n says for how many requests it can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one model, verifier, or value of a tag cost."""

    by: str
    """model, verifier, principal, quality or a tag's name."""
    name: str
    """Which one."""
    n: int
    """Calls of a model or verifier, else requests."""
    usd: float
    """What they cost."""
    share: float | None
    """Of all that was spent on models and verifiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of the requests beside all of them."""

    by: str
    """What is divided by: a tag's name, principal or quality."""
    value: str
    """Its value."""
    measure: str
    """escalation rate, or error (of the labelled answers that were returned)."""
    figure: Figure
    """Its interval is exact (Clopper and Pearson) at a level divided over all slices and measures (Bonferroni), so that
    all of them hold together at the report's level."""
    whole: float
    """The same over all requests of the task."""
    worse: bool
    """True where the whole lies below the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The requests that share one value of a tag, principal, session, model or rung."""

    value: str | None
    """None: the requests that have none."""
    n: int
    """Requests."""
    escalation_rate: Figure
    """Of the first rung."""
    cost_usd: float
    """Answers and verifiers."""
    cost_usd_per_request: float
    """The mean."""
    cost_vs_top: float | None
    """Cost as a share of always-top's; None: it cannot be told."""
    accuracy: Figure
    """Of the labelled answers that were returned."""
