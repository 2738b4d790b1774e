"""Drift samples: confidences and lengths that a policy keeps of its samples, to watch traffic without labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from calibration.arrays import Floats
from calibration.combine.rung_fits import RungFits
from calibration.samples.copies import is_copy
from calibration.samples.replayed import confidences
from calibration.samples.table import Table
from cascade.policy.confidence_sample import ConfidenceSample
from cascade.policy.feature_sample import FeatureSample
from cascade.policy.features import LENGTH
from cascade.policy.operating_point import OperatingPoint


class DriftSamples(NamedTuple):
    """What a policy keeps of its samples; None where a rung serves alone, and where nothing is known."""

    confidences: ConfidenceSample | None = None
    """The first rung's confidences."""

    lengths: FeatureSample | None = None
    """The lengths of its answers, log(1 + characters)."""


def held_samples(laid: Table, points: Sequence[OperatingPoint]) -> DriftSamples:
    """Return the samples of rows that the policy was not fitted on."""
    point = _climbing(points)
    if point is None:
        return DriftSamples()
    rung = point.rungs[0]
    part = laid.on(point.rungs)
    return sample_rows(part, rung, confidences(part, rung, point.combiners.get(rung), {}))


def cross_fitted_samples(fits: RungFits, points: Sequence[OperatingPoint]) -> DriftSamples:
    """Return those of an aim, whose rows are all fitted on: out of fold, unless its combiners are given."""
    point = _climbing(points)
    if point is None:
        return DriftSamples()
    context = point.rungs[:1]
    found = fits.held_out(context) if fits.learns else fits.served(context)
    return sample_rows(fits.table.on(context), point.rungs[0], found)


def sample_rows(laid: Table, rung: str, found: Floats) -> DriftSamples:
    """Keep confidences (n,) of a rung, and lengths: of rows that share a group, the first one, as traffic is watched.

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
        kept.append(int(row))
    if not kept:
        return DriftSamples()
    n = alone + len(copies)
    names = laid.names[rung]
    lengths = laid.rows[rung][kept, names.index(LENGTH)] if LENGTH in names else np.array([np.nan])
    return DriftSamples(
        ConfidenceSample.of(rung, found[kept].tolist(), n=n),
        None if np.isnan(lengths).any() else FeatureSample.of(rung, lengths.tolist(), n=n),
    )


def _climbing(points: Sequence[OperatingPoint]) -> OperatingPoint | None:
    """Return the most frequent point that asks more than one rung; None if there is none."""
    found = [point for point in points if len(point.rungs) > 1]
    return max(found, key=lambda point: point.weight, default=None)
