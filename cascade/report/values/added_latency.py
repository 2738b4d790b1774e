"""Added latency: what a cascade adds to the time of an answer, against always asking the reference."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.report.values.figure import Quantiles
from cascade.report.values.observed import ModeReport
from cascade.report.values.parts import RungReport

FEW = 20
"""Minimum number of requests on either side."""

Added = tuple[float | None, float | None]
"""Seconds at the median and at the 95 % quantile; None where unknown."""


def added_s(
    latency_s: Quantiles, rungs: Sequence[RungReport], reference: str | None, modes: Sequence[ModeReport]
) -> Added:
    """Return the added latency.

    Observed requests, which the reference answered as ever, are the fair comparison; without any, the calls that
    reached the reference stand for it, which are those of the harder requests.

    Args:
        latency_s: latencies of all requests.
        rungs: the rungs, with the latencies of their own calls.
        reference: the reference rung.
        modes: enforced and observed requests; empty where none was observed.
    """
    by_mode = {mode.mode: mode.latency_s for mode in modes}
    ours, alone = by_mode.get("enforce", latency_s), by_mode.get("observe")
    if alone is None:
        alone = next((rung.latency_s for rung in rungs if rung.rung == reference), None)
    if alone is None or min(ours.n, alone.n) < FEW:
        return None, None
    return _less(ours.p50, alone.p50), _less(ours.p95, alone.p95)


def _less(ours: float | None, alone: float | None) -> float | None:
    return None if ours is None or alone is None else ours - alone
