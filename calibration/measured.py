"""What a fitted task promises and measured: the figures with intervals that stand in the policy and in --json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calibration.rate import rate_interval
from calibration.replays import estimate, mean
from calibration.serving import serve, serve_out_of_fold
from calibration.table import Floats, Table
from cascade.policy import TaskPolicy
from cascade.watch.interval import proportion_interval


def measure(
    laid: Table, task: TaskPolicy, rates: Sequence[float | None], held_out: Mapping[str, Floats], *, salt: str
) -> dict[str, Any]:
    """Return what was measured for one task, as `calibrate --json` prints it.

    Rates are the laws of the thresholds (CALIBRATION.md, section 1). Accuracy is estimated out of fold: every row is
    ranked by a confidence that never saw its label. Cost is that of the served policy on these rows; it needs no label.
    """
    point = task.points[0]
    served = serve(laid, point, salt=salt)
    rows = served.complete & laid.present[:, -1]
    spent = served.cost_usd
    known = rows & ~np.isnan(spent)
    top_usd = laid.answer_usd[:, -1]
    both = known & ~np.isnan(top_usd)
    correct = np.full(len(laid), np.nan)
    if held_out:
        ranked = serve_out_of_fold(laid, laid.rungs, rates, held_out, salt=salt)
        correct = ranked.correct
    labelled = rows & ~np.isnan(correct)
    top = laid.correct[labelled, -1]
    levels, why = _rates(laid, served.reached, rates)
    singles = [_single(laid, k) for k in range(len(laid.rungs))]
    return {
        "n": task.n,
        "n_labelled": int(labelled.sum()),
        "target": dict(task.target),
        "reference": task.reference,
        "points": [
            {
                "weight": point.weight,
                "rungs": list(point.rungs),
                "thresholds": [{"t": threshold.t, "g": threshold.g} for threshold in point.thresholds],
            }
        ],
        "escalation_rate": {key: levels[0][key] for key in ("expected", "low", "high")}
        if levels
        else {"expected": 0.0, "low": 0.0, "high": 0.0},
        "rungs": levels,
        "accuracy": estimate(correct[labelled]),
        "accuracy_top": mean(top[~np.isnan(top)]),
        "cost_usd_per_request": mean(spent[known]),
        "cost_vs_top": float(spent[both].sum() / top_usd[both].sum()) if top_usd[both].sum() > 0 else None,
        "singles": singles,
        "verifiers": {
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
        },
        "certified": None,
        "why": why,
    }


def _rates(
    laid: Table, reached: np.ndarray[Any, np.dtype[np.bool_]], rates: Sequence[float | None]
) -> tuple[list[dict[str, Any]], str | None]:
    """Return each rung's expected rate with the 90 % interval of the true one, and what must be said about them."""
    levels: list[dict[str, Any]] = []
    why: list[str] = []
    for k, rung in enumerate(laid.rungs[:-1]):
        fit = reached[:, k] & laid.present[:, k]
        n, forced, rate = int(fit.sum()), int(laid.forced[fit, k].sum()), float(rates[k] or 0.0)
        if n and forced / n > rate:
            low, high = proportion_interval(forced, n) or (0.0, 1.0)
            expected = forced / n
            why.append(f"Rung {rung}: vetoes alone escalate {expected:.1%}, more than the {rate:.1%} asked for.")
        else:
            (low, high), expected = rate_interval(n, rate) if n else (0.0, 1.0), rate
        levels.append({"rung": rung, "n": n, "expected": expected, "low": float(low), "high": float(high)})
    return levels, " ".join(why) or None


def _single(laid: Table, k: int) -> dict[str, Any]:
    """Return what always asking one rung would give."""
    right, usd = laid.correct[:, k], laid.answer_usd[:, k]
    return {
        "rung": laid.rungs[k],
        "accuracy": estimate(right[~np.isnan(right)]),
        "cost_usd_per_request": mean(usd[~np.isnan(usd)]),
    }
