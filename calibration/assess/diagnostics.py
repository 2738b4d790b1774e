"""Diagnostics of a ladder as arrays: reliability, risk–coverage, threshold sweep, and the cost–quality frontier.

All confidences are out of fold, so that no row is ranked by a fit that saw its label. Arrays are read-only and thinned
to at most 201 points; a chart needs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from calibration.arrays import Flags, Floats
from calibration.assess.frontier import Frontier, draw_frontier
from calibration.samples.table import Table
from calibration.stats.measures import aurc, brier, ece
from cascade.stats.intervals import mean_interval

POINTS = 201
"""The most points of a curve."""

BINS = 10
"""Bins of equal count in a reliability curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Reliability curve: accuracy by confidence; the diagonal is perfect calibration (Murphy & Winkler 1977)."""

    confidence: Floats
    """Mean confidence of each bin, (B,), rising."""

    accuracy: Floats
    """Mean correctness of each bin, (B,)."""

    low: Floats
    """Lower end of its 90 % interval, (B,)."""

    high: Floats
    """Upper end, (B,)."""

    n: Floats
    """Labelled answers of each bin, (B,)."""

    ece: float | None
    """Expected calibration error, 15 bins."""

    brier: float | None
    """Brier score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCoverage:
    """Risk–coverage curve: error among the most confident answers by their share (El-Yaniv & Wiener 2010, JMLR 11)."""

    coverage: Floats
    """Share of answers accepted, (P,), rising to 1."""

    risk: Floats
    """Mean error among them, (P,)."""

    aurc: float | None
    """Area under the curve; 0 is perfect, the error rate is chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Threshold sweep of one rung: figures of each threshold if the rest escalates to the reference."""

    rate: Floats
    """Escalation rate, (P,), 0 to 1."""

    threshold: Floats
    """The confidence below which answers escalate, (P,)."""

    accuracy: Floats
    """Accuracy of the served answers, (P,)."""

    error_accepted: Floats
    """Error among the accepted answers, (P,); NaN where none is accepted."""

    cost_usd: Floats
    """Mean cost of a request, verifiers of this rung included, in US dollars, (P,); NaN where not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All diagnostics of one task."""

    task: str
    """The task."""

    n: int
    """Rows labelled on every rung."""

    reliability: Mapping[str, Reliability]
    """By rung below the top."""

    risk_coverage: Mapping[str, RiskCoverage]
    """By rung below the top."""

    sweeps: Mapping[str, Sweep]
    """By rung below the top."""

    frontier: Frontier | None
    """Cost against quality; None if costs are not known."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; None stands for NaN."""
        found: dict[str, Any] = plain(self)
        return found


def diagnose(table: Table, held_out: Mapping[str, ArrayLike]) -> Diagnosis:
    """Compute all diagnostics of one task.

    Args:
        table: the labelled samples of one task.
        held_out: out-of-fold confidences of every rung below the top, (n,) each, as `hold_out` gives them.
    """
    confidences = {rung: np.asarray(held_out[rung], dtype=np.float64) for rung in table.rungs[:-1]}
    rows: Flags = np.all(table.present & ~np.isnan(table.correct), axis=1)
    reliability, curves, sweeps = {}, {}, {}
    for k, rung in enumerate(table.rungs[:-1]):
        own = table.present[:, k] & ~np.isnan(table.correct[:, k])
        if own.any():
            # A vetoed answer has confidence 0 by rule, not by estimate: it would distort the lowest bin.
            free = own & ~table.vetoed[:, k]
            reliability[rung] = draw_reliability(confidences[rung][free], table.correct[free, k])
            curves[rung] = draw_risk_coverage(confidences[rung][own], table.correct[own, k])
        if rows.any():
            sweeps[rung] = draw_sweep(table, rung, confidences[rung], rows)
    return Diagnosis(
        task=table.task,
        n=int(rows.sum()),
        reliability=reliability,
        risk_coverage=curves,
        sweeps=sweeps,
        frontier=draw_frontier(table, confidences, rows),
    )


def draw_reliability(confidences: Floats, correct: Floats) -> Reliability:
    """Return the reliability curve: mean confidence and accuracy of bins of equal count; ties share a bin.

    Args:
        confidences: in [0, 1], (n,).
        correct: in [0, 1], (n,).
    """
    shares = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
    edges: Floats = np.unique(np.quantile(confidences, shares)) if len(confidences) else np.empty(0)
    bins = np.searchsorted(edges, confidences, side="right")
    present = np.unique(bins)
    ends = [mean_interval(correct[bins == b]) or (0.0, 1.0) for b in present]
    return Reliability(
        confidence=_fixed([confidences[bins == b].mean() for b in present]),
        accuracy=_fixed([correct[bins == b].mean() for b in present]),
        low=_fixed([low for low, _ in ends]),
        high=_fixed([high for _, high in ends]),
        n=_fixed([np.sum(bins == b) for b in present]),
        ece=ece(confidences, correct),
        brier=brier(confidences, correct),
    )


def draw_risk_coverage(confidences: Floats, correct: Floats) -> RiskCoverage:
    """Return the risk–coverage curve: error among the k most confident answers for all k, ties averaged; (n,) each."""
    n = len(confidences)
    wrong = np.cumsum(by_confidence(confidences, 1.0 - correct)[::-1])
    at = _thinned(n)
    return RiskCoverage(
        coverage=_fixed((at + 1) / n), risk=_fixed(wrong[at] / (at + 1)), aurc=aurc(confidences, correct)
    )


def draw_sweep(table: Table, rung: str, confidences: Floats, rows: Flags) -> Sweep:
    """Return the threshold sweep of a rung on `rows` (n,), ties averaged; forced rows escalate first."""
    k, n = table.rungs.index(rung), int(rows.sum())
    c = np.where(table.forced[rows, k], -1.0, confidences[rows])
    own, top = table.correct[rows, k], table.correct[rows, -1]
    kept, gone = by_confidence(c, own), by_confidence(c, top)
    served = own.sum() + np.concatenate([[0.0], np.cumsum(gone - kept)])
    stays = own.sum() - np.concatenate([[0.0], np.cumsum(kept)])
    paid = table.answer_usd[rows, -1] + table.verifier_usd[rows, -1]
    spent = np.concatenate([[0.0], np.cumsum(by_confidence(c, paid))])
    spent = spent + (table.answer_usd[rows, k] + table.verifier_usd[rows, k]).sum()
    at = _thinned(n + 1)
    left = n - at
    return Sweep(
        rate=_fixed(at / n),
        threshold=_fixed(np.clip(np.append(np.sort(c), 1.0)[at], 0.0, 1.0)),
        accuracy=_fixed(served[at] / n),
        error_accepted=_fixed(np.where(left > 0, 1.0 - stays[at] / np.maximum(left, 1), np.nan)),
        cost_usd=_fixed(spent[at] / n),
    )


def by_confidence(confidences: Floats, figures: Floats) -> Floats:
    """Return figures (n,) by rising confidence, those of one confidence replaced by their mean."""
    _, level = np.unique(confidences, return_inverse=True)
    means = np.bincount(level, weights=figures) / np.maximum(np.bincount(level), 1)
    return np.asarray(means[np.sort(level)])


def plain(value: Any) -> Any:
    """Return a value of this module as plain JSON: arrays as lists, NaN as None."""
    if isinstance(value, np.ndarray):
        return [None if not np.isfinite(number) else float(number) for number in value]
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    return value


def _thinned(n: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    return np.unique(np.linspace(0, n - 1, min(n, POINTS)).round().astype(np.intp))


def _fixed(values: ArrayLike) -> Floats:
    found = np.array(values, dtype=np.float64)
    found.setflags(write=False)
    return found
