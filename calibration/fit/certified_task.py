"""Certified fit of one task: the certified policy serves unchanged, else the safest policy, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibration.arrays import Flags
from calibration.certify.candidates import list_candidates, weigh_caution
from calibration.certify.certificate import Certified
from calibration.certify.certification import certify
from calibration.certify.joint import fit_jointly
from calibration.combine.rung_fits import RungFits
from calibration.fit.drift_samples import held_samples
from calibration.fit.measured import describe_points, describe_use, measure_single, name_best
from calibration.fit.reference_cost import fit_reference_cost
from calibration.fit.warnings import warn_one_class, warn_sharing
from calibration.gate.replays import apply, figures
from calibration.samples.layout import Layout
from calibration.samples.replayed import apply_point
from calibration.samples.table import Table
from calibration.stats.estimates import mean
from calibration.stats.split import split_rows
from calibration.targets.bound import Bound, Jointly, MaxLoss
from calibration.thresholds.choice import describe
from calibration.thresholds.hull import compare_with_hull, hull_sentences
from calibration.thresholds.path import policy_path
from cascade.errors import DataError
from cascade.policy.policy import SALT, TaskPolicy
from cascade.stats.influence import number_groups


def fit_certified(
    laid: Table,
    bound: Bound,
    *,
    tasks: int = 1,
    seed: int = 0,
    choose_rungs: bool = False,
    same: Flags | None = None,
    chosen: Flags | None = None,
    label_sources: Sequence[str] = (),
    salt: str = SALT,
) -> Certified:
    """Sample split: fit combiners and path on one part of a task's rows, groups whole, and certify on the other.

    The certified policy is served as it is: nothing is fitted again on all rows.

    Args:
        laid: the samples of the task.
        bound: the bound to certify.
        tasks: how many tasks share 1 − confidence.
        seed: of split, folds and draws.
        choose_rungs: whether rungs may be left out.
        same: whether an answer equals the reference's, (n, K); see `sameness`.
        chosen: which rows were drawn for labelling, (n,); None: all labelled ones.
        label_sources: sources of the labels.
        salt: of the hashed choices, as in the policy.

    Raises:
        DataError: the part to learn from has too few labels.
    """
    first = split_rows(laid.groups, seed=seed)
    learnt = laid.take(first)
    path = policy_path(RungFits(learnt, seed=seed), seed=seed, choose_rungs=choose_rungs)
    verification = laid.take(~first)
    draws = int(number_groups(verification.groups).max(initial=-1)) + 1
    caution = weigh_caution(draws, bound) if isinstance(bound, MaxLoss) else 0.0
    return certify(
        verification,
        list_candidates(path, bound, caution=caution),
        bound,
        delta=bound.delta / tasks,
        salt=salt,
        tasks=tasks,
        learnt=learnt,
        same=None if same is None else same[~first],
        chosen=None if chosen is None else chosen[~first],
        label_sources=label_sources,
        seed=seed,
    )


def certify_task(
    layout: Layout,
    bound: Bound | Jointly,
    *,
    tasks: int = 1,
    seed: int = 0,
    choose_rungs: bool = False,
    each: str | None = None,
) -> TaskPolicy:
    """Fit and certify the policy of one task; see `fit_certified` and `fit_jointly` for the arguments.

    Figures are measured on the verification samples, which nothing was fitted on.

    Raises:
        DataError: the part to learn from has too few labels.
    """
    laid = layout.table
    bounds = bound.bounds if isinstance(bound, Jointly) else (bound,)
    for name in dict.fromkeys(each.dimension for each in bounds if each.dimension is not None):
        _require_labels(layout, name)
    if len(bounds) == 1 and each is None:
        one = layout.seen_in(bounds[0].dimension)
        found = fit_certified(
            one.table,
            bounds[0],
            tasks=tasks,
            seed=seed,
            choose_rungs=choose_rungs,
            same=one.same,
            chosen=one.uniform(loss=isinstance(bounds[0], MaxLoss)),
            label_sources=layout.label_sources,
        )
    else:
        found = fit_jointly(layout, Jointly(*bounds), tasks=tasks, seed=seed, choose_rungs=choose_rungs, each=each)
    certificate = found.certificate
    first = apply_point(laid, found.points[0], salt=SALT).confidence[:, 0]
    bare = TaskPolicy(reference=laid.rungs[-1], points=found.points, target=bound.to_json(), n=len(laid))
    held = laid.take(~split_rows(laid.groups, seed=seed))
    seen = figures(apply(held, bare, salt=SALT, rungs=laid.rungs), laid.rungs)
    replayed = [(point.weight, apply_point(held, point, salt=SALT)) for point in found.points]
    correct, spent = (
        np.asarray(sum(weight * np.where(one.complete, getattr(one, name), np.nan) for weight, one in replayed))
        for name in ("correct", "cost_usd")
    )
    hull = compare_with_hull(held, correct, spent)
    hull_json = None if hull is None else hull.to_json()
    singles = [measure_single(laid, k) for k in range(len(laid.rungs))]
    why = certificate.why
    feasible, within = ([], None) if certificate.certified else _feasible(
        layout.seen_in(bounds[0].dimension).table, seed=seed, choose_rungs=choose_rungs
    )  # fmt: skip
    # A policy of one rung never escalates: there is nothing to estimate.
    alone = all(len(point.rungs) == 1 for point in found.points)
    rate = {"value": 0.0, "low": 0.0, "high": 0.0} if alone else seen["escalation_rate"]
    measured: dict[str, Any] = {
        "n": len(laid),
        "n_measured": len(held),
        "n_labelled": int(np.any(~np.isnan(laid.correct), axis=1).sum()),
        "target": bound.to_json(),
        "reference": bare.reference,
        "points": describe_points(found.points),
        "escalation_rate": {"expected": rate["value"], "low": rate["low"], "high": rate["high"]},
        "rungs": [
            {"rung": level["rung"], "n": level["reached"], **_expected(level["escalation_rate"])}
            for level in seen["rungs"][:-1]
        ],
        "accuracy": seen["accuracy"],
        "accuracy_top": seen["accuracy_top"],
        "error_accepted": seen["error_accepted"],
        "dimensions": _by_dimension(layout, bare, bounds, seed=seed),
        "cost_usd_per_request": seen["cost_usd_per_request"],
        "cost_vs_top": seen["cost_vs_top"],
        "cached": seen["cached"],
        "added_latency": seen["added_latency"],
        "singles": singles,
        "best_single": name_best(singles),
        "hull": hull_json,
        "baseline": list(hull_sentences(hull_json, laid)),
        "verifiers": describe_use(laid),
        "warnings": [*warn_sharing(laid), *warn_one_class(laid), *filter(None, (within,))],
        "labels_needed": certificate.labels_needed,
        "feasible": feasible,
        "certified": certificate.certified,
        "why": why,
    }
    # A single rung has no earlier one to estimate from: its mean cost is unbiased.
    confidence = first if found.points[0].rungs[0] == laid.rungs[0] else np.full(len(laid), np.nan)
    drift = held_samples(held, found.points)
    return TaskPolicy(
        reference=bare.reference,
        points=found.points,
        target=bound.to_json(),
        n=len(laid),
        measured=measured,
        certified=certificate.certified,
        certificate=certificate.to_json(),
        why=why,
        reference_cost=fit_reference_cost(laid, confidence),
        confidences=drift.confidences,
        lengths=drift.lengths,
    )


def _feasible(laid: Table, *, seed: int, choose_rungs: bool) -> tuple[list[str], str | None]:
    """Return the feasible frontier in expectation, dearest first, one policy a line; nothing is certified.

    And a sentence on what a limit on added latency leaves; None without one.
    """
    path = policy_path(RungFits(laid, seed=seed), seed=seed, choose_rungs=choose_rungs)
    return describe(path.hull, path.reference), path.within_words()


def _require_labels(layout: Layout, dimension: str) -> None:
    if np.isnan(layout.labels[dimension]).all():
        message = (
            f"Task {layout.table.task!r}: no recording has a label in the dimension {dimension!r}; label some with "
            f"`cascade label FILE --dimension {dimension}`."
        )
        raise DataError(message)


def _by_dimension(layout: Layout, policy: TaskPolicy, bounds: Sequence[Bound], *, seed: int) -> dict[str, Any]:
    """Return the accuracy in each bounded dimension, on the verification samples; empty if no dimension is named."""
    found = {}
    for name in dict.fromkeys(one.dimension for one in bounds if one.dimension is not None):
        laid = layout.seen_in(name).table
        rows = apply(laid.take(~split_rows(laid.groups, seed=seed)), policy, salt=SALT, rungs=laid.rungs)
        seen = figures(rows, laid.rungs)
        lost = rows.correct_top - rows.correct
        found[name] = {
            **{key: seen[key] for key in ("n_labelled", "accuracy", "accuracy_top", "error_accepted")},
            "loss": mean(lost[~np.isnan(lost)]),
        }
    return found


def _expected(share: dict[str, Any]) -> dict[str, Any]:
    return {"expected": share["value"], "low": share["low"], "high": share["high"]}
