"""Measured figures of a task on pairs: those of recordings on the certifying rows, those of labels on the audit."""

from __future__ import annotations

from typing import Any

import numpy as np

from calibration.certify.certificate import Certificate
from calibration.fit.drift_samples import DriftSamples, held_samples
from calibration.fit.measured import describe_points, describe_use, measure_single, name_best
from calibration.fit.paired.fit import PairedOptions, PairedRows
from calibration.fit.reference_cost import fit_reference_cost
from calibration.fit.warnings import warn_sharing
from calibration.gate.replays import apply, figures
from calibration.samples.audit import KNOWN, unlabelled_rows
from calibration.samples.layout import Layout
from calibration.samples.replayed import apply_point
from calibration.samples.same_figures import few_are_same, repeat_figures, same_shares
from calibration.thresholds.hull import compare_with_hull
from calibration.thresholds.path import Path
from cascade.display.numbers import dollars, percent
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import P_NO_HARM, P_SAME, SALT, TaskPolicy

MOST_LINES = 12
"""Most policies of the frontier that are described."""


def measure_pairs(
    layout: Layout,
    rows: PairedRows,
    options: PairedOptions,
    certificate: Certificate | None,
    points: tuple[OperatingPoint, ...],
    path: Path,
) -> TaskPolicy:
    """Return the task's policy: its points, else the reference alone, with figures of the rows that certify.

    Without a certificate, which an aim has none of, they are those of all rows.
    """
    laid, bound, labelled = layout.table, options.bound, options.budget is not None
    points = points or (OperatingPoint(rungs=(laid.rungs[-1],), thresholds=()),)
    bare = TaskPolicy(reference=laid.rungs[-1], points=points, target=bound.to_json(), n=len(laid))
    assert layout.same is not None  # noqa: S101 - laid out with a sameness
    held = rows.held.index
    seen = figures(
        apply(
            laid.take(held), bare, salt=SALT, rungs=laid.rungs, same=layout.same[held], abstains=options.abstains
        ),
        laid.rungs,
    )  # fmt: skip
    told = laid if not labelled else laid.take(_complete(layout, rows))
    audited = apply(told, bare, salt=SALT, rungs=laid.rungs) if labelled else None
    quality = seen if audited is None else figures(audited, laid.rungs)
    # Of the audit, since labels of rows that differ would be of hard requests only.
    hull = None if audited is None else compare_with_hull(told, audited.correct, audited.cost_usd)
    alone = all(len(point.rungs) == 1 for point in points)
    rate = {"value": 0.0, "low": 0.0, "high": 0.0} if alone else seen["escalation_rate"]
    singles = [measure_single(told, k) for k in range(len(laid.rungs))]
    for single, whole in zip(singles, (measure_single(laid, k) for k in range(len(laid.rungs))), strict=True):
        single["cost_usd_per_request"] = whole["cost_usd_per_request"]
    first = apply_point(laid, points[0], salt=SALT).confidence[:, 0]
    confidence = first if points[0].rungs[0] == laid.rungs[0] else np.full(len(laid), np.nan)
    shares, repeats = same_shares(layout), repeat_figures(layout)
    within = path.within_words(scale=rows.pairs.scale) if points[0].rungs == (bare.reference,) else None
    measured: dict[str, Any] = {
        "n": len(laid),
        "n_labelled": int(np.any(~np.isnan(laid.correct), axis=1).sum()),
        "target": bound.to_json(),
        "reference": bare.reference,
        "points": describe_points(points),
        "confidence_means": P_NO_HARM if labelled else P_SAME,
        "escalation_rate": _expected(rate),
        "rungs": [
            {"rung": one["rung"], "n": one["reached"], **_expected(one["escalation_rate"])}
            for one in seen["rungs"][:-1]
        ],
        "disagreement": {**seen["disagreement"], "n": seen["n_compared"]},
        "same": shares,
        "reference_differs_from_itself": repeats,
        **{name: quality[name] for name in ("accuracy", "accuracy_top", "error_accepted")},
        **{name: seen[name] for name in ("cost_usd_per_request", "cost_vs_top", "cached", "added_latency")},
        "singles": singles,
        "best_single": name_best(singles),
        "hull": None if hull is None else hull.to_json(),
        "verifiers": describe_use(laid),
        "warnings": [*few_are_same(shares), *warn_sharing(laid), *filter(None, (within,))],
        "feasible": describe_path(path, scale=rows.pairs.scale, labelled=labelled)
        if certificate is not None and not certificate.certified
        else [],
        "certified": None if certificate is None else certificate.certified,
        "why": None if certificate is None else certificate.why,
    }
    if labelled:
        audit = rows.pairs.index[rows.audit]
        known = ~unlabelled_rows(laid.correct[audit], laid.present[audit])
        measured["audit"] = {"n": int(known.sum()), "needed": KNOWN}
    # An aim at the best accuracy learns from all rows: none of them could be compared with.
    drift = DriftSamples() if certificate is None else held_samples(laid.take(held), points)
    return TaskPolicy(
        reference=bare.reference,
        points=points,
        target=bound.to_json(),
        n=len(laid),
        measured=measured,
        certified=measured["certified"],
        certificate=None if certificate is None else certificate.to_json(),
        why=measured["why"],
        reference_cost=fit_reference_cost(laid, confidence),
        confidences=drift.confidences,
        lengths=drift.lengths,
    )


def describe_path(path: Path, *, scale: float = 1.0, labelled: bool = False) -> list[str]:
    """Return the frontier as text, a line for each of a few policies, dearest first; estimates, not certified."""
    lines, what = [], "loss" if labelled else "disagreement"
    for one in path.thinned(MOST_LINES):
        rates = ", ".join(f"{rate:.0%}" for rate in one.rates)
        lines.append(
            f"{dollars(one.cost_usd)} a request, {what} {percent((path.reference.quality - one.quality) / scale)}: "
            f"{' → '.join(one.rungs)}" + (f", escalating {rates}" if rates else "")
        )
    return lines


def _complete(layout: Layout, rows: PairedRows) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the rows of the audit on which every answer has a label; none if they are too few to tell anything."""
    audit = rows.pairs.index[rows.audit]
    done = audit[~unlabelled_rows(layout.table.correct[audit], layout.table.present[audit])]
    return done if len(done) >= KNOWN else done[:0]


def _expected(share: dict[str, Any]) -> dict[str, Any]:
    return {"expected": share["value"], "low": share["low"], "high": share["high"]}
