"""Observed requests: those that the top answered as ever, beside those that the cascade decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cascade.exchange import EMPTY
from cascade.report.values.figure import NO_FIGURE, NO_QUANTILES, Figure, Quantiles, Sums, mean, quantiles, ratio
from cascade.report.values.tally import ObservedTally, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeReport:
    """Requests of one mode."""

    mode: str
    """`enforce`: the cascade decided. `observe`: the top answered as ever."""
    n: int = 0
    """Requests."""
    cost: Figure = NO_FIGURE
    """US dollars per request, verifiers included; what observing cost is not part of it."""
    latency_s: Quantiles = NO_QUANTILES
    """Latency from call to result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the cascade would have done with observed requests; each is weighted by 1 / its propensity."""

    n: int = 0
    """Observations."""
    escalation_rate: Figure = NO_FIGURE
    """Share whose first answer the cascade would have escalated for quality."""
    same: Figure = NO_FIGURE
    """Share that would have been answered as the top did: equal typed values; where that is unsure, it is not same."""
    cost_vs_top: Figure = NO_FIGURE
    """Cost of the cascade as a share of the top's, on the same requests."""
    latency_s: Quantiles = NO_QUANTILES
    """Latency that the cascade would have had: that of the calls it would have made, one after the other."""
    paid_usd: float = 0.0
    """What observing cost."""
    dropped: Mapping[str, int] = EMPTY
    """Requests that were drawn and not observed, by reason: queue, budget, closing, failed."""

    @property
    def disagreement(self) -> Figure:
        """Share that would have been answered otherwise than by the top."""
        low, high = (None if end is None else 1.0 - end for end in (self.same.high, self.same.low))
        value = None if self.same.value is None else 1.0 - self.same.value
        return Figure(value=value, low=low, high=high, n=self.same.n)


NO_OBSERVED = Observed()
"""Nothing was observed."""


def modes_of(tally: Tally, level: float) -> tuple[ModeReport, ...]:
    """Return the modes side by side; empty where nothing was observed."""
    if "observe" not in tally.modes:
        return ()
    return tuple(
        ModeReport(
            mode=name,
            n=one.n,
            cost=mean(one.cost_usd, one.cost_squares, one.n, level),
            latency_s=quantiles(np.asarray(one.latencies), level),
        )
        for name, one in sorted(tally.modes.items())
    )


def observed_of(tally: ObservedTally, level: float) -> Observed:
    """Return what the cascade would have done."""
    dropped = {reason: n for reason, n in sorted(tally.dropped.items()) if n}
    if not tally.n:
        return Observed(dropped=dropped)

    def weighted_share(total: float, squares: float) -> Figure:
        # Of 0s and 1s: the square of a weighted one is its product with the weight.
        sums = Sums(n=tally.n, x=total, y=tally.weight, xx=squares, yy=tally.weight_squares, xy=squares)
        found = ratio(sums, level)
        low, high = (None if end is None else min(1.0, max(0.0, end)) for end in (found.low, found.high))
        return Figure(value=found.value, low=low, high=high, n=found.n)

    paid = Sums(
        n=tally.n, x=tally.cost, y=tally.top, xx=tally.cost_cost, yy=tally.top_top, xy=tally.cost_top
    )  # fmt: skip
    return Observed(
        n=tally.n,
        escalation_rate=weighted_share(tally.escalated, tally.escalated_squares),
        same=weighted_share(tally.same, tally.same_squares),
        cost_vs_top=ratio(paid, level),
        latency_s=quantiles(np.asarray(tally.latencies), level),
        paid_usd=tally.paid_usd,
        dropped=dropped,
    )
