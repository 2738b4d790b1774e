"""Fingerprint of a look: what is certified; the same again is the same look and costs no confidence."""

from __future__ import annotations

from typing import Any

from calibration.fit.paired.fit import PairedFit, PairedOptions, PairedRows
from calibration.samples.checks import Checks
from calibration.samples.layout import Layout
from cascade.hashing import fingerprint
from cascade.policy.operating_point import OperatingPoint


def about_sameness(layout: Layout, options: PairedOptions) -> dict[str, Any]:
    """Return whose sameness a certificate is about, and which part of an answer was read."""
    sameness = options.sameness
    return {"by": sameness.name, "version": sameness.version, "answer_fields": list(layout.answer_fields)}


def look_print(
    layout: Layout, options: PairedOptions, rows: PairedRows, fitted: PairedFit, checks: Checks | None
) -> str:
    """Return the fingerprint of what is certified: candidates, draws, bound, sameness and rows."""
    budget = options.budget
    return fingerprint(
        {
            "candidates": [list(map(_point, points)) for points in fitted.candidates],
            "bound": options.bound.to_json(),
            "sameness": about_sameness(layout, options),
            "abstains": options.abstains,
            "tasks": options.tasks,
            **({"against": "every"} if options.every else {}),
            **({} if options.each is None else {"each": options.each}),
            "rows": sorted(rows.held.table.ids),
            **({} if budget is None else {"draws": fitted.draws, "audit_bound": budget.audit_bound}),
            **({"person": budget.person} if budget is not None and budget.person else {}),
            **({} if checks is None else {"checks": checks.to_json()}),
        }
    )


def _point(point: OperatingPoint) -> list[Any]:
    return [
        point.weight,
        list(point.rungs),
        [[one.t, one.g] for one in point.thresholds],
        {name: combiner.to_json() for name, combiner in point.combiners.items()},
    ]
