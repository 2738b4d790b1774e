"""Page figures: calibration's diagnostics of samples as the curves that a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.assess.diagnostics import Diagnosis, diagnose
from calibration.assess.worth import VerifierWorth, measure_worth
from calibration.combine.held_out import hold_out
from calibration.samples.layout import lay_out_tasks
from calibration.samples.learned import Scorers
from calibration.samples.scorer_fits import learn
from calibration.samples.survey import Survey
from cascade.errors import DataError
from cascade.ladder import Ladder
from cascade.plugins import resolve
from cascade.prices import PriceBook
from cascade.report.values.curves import (
    Alternative,
    Bin,
    Frontier,
    Kept,
    Reliability,
    RiskCoverage,
    Setting,
    Sweep,
)
from cascade.report.values.figure import Figure, share
from cascade.samples.sample import Sample

LEVEL = 0.9
"""Confidence of calibration's intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Diagnostics of one task's labelled samples."""

    diagnosis: Diagnosis
    """Curves, out of fold."""
    worth: tuple[VerifierWorth, ...]
    """The verifiers' worth."""


def pictures_of(
    samples: Iterable[Sample],
    ladder: Ladder,
    found: Survey,
    tasks: Sequence[str],
    *,
    prices: PriceBook | None = None,
    learned: Scorers | None = None,
    seed: int = 0,
) -> dict[str, Pictures]:
    """Return the diagnostics of every task; tasks without labels of both classes are left out.

    `learned`: a policy's scorers, for verifiers that learn; None: they are fitted on these samples, out of fold.
    """
    counts = {name: found.counts[name] for name in tasks if name in found.counts}
    made: dict[str, Pictures] = {}
    ladder = resolve(ladder)
    seen = learn(samples, ladder, counts, seed=seed, given=learned)
    layouts = lay_out_tasks(seen or samples, ladder, counts, {}, prices=prices)
    for name in list(layouts):
        table = layouts.pop(name).table
        try:
            held_out = hold_out(table, seed=seed)
        except DataError:
            continue  # a combiner needs right and wrong answers
        diagnosis = diagnose(table, held_out)
        if diagnosis.reliability or diagnosis.frontier is not None:
            made[name] = Pictures(diagnosis=diagnosis, worth=measure_worth(table, seed=seed))
    return made


def figure_of(found: Mapping[str, float | None] | None, n: int) -> Figure:
    """Return `{value, low, high}` as a figure."""
    got = found or {}
    return Figure(value=got.get("value"), low=got.get("low"), high=got.get("high"), n=n)


def frontier_of(diagnosis: Diagnosis, chosen: Alternative | None) -> Frontier | None:
    """Return cost against quality; None if costs or labels are not known."""
    drawn = diagnosis.frontier
    if drawn is None:
        return None
    singles = tuple(
        Alternative(name=f"always {rung}", cost_usd=cost, accuracy=_share(accuracy, drawn.n))
        for rung, (cost, accuracy) in drawn.always.items()
    )
    curves = {
        name: tuple(zip(curve.cost_usd.tolist(), curve.accuracy.tolist(), strict=True))
        for name, curve in (("cascades", drawn.cascade), ("random_mix", drawn.random_mix), ("oracle", drawn.oracle))
    }
    return Frontier(n=drawn.n, chosen=chosen, singles=singles, **curves)


def sweep_of(diagnosis: Diagnosis, reference: str, chosen: float | None) -> Sweep | None:
    """Return the threshold sweep of the first rung."""
    rung = next(iter(diagnosis.sweeps), None)
    if rung is None:
        return None
    drawn = diagnosis.sweeps[rung]
    rows = zip(drawn.threshold, drawn.rate, drawn.accuracy, drawn.error_accepted, drawn.cost_usd, strict=True)
    settings = tuple(
        Setting(
            threshold=float(t), escalation_rate=float(rate), accuracy=_share(float(accuracy), diagnosis.n),
            error_accepted=_known(error), cost_usd=_known(usd),
        )
        for t, rate, accuracy, error, usd in rows
    )  # fmt: skip
    return Sweep(rung=rung, reference=reference, n=diagnosis.n, chosen=chosen, settings=settings)


def reliability_of(diagnosis: Diagnosis) -> tuple[Reliability, ...]:
    """Return the reliability curves, rung by rung."""
    return tuple(
        Reliability(
            rung=rung, n=int(drawn.n.sum()), ece=drawn.ece,
            bins=tuple(
                Bin(confidence=c, accuracy=Figure(value=a, low=low, high=high, n=int(n)))
                for c, a, low, high, n in np.stack(
                    [drawn.confidence, drawn.accuracy, drawn.low, drawn.high, drawn.n], axis=1
                ).tolist()
            ),
        )
        for rung, drawn in diagnosis.reliability.items()
    )  # fmt: skip


def coverage_of(diagnosis: Diagnosis) -> tuple[RiskCoverage, ...]:
    """Return the risk–coverage curves, rung by rung."""
    found = []
    for rung, drawn in diagnosis.risk_coverage.items():
        n = int(diagnosis.reliability[rung].n.sum()) if rung in diagnosis.reliability else diagnosis.n
        found.append(RiskCoverage(rung=rung, n=n, kept=tuple(_kept(drawn.coverage, drawn.risk, n))))
    return tuple(found)


def _kept(coverages: Any, risks: Any, n: int) -> Iterator[Any]:

    for coverage, risk in zip(coverages, risks, strict=True):
        of = round(float(coverage) * n)
        if of >= FEWEST:
            yield Kept(coverage=float(coverage), error=_share(float(risk), of))


FEWEST = 10
"""Least answers of a point on a risk–coverage curve."""


def _share(value: float, n: int) -> Figure:

    return share(value * n, n, LEVEL)


def _known(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124 - NaN is what differs from itself
