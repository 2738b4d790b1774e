"""Mark: the labelling round of a sample's last draw, and whether it was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cascade.samples.sample import Sample

FIELD = "labelling"
"""Field of a sample: `{"round": 2, "chosen": true}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """State of a sample in the labelling rounds."""

    round: int = 0
    """The last round with this sample in the draw, from 1; 0 if none."""

    chosen: bool = False
    """Whether that draw chose it."""


def mark_of(sample: Sample) -> Mark:
    """Return a sample's mark; a malformed mark counts as absent."""
    found = sample.extra.get(FIELD)
    if not isinstance(found, Mapping):
        return Mark()
    number = found.get("round")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return Mark()
    return Mark(round=number, chosen=found.get("chosen") is True)


def marked(sample: Sample, mark: Mark, *, propensity: float) -> Sample:
    """Return the sample with a mark and its propensity: the probability of being chosen in this round or before."""
    written = {"round": mark.round, "chosen": mark.chosen}
    return replace(sample, propensity=propensity, extra={**sample.extra, FIELD: written})
