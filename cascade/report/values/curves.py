"""Curves: reliability, risk–coverage, threshold sweep and frontier, filled from a log or a calibration."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.report.values.figure import Figure

Place = tuple[float, float]
"""Mean cost per request in US dollars, and accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Bin of labelled answers with similar confidence."""

    confidence: float
    """Their mean confidence."""
    accuracy: Figure
    """Their accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Reliability diagram of one rung: accuracy by confidence; on the diagonal it is calibrated."""

    rung: str
    """The rung."""
    n: int
    """Labelled answers with a confidence; vetoed ones have none."""
    ece: float | None
    """Expected calibration error (ECE) over these bins; None if not computed."""
    bins: tuple[Bin, ...]
    """Bins of about equal count, by rising confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Selective risk at one coverage: the error among the most confident answers of a rung."""

    coverage: float
    """Coverage: share of answers accepted."""
    error: Figure
    """Selective risk: the share of them that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCoverage:
    """Risk–coverage curve of one rung."""

    rung: str
    """The rung."""
    n: int
    """Labelled answers with a confidence."""
    kept: tuple[Kept, ...]
    """By rising coverage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Result of one threshold."""

    threshold: float
    """The confidence below which answers escalate."""
    escalation_rate: float
    """Escalation rate."""
    accuracy: Figure
    """Accuracy of the returned answers."""
    error_accepted: float | None
    """Error among accepted answers; None if none is accepted."""
    cost_usd: float | None
    """Mean cost per request; None if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Threshold sweep of a rung, if the rest escalates directly to the reference."""

    rung: str
    """The rung of the threshold."""
    reference: str
    """The reference rung."""
    n: int
    """Number of requests on which both are labelled."""
    chosen: float | None
    """The latest threshold in use."""
    settings: tuple[Setting, ...]
    """By rising escalation rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One alternative, with its cost and accuracy."""

    name: str
    """Name: this cascade, always NAME."""
    cost_usd: float
    """Mean cost per request."""
    accuracy: Figure
    """Accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Cost–quality frontier: all alternatives together."""

    n: int
    """Number of labelled requests behind the curves; alternatives have their own n."""
    chosen: Alternative | None
    """This cascade."""
    singles: tuple[Alternative, ...]
    """Each rung alone, cheapest first."""
    cascades: tuple[Place, ...] = ()
    """Other thresholds."""
    random_mix: tuple[Place, ...] = ()
    """Random mix of rungs: the baseline without verifiers."""
    oracle: tuple[Place, ...] = ()
    """Oracle: stops at a right answer; the upper bound."""


NO_FRONTIER = Frontier(n=0, chosen=None, singles=())
"""Empty frontier, without labels."""
