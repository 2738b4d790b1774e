"""Rung worth: whether any Pareto policy of a path asks a rung, and the saving of leaving it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibration.thresholds.choice import Mix
from calibration.thresholds.evidence import ParetoPolicy
from calibration.thresholds.pareto_policies import hull_of
from calibration.thresholds.path import Path


def weigh_rungs(path: Path, mix: Mix) -> list[dict[str, Any]] | None:
    """Return for each rung below the top whether it pays; None where no rungs were chosen.

    `used`: whether the chosen policy asks it. `pays`: whether any policy on the hull asks it that is cheaper than the
    reference. `saves_usd_per_request`, for an unused rung: the extra cost of the cheapest ladder with it at the same
    expected quality, in US dollars, and `saves`, as a share; None if no such ladder reaches that quality.
    """
    rungs = path.evidence.table.rungs
    if len(path.hulls) <= 1:
        return None
    used = {rung for _, found in mix for rung in found.rungs}
    pays = used | {rung for found in path.pareto_policies[1:] for rung in found.rungs}
    quality = sum(weight * found.quality for weight, found in mix)
    cost = sum(weight * found.cost_usd for weight, found in mix)
    worth = []
    for rung in rungs[:-1]:
        row: dict[str, Any] = {"rung": rung, "used": rung in used, "pays": rung in pays}
        if rung not in used:
            kept = cost_at([one for own, hull in path.hulls.items() if rung in own for one in hull], quality)
            row["saves_usd_per_request"] = None if kept is None else max(0.0, kept - cost)
            row["saves"] = None if kept is None or kept <= 0.0 else max(0.0, 1.0 - cost / kept)
        worth.append(row)
    return worth


def cost_at(found: Sequence[ParetoPolicy], quality: float) -> float | None:
    """Return the least cost of a mix of Pareto policies of at least this expected quality; None if none."""
    if not found:
        return None
    hull = hull_of(found)[::-1]
    if quality > hull[-1].quality:
        return None
    return float(np.interp(quality, [one.quality for one in hull], [one.cost_usd for one in hull]))
