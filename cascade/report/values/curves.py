"""Curves: reliability, risk–coverage, threshold sweep and frontier, as values that a log or a calibration fills in."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.report.values.figure import Figure

Place = tuple[float, float]
"""Mean cost of a request in US dollars, and accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Labelled answers of about one confidence."""

    confidence: float
    """Their mean confidence."""
    accuracy: Figure
    """How many of them were right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How right one rung's answers of a confidence are; on the diagonal the confidence is true."""

    rung: str
    """Whose answers."""
    n: int
    """Labelled answers with a confidence; vetoed ones have none."""
    ece: float | None
    """Expected calibration error, over these bins; None where it was not computed."""
    bins: tuple[Bin, ...]
    """Of about equal count, by rising confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The error among the most confident answers of one rung."""

    coverage: float
    """Share of answers kept."""
    error: Figure
    """The share of them that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCoverage:
    """What keeping more answers of one rung costs in errors."""

    rung: str
    """Whose answers."""
    n: int
    """Labelled answers with a confidence."""
    kept: tuple[Kept, ...]
    """By rising coverage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What one threshold gives."""

    threshold: float
    """The confidence below which answers escalate."""
    escalation_rate: float
    """The share that does."""
    accuracy: Figure
    """Of the answers returned."""
    error_accepted: float | None
    """Of those that stay; None where none does."""
    cost_usd: float | None
    """Mean cost of a request; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What each threshold of a rung gives if the rest goes straight to the reference."""

    rung: str
    """Whose threshold."""
    reference: str
    """Where the rest goes."""
    n: int
    """Requests on which both are labelled."""
    chosen: float | None
    """The threshold that served last."""
    settings: tuple[Setting, ...]
    """By rising escalation rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One way of answering, with what it costs and how often it is right."""

    name: str
    """In words: this cascade, always NAME."""
    cost_usd: float
    """Mean cost of a request."""
    accuracy: Figure
    """How often it is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Cost against quality, all ways beside each other."""

    n: int
    """Labelled requests behind the curves; the alternatives say their own."""
    chosen: Alternative | None
    """This cascade."""
    singles: tuple[Alternative, ...]
    """Each rung alone, cheapest first."""
    cascades: tuple[Place, ...] = ()
    """What other thresholds would give."""
    random_mix: tuple[Place, ...] = ()
    """One rung or another by lot: what needs no verifier."""
    oracle: tuple[Place, ...] = ()
    """Stopping where the answer is right: nobody can be better."""


NO_FRONTIER = Frontier(n=0, chosen=None, singles=())
"""Where nothing is labelled."""


def hull(places: list[Place]) -> tuple[Place, ...]:
    """Return the upper concave hull by rising cost: between two of its points a mix by lot gives all of the line."""
    kept: list[Place] = []
    for place in sorted(places, key=lambda each: (each[0], -each[1])):
        if kept and place[1] <= kept[-1][1]:
            continue
        while len(kept) >= 2 and _below(kept[-2], kept[-1], place):
            kept.pop()
        kept.append(place)
    return tuple(kept)


def _below(a: Place, b: Place, c: Place) -> bool:
    """Tell whether b lies on or below the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])
