"""Paired fit of one task: fitted to sameness and certified against the reference on recordings, without a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.certify.certificate import Certificate
from calibration.certify.hypothesis_tests import Found
from calibration.certify.looks import Looks, level
from calibration.certify.paired import PairedTester, list_paired_candidates, walk_pairs
from calibration.certify.paired_certificate import make_certificate
from calibration.combine.rung_fits import RungFits
from calibration.fit.measured import describe_points, describe_use, measure_single, name_best
from calibration.fit.reference_cost import fit_reference_cost
from calibration.fit.warnings import warn_sharing
from calibration.gate.replays import apply, figures
from calibration.samples.layout import Layout
from calibration.samples.pairs import pairs_of_sameness
from calibration.samples.replayed import apply_point
from calibration.samples.same_figures import few_are_same, repeat_figures, same_shares
from calibration.samples.sameness import Sameness
from calibration.targets.bound import MaxDisagreement
from calibration.thresholds.path import Path, policy_path
from cascade.display.numbers import dollars, percent
from cascade.errors import DataError
from cascade.hashing import fingerprint
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import P_SAME, SALT, TaskPolicy

MIN_LEARN = 10
"""Least rows to learn from."""

MOST_LINES = 12
"""Most policies of the frontier that are described."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedOptions:
    """How the tasks of one calibration are certified against their reference."""

    bound: MaxDisagreement
    """The bound to certify."""

    sameness: Sameness
    """Whose sameness the samples were laid out with."""

    tasks: int = 1
    """How many tasks share 1 − confidence."""

    seed: int = 0
    """Of the folds; it does not move the split."""

    choose_rungs: bool = False
    """Whether rungs may be left out."""

    abstains: bool = False
    """Whether the task gives no answer where the last rung's was vetoed."""


def certify_disagreement(layout: Layout, options: PairedOptions, looks: Looks) -> TaskPolicy:
    """Fit a task's policy to sameness, and certify how often it answers otherwise than the reference.

    `layout` holds sameness and contents; `looks` counts this one. Figures are measured on the certifying rows, which
    nothing was fitted on.

    Raises:
        DataError: too few samples have recordings of the reference and of rungs below it.
    """
    pairs = pairs_of_sameness(layout, abstains=options.abstains)
    learnt, held = pairs.learnt, pairs.held
    if min(len(learnt.table), len(held.table)) < MIN_LEARN:
        message = (
            f"Task {layout.table.task!r} has {len(pairs.table)} samples with recordings of the reference and a rung "
            f"below it, {len(learnt.table)} of them to learn from; at least {MIN_LEARN} to learn from and to certify "
            "were expected. Record more (`cascade explore`)."
        )
        raise DataError(message)
    fits = RungFits(learnt.table, seed=options.seed, any_class=True)
    path = policy_path(fits, seed=options.seed, choose_rungs=options.choose_rungs)
    candidates = list_paired_candidates(path, options.bound)
    about = {
        "by": options.sameness.name,
        "version": options.sameness.version,
        "answer_fields": list(layout.answer_fields),
    }
    rows = sorted({key[-16:] for key in held.split.keys})
    certified = fingerprint(
        {
            "candidates": [list(map(_point, points)) for points in candidates],
            "bound": options.bound.to_json(),
            "sameness": about,
            "abstains": options.abstains,
            "tasks": options.tasks,
            "rows": sorted(held.table.ids),
        }
    )
    look = looks.count(held.table.task, rows, certified, options.bound.to_json())
    tester = PairedTester(
        pairs=held,
        bound=options.bound,
        delta=level(options.bound.delta / options.tasks, look),
        salt=SALT,
        drawn=held.split.draw(np.ones(len(held.table), dtype=bool), held.table.ids),
    )
    found = walk_pairs(tester, candidates)
    looks.settle(held.table.task, certified, certified=bool(found.points))
    certificate = make_certificate(
        pairs, tester, found, sameness=options.sameness, about=about, look=look, tasks=options.tasks
    )
    return _measured(layout, held.index, options, certificate, found, describe_path(path))


def _measured(
    layout: Layout,
    rows: NDArray[np.intp],
    options: PairedOptions,
    certificate: Certificate,
    found: Found,
    frontier: list[str],
) -> TaskPolicy:
    """Return the task's policy: what is certified, else the reference alone, with figures of the certifying rows."""
    laid, bound = layout.table, options.bound
    points = found.points or (OperatingPoint(rungs=(laid.rungs[-1],), thresholds=()),)
    bare = TaskPolicy(reference=laid.rungs[-1], points=points, target=bound.to_json(), n=len(laid))
    assert layout.same is not None  # noqa: S101 - laid out with a sameness
    held = apply(laid.take(rows), bare, salt=SALT, rungs=laid.rungs, same=layout.same[rows], abstains=options.abstains)
    seen = figures(held, laid.rungs)
    alone = all(len(point.rungs) == 1 for point in points)
    rate = {"value": 0.0, "low": 0.0, "high": 0.0} if alone else seen["escalation_rate"]
    singles = [measure_single(laid, k) for k in range(len(laid.rungs))]
    first = apply_point(laid, points[0], salt=SALT).confidence[:, 0]
    confidence = first if points[0].rungs[0] == laid.rungs[0] else np.full(len(laid), np.nan)
    shares, repeats = same_shares(layout), repeat_figures(layout)
    measured: dict[str, Any] = {
        "n": len(laid),
        "n_labelled": int(np.any(~np.isnan(laid.correct), axis=1).sum()),
        "target": bound.to_json(),
        "reference": bare.reference,
        "points": describe_points(points),
        "confidence_means": P_SAME,
        "escalation_rate": _expected(rate),
        "rungs": [
            {"rung": one["rung"], "n": one["reached"], **_expected(one["escalation_rate"])}
            for one in seen["rungs"][:-1]
        ],
        "disagreement": {**seen["disagreement"], "n": seen["n_compared"]},
        "same": shares,
        "reference_differs_from_itself": repeats,
        **{name: seen[name] for name in ("accuracy", "accuracy_top", "error_accepted")},
        **{name: seen[name] for name in ("cost_usd_per_request", "cost_vs_top")},
        "singles": singles,
        "best_single": name_best(singles),
        "verifiers": describe_use(laid),
        "warnings": [*few_are_same(shares), *warn_sharing(laid)],
        "feasible": [] if certificate.certified else frontier,
        "certified": certificate.certified,
        "why": certificate.why,
    }
    return TaskPolicy(
        reference=bare.reference,
        points=points,
        target=bound.to_json(),
        n=len(laid),
        measured=measured,
        certified=certificate.certified,
        certificate=certificate.to_json(),
        why=certificate.why,
        reference_cost=fit_reference_cost(laid, confidence),
    )


def describe_path(path: Path) -> list[str]:
    """Return the frontier as text, a line for each of a few policies, dearest first; estimates, not certified."""
    lines = []
    for one in path.thinned(MOST_LINES):
        rates = ", ".join(f"{rate:.0%}" for rate in one.rates)
        lines.append(
            f"{dollars(one.cost_usd)} a request, disagreement {percent(path.reference.quality - one.quality)}: "
            f"{' → '.join(one.rungs)}" + (f", escalating {rates}" if rates else "")
        )
    return lines


def _expected(share: dict[str, Any]) -> dict[str, Any]:
    return {"expected": share["value"], "low": share["low"], "high": share["high"]}


def _point(point: OperatingPoint) -> list[Any]:
    return [
        point.weight,
        list(point.rungs),
        [[one.t, one.g] for one in point.thresholds],
        {name: combiner.to_json() for name, combiner in point.combiners.items()},
    ]
