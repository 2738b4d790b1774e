"""Confidences that a policy keeps of its samples, so that traffic is watched for drift without labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.arrays import Floats
from calibration.combine.rung_fits import RungFits
from calibration.samples.copies import is_copy
from calibration.samples.replayed import confidences
from calibration.samples.table import Table
from cascade.policy.confidence_sample import ConfidenceSample
from cascade.policy.operating_point import OperatingPoint


def held_confidences(laid: Table, points: Sequence[OperatingPoint]) -> ConfidenceSample | None:
    """Return the first rung's confidences on rows that it was not fitted on; None where a rung serves alone."""
    point = _climbing(points)
    if point is None:
        return None
    rung = point.rungs[0]
    part = laid.on(point.rungs)
    return sample_confidences(part, rung, confidences(part, rung, point.combiners.get(rung), {}))


def cross_fitted_confidences(fits: RungFits, points: Sequence[OperatingPoint]) -> ConfidenceSample | None:
    """Return the same of an aim, whose rows are all fitted on: out of fold, unless its combiners are given."""
    point = _climbing(points)
    if point is None:
        return None
    context = point.rungs[:1]
    found = fits.held_out(context) if fits.learns else fits.served(context)
    return sample_confidences(fits.table.on(context), point.rungs[0], found)


def sample_confidences(laid: Table, rung: str, found: Floats) -> ConfidenceSample | None:
    """Keep confidences (n,) of a rung: of rows that share a group, the first one, as traffic is watched.

    Copies of one request stay, for they come in traffic too, and count as one row for how sure the sample is.
    """
    known = laid.present[:, laid.rungs.index(rung)] & ~np.isnan(found)
    seen: set[str] = set()
    copies: set[str] = set()
    kept, alone = [], 0
    for row in np.flatnonzero(known):
        group = laid.groups[row]
        if group is not None and is_copy(group):
            copies.add(group)
        elif group is None or group not in seen:
            alone += 1
            if group is not None:
                seen.add(group)
        else:
            continue
        kept.append(float(found[row]))
    return ConfidenceSample.of(rung, kept, n=alone + len(copies)) if kept else None


def _climbing(points: Sequence[OperatingPoint]) -> OperatingPoint | None:
    """Return the most frequent point that asks more than one rung; None if there is none."""
    found = [point for point in points if len(point.rungs) > 1]
    return max(found, key=lambda point: point.weight, default=None)
