"""Repair worth: whether asking a rung once more, where a schema vetoed its answer, saves more than it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from calibration.assess.worth import LEVEL, Estimate
from calibration.stats.estimates import estimate
from cascade.display.numbers import dollars, percent, span
from cascade.flow.repair import ASKED_AGAIN
from cascade.ladder import Ladder
from cascade.samples.sample import Sample
from cascade.stats.influence import measure_mean

FEW = 10
"""Least answers that were asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairWorth:
    """What asking one rung once more was worth."""

    rung: str
    """The rung."""

    n: int
    """Answers that were asked for again."""

    of: int
    """Answers of the rung."""

    valid: Estimate
    """Share of them that became valid, so that the next rung need not be asked for the schema's sake."""

    right: Estimate | None
    """Share of those with a label that are right; None without labels."""

    extra_usd: float | None
    """What such an answer cost more than one that was not asked for again, in US dollars; None if not known."""

    net_usd: Estimate | None
    """Saving per such answer: the next rung's cost where it became valid, less the extra; None if not known."""

    @property
    def pays(self) -> bool | None:
        """Whether it pays; None where that cannot be told."""
        if self.n < FEW or self.net_usd is None or self.net_usd.low is None or self.net_usd.high is None:
            return None
        return True if self.net_usd.low > 0.0 else False if self.net_usd.high < 0.0 else None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**asdict(self), "pays": self.pays}

    def sentence(self) -> str:
        """Return the evidence in a sentence."""
        verdict = {True: "it pays", False: "it does not pay", None: "it cannot be told whether it pays"}[self.pays]
        net = "" if self.net_usd is None else (
            f", {dollars(self.net_usd.value)} saved each time ({dollars(self.net_usd.low)} to "
            f"{dollars(self.net_usd.high)})"
        )  # fmt: skip
        right = "" if self.right is None else f"; of these with a label {percent(self.right.value)} are right"
        return (
            f"Asked once more on {self.n:,} of {self.of:,} answers (`repair: true`): "
            f"{span(self.valid.value, self.valid.low, self.valid.high)} became valid{right}{net}: {verdict}."
        )


def measure_repair(samples: Sequence[Sample], ladder: Ladder) -> tuple[RepairWorth, ...]:
    """Return what repair was worth on each rung below the top that recordings were asked for again on.

    Of a valid answer it is assumed that it is accepted: what the other verifiers say of it is the policy's matter.
    """
    rungs, found = ladder.names, []
    for rung, above in pairwise(rungs):
        own = [sample.recordings[rung] for sample in samples if rung in sample.recordings]
        again = [one for one in own if any(flag.startswith(ASKED_AGAIN) for flag in one.response.flags)]
        if not again:
            continue
        valid = np.array([f"{ASKED_AGAIN}valid" in one.response.flags for one in again], dtype=np.float64)
        labelled = [one.correct for one, kept in zip(again, valid, strict=True) if kept and one.correct is not None]
        plain = _mean_usd(one.response.cost_usd for one in own if one not in again)
        spent = [one.response.cost_usd for one in again]
        next_usd = _mean_usd(s.recordings[above].response.cost_usd for s in samples if above in s.recordings)
        extra = None if plain is None or None in spent else np.array(spent, dtype=np.float64) - plain
        net = None
        if extra is not None and next_usd is not None:
            saved = measure_mean(valid * next_usd - extra)
            low, high = saved.interval(LEVEL)
            net = Estimate(value=saved.value, low=low, high=high)
        found.append(
            RepairWorth(
                rung=rung,
                n=len(again),
                of=len(own),
                valid=_estimated(valid),
                right=_estimated(np.array(labelled, dtype=np.float64)) if labelled else None,
                extra_usd=None if extra is None else float(extra.mean()),
                net_usd=net,
            )
        )
    return tuple(found)


def _estimated(values: np.ndarray[Any, np.dtype[np.float64]]) -> Estimate:
    found = estimate(values)
    return Estimate(value=found["value"] or 0.0, low=found["low"], high=found["high"])


def _mean_usd(costs: Any) -> float | None:
    known = [usd for usd in costs if usd is not None]
    return sum(known) / len(known) if known else None
