"""The mark that a draw leaves on a sample: in which round it could be chosen for labelling, and whether it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cascade.samples.sample import Sample

FIELD = "labelling"
"""The samples' own field that holds it: `{"round": 2, "chosen": true}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a sample stands in the rounds of labelling."""

    round: int = 0
    """The last round whose draw it was in, from 1; 0: none yet."""

    chosen: bool = False
    """Whether that draw chose it."""


def mark_of(sample: Sample) -> Mark:
    """Return a sample's mark; what is not one counts as none."""
    found = sample.extra.get(FIELD)
    if not isinstance(found, Mapping):
        return Mark()
    number = found.get("round")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return Mark()
    return Mark(round=number, chosen=found.get("chosen") is True)


def marked(sample: Sample, mark: Mark, *, propensity: float) -> Sample:
    """Return the sample with a mark, and the probability with which it was chosen in this round or an earlier one."""
    written = {"round": mark.round, "chosen": mark.chosen}
    return replace(sample, propensity=propensity, extra={**sample.extra, FIELD: written})
