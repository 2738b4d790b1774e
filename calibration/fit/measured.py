"""Measured figures of a fitted task, with intervals, as stored in the policy and printed by --json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.arrays import Flags, Floats
from calibration.combine.rung_fits import RungFits
from calibration.fit.scarce_rate import cross_fitted_interval
from calibration.gate.replays import cached_figures
from calibration.samples.added_latency import measure_added
from calibration.samples.replayed import Replayed, apply_out_of_fold, apply_point
from calibration.samples.table import Table
from calibration.stats.estimates import estimate, mean, pick
from calibration.stats.margin import independent_rows
from calibration.stats.rate import rate_interval
from calibration.thresholds.aimed import Aimed
from calibration.thresholds.grid import count_bins
from calibration.thresholds.hull import compare_with_hull
from calibration.thresholds.rung_worth import weigh_rungs
from calibration.thresholds.shrinkage import Shrunk
from cascade.policy.operating_point import OperatingPoint
from cascade.policy.policy import TaskPolicy
from cascade.stats.intervals import proportion_interval


def measure(
    fits: RungFits,
    task: TaskPolicy,
    aimed: Aimed,
    *,
    salt: str,
    shrunk: Sequence[Sequence[Shrunk]] | None = None,
) -> dict[str, Any]:
    """Return the figures of one task, as `calibrate --json` prints them.

    Rates are the laws of the thresholds (docs/calibration.md, "The formulas"; `shrunk`: of those found by partial
    pooling).
    Accuracy is estimated out of fold: every row is ranked by a confidence that never saw its label. Cost is that of the
    served policy on these rows; it needs no label. Of two points that are mixed, every row counts with both, by their
    weights.
    """
    laid = fits.table
    served = [apply_point(laid, point, salt=salt, known=fits.known) for point in task.points]
    weights = [point.weight for point in task.points]
    rows = np.all([one.complete for one in served], axis=0) & laid.present[:, -1]
    spent = _mixed([one.cost_usd for one in served], weights)
    as_recorded = _mixed([one.cached_usd for one in served], weights)
    known = rows & ~np.isnan(spent)
    top_usd = laid.answer_usd[:, -1]
    both = known & ~np.isnan(top_usd)
    correct, accepted, wrong = _out_of_fold(fits, aimed, salt=salt)
    labelled = rows & ~np.isnan(correct)
    groups = laid.groups if any(laid.groups) else None
    top = laid.correct[labelled, -1]
    compared = labelled & ~np.isnan(laid.correct[:, -1])
    below = float(accepted[labelled].sum())
    laws = [
        _laws(one, part.rates, own)
        for one, part, own in zip(served, aimed.parts, shrunk or [()] * len(served), strict=True)
    ]
    if shrunk is None:
        laws = [_widened(fits, *each) for each in zip(task.points, served, laws, strict=True)]
    levels, forced = _levels(served, laws, weights, laid.rungs)
    rate = _first_rate(served, laws, weights)
    singles = [measure_single(laid, k) for k in range(len(laid.rungs))]
    hull = compare_with_hull(laid, np.where(rows, correct, np.nan), np.where(rows, spent, np.nan))
    added = measure_added([one.wait_s - laid.answer_s[:, -1] for one in served], weights)
    return {
        "n": task.n,
        "n_labelled": int(labelled.sum()),
        "target": dict(task.target),
        "reference": task.reference,
        "points": describe_points(task.points),
        "escalation_rate": rate,
        "rungs": levels,
        "accuracy": estimate(correct[labelled], pick(groups, labelled)),
        "accuracy_top": mean(top[~np.isnan(top)]),
        "loss": mean((laid.correct[:, -1] - correct)[compared]),
        "error_accepted": float(wrong[labelled].sum()) / below if below > 0.0 else None,
        "optimism": {"loss": aimed.optimism.loss, "error": aimed.optimism.error},
        "cost_usd_per_request": mean(spent[known]),
        "cost_vs_top": float(spent[both].sum() / top_usd[both].sum()) if top_usd[both].sum() > 0 else None,
        "cached": cached_figures(spent[both], as_recorded[both], float(top_usd[both].sum())),
        "added_latency": None if added is None else added.to_json(),
        "singles": singles,
        "best_single": name_best(singles),
        "hull": None if hull is None else hull.to_json(),
        "bins": None if aimed.path is None else count_bins(len(laid.rungs), len(aimed.path.evidence.table)),
        "rungs_tried": None if aimed.path is None or aimed.mix is None else weigh_rungs(aimed.path, aimed.mix),
        "verifiers": describe_use(laid),
        "certified": None,
        "why": " ".join(filter(None, (aimed.why, forced))) or None,
    }


def describe_points(points: Sequence[OperatingPoint]) -> list[dict[str, Any]]:
    """Return points as JSON, without their combiners."""
    return [
        {
            "weight": point.weight,
            "rungs": list(point.rungs),
            "thresholds": [{"t": threshold.t, "g": threshold.g} for threshold in point.thresholds],
        }
        for point in points
    ]


def describe_use(laid: Table) -> dict[str, Any]:
    """Return the counts of verdicts, by rung and verifier, as JSON."""
    return {
        rung: {
            name: {
                "source": use.source,
                "n": use.computed + use.recorded,
                "abstained": use.abstained,
                "cost_usd": use.cost_usd,
            }
            for name, use in uses.items()
        }
        for rung, uses in laid.use.items()
    }


def _out_of_fold(fits: RungFits, aimed: Aimed, *, salt: str) -> tuple[Floats, Floats, Floats]:
    """Return out of fold, (n,) each: correctness, share accepted below the reference, and the wrong part of it."""
    laid = fits.table
    correct, accepted, wrong = np.zeros(len(laid)), np.zeros(len(laid)), np.zeros(len(laid))
    if not fits.learns:
        return np.full(len(laid), np.nan), accepted, wrong
    for part in aimed.parts:
        contexts = [part.rungs[: k + 1] for k in range(len(part.rungs) - 1)]
        held_out = {context[-1]: fits.held_out(context) for context in contexts}
        ranked = apply_out_of_fold(laid, part.rungs, part.rates, held_out, salt=salt)
        below = np.array([rung != laid.rungs[-1] for rung in part.rungs])[ranked.answered]
        correct += part.weight * ranked.correct
        accepted += part.weight * below
        wrong += part.weight * np.where(below, 1.0 - ranked.correct, 0.0)
    return correct, accepted, wrong


def _mixed(figures: Sequence[Floats], weights: Sequence[float]) -> Floats:
    return np.asarray(sum(weight * figure for weight, figure in zip(weights, figures, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """The rate law of one rung at one operating point: expected rate with its interval."""

    n: int
    """Rows of the fit."""

    expected: float
    low: float
    high: float

    why: str | None = None
    """A remark for the user; None if none is needed."""


def _laws(served: Replayed, rates: Sequence[float], shrunk: Sequence[Shrunk]) -> tuple[_Law, ...]:
    """Return the rate laws of all rungs but the last, in order."""
    laws = []
    for k, rung in enumerate(served.table.rungs[:-1]):
        fit = served.reached[:, k] & served.table.present[:, k]
        n, forced, rate = int(fit.sum()), int(served.table.forced[fit, k].sum()), float(rates[k])
        size = _independent(served, k, fit)
        if n and forced / n > rate:
            low, high = proportion_interval(forced * size / n, size) or (0.0, 1.0)
            why = f"Rung {rung}: vetoes alone escalate {forced / n:.1%}, more than the {rate:.1%} asked for."
            laws.append(_Law(n=n, expected=forced / n, low=low, high=high, why=why))
            continue
        low, high = rate_interval(size, rate) if n else (0.0, 1.0)
        if shrunk:
            # Pooling assumes independent rows: with groups it may widen an interval, never narrow it.
            shared = size < n
            low, high = (
                (min(low, shrunk[k].low), max(high, shrunk[k].high)) if shared else (shrunk[k].low, shrunk[k].high)
            )
        laws.append(_Law(n=n, expected=rate, low=float(low), high=float(high)))
    return tuple(laws)


def _widened(fits: RungFits, point: OperatingPoint, served: Replayed, laws: tuple[_Law, ...]) -> tuple[_Law, ...]:
    """Return the laws with that of the first rung widened where labels are scarce."""
    if not laws:
        return laws
    size = _independent(served, 0, served.table.present[:, 0])
    found = cross_fitted_interval(fits, point, size)
    if found is None:
        return laws
    first = replace(laws[0], low=min(laws[0].low, found[0]), high=max(laws[0].high, found[1]))
    return (first, *laws[1:])


def _independent(served: Replayed, k: int, fit: Flags) -> float:
    """Return the effective sample size of a rung's rate: fewer than its rows where rows share groups."""
    groups = pick(served.table.groups, fit) if any(served.table.groups) else None
    return independent_rows(served.escalated[fit, k], groups, 0.05)


def _levels(
    served: Sequence[Replayed], laws: Sequence[Sequence[_Law]], weights: Sequence[float], rungs: Sequence[str]
) -> tuple[list[dict[str, Any]], str | None]:
    """Return each rung's expected rate with the 90 % interval of the true one, and remarks.

    For two points, a rung's rate is their mean, weighted by the share of requests that each sends there.
    """
    found: dict[str, list[tuple[float, _Law]]] = {}
    for one, own, weight in zip(served, laws, weights, strict=True):
        for rung, law in zip(one.table.rungs, own, strict=False):
            found.setdefault(rung, []).append((weight * law.n, law))
    levels = []
    for rung in rungs:
        if rung in found:
            share = np.array([part for part, _ in found[rung]])
            share = share / share.sum() if share.sum() > 0.0 else np.full(len(share), 1.0 / len(share))
            expected, low, high = (
                float(share @ [getattr(law, name) for _, law in found[rung]]) for name in ("expected", "low", "high")
            )
            n = max(law.n for _, law in found[rung])
            levels.append({"rung": rung, "n": n, "expected": expected, "low": low, "high": high})
    why = [law.why for own in laws for law in own if law.why is not None]
    return levels, " ".join(dict.fromkeys(why)) or None


def _first_rate(
    served: Sequence[Replayed], laws: Sequence[Sequence[_Law]], weights: Sequence[float]
) -> dict[str, float]:
    """Return the escalation rate of the first rung asked, with the interval of the true one."""
    total = {"expected": 0.0, "low": 0.0, "high": 0.0}
    for one, own, weight in zip(served, laws, weights, strict=True):
        levels, _ = _levels([one], [own[:1]], [1.0], one.table.rungs[:1]) if own else ([], None)
        for level in levels:
            for key in total:
                total[key] += weight * level[key]
    return total


def measure_single(laid: Table, k: int) -> dict[str, Any]:
    """Return the figures of always asking one rung."""
    right, usd = laid.correct[:, k], laid.answer_usd[:, k]
    known = ~np.isnan(right)
    return {
        "rung": laid.rungs[k],
        "accuracy": estimate(right[known], pick(laid.groups, known) if any(laid.groups) else None),
        "cost_usd_per_request": mean(usd[~np.isnan(usd)]),
    }


def name_best(singles: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the rung of highest accuracy when always asked, the first of equals; None without labels."""
    known = [single for single in singles if single["accuracy"]["value"] is not None]
    return max(known, key=lambda single: single["accuracy"]["value"])["rung"] if known else None
