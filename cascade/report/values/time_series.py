"""Time series: escalation rate by day or hour against its target, and monthly savings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from cascade.report.values.figure import Sums, difference, share
from cascade.report.values.parts import Month, Step
from cascade.report.values.tally import Period, Promise, Tally
from cascade.stats.rate_monitor import null_band

DAY_MS = 86_400_000

WIDER = 1.2
"""Half a 95 % interval over half a 90 % one, outside of which 10 % of fresh calibrations lie, as long days show."""

FALSE_MARKS = 0.05
"""Probability that a log without any shift has a marked day or hour, all of them together (Bonferroni)."""


def series_of(tally: Tally, promises: Mapping[str | None, Promise], level: float, step_ms: int) -> tuple[Step, ...]:
    """Return the days or hours of a task; those that left the promised band significantly are marked.

    The band is that of the drift alarm (`null_band`): the interval that calibration found for the true rate, and at
    least 3 points around the target. Against the target itself most logs would have a mark without any shift, since a
    fitted rate is never exactly its target.
    """
    found: defaultdict[int, list[tuple[Period, Promise]]] = defaultdict(list)
    for (number, sha256), period in tally.steps.items():
        found[number].append((period, promises.get(sha256, Promise())))
    strict = 1.0 - FALSE_MARKS / max(len(found), 1)
    return tuple(_step(number, found[number], level, strict, step_ms) for number in sorted(found))


def _step(number: int, parts: list[tuple[Period, Promise]], level: float, strict: float, step_ms: int) -> Step:
    whole = Period()
    for period, _ in parts:
        whole.add(period)
    weights = [(period.first_answered, promise) for period, promise in parts if period.first_answered]
    target = band = None
    if weights and all(_is_rate(promise.rate) for _, promise in weights):
        target = sum(n * (promise.rate or 0.0) for n, promise in weights) / whole.first_answered
        bands = [(n, _band(promise)) for n, promise in weights]
        low, high = (sum(n * ends[end] for n, ends in bands) / whole.first_answered for end in (0, 1))
        band = low, high
    sure = share(whole.escalated, whole.first_answered, strict)
    beyond = band is not None and sure.low is not None and sure.high is not None
    return Step(
        at=_at(number * step_ms).isoformat(),
        n=whole.n,
        escalation_rate=share(whole.escalated, whole.first_answered, level),
        cost_usd=whole.cost_usd,
        verifiers_usd=whole.verifiers_usd,
        target=target,
        alarm=beyond and (sure.low > band[1] or sure.high < band[0]),  # type: ignore[index,operator]  # None is in `beyond`
    )


def _band(promise: Promise) -> tuple[float, float]:
    """Return the rates without a mark: as the drift alarm has them, with the calibrated interval widened to 95 %."""
    rate = promise.rate or 0.0
    low, high = promise.band or (rate, rate)
    return null_band(rate, (max(0.0, rate - WIDER * (rate - low)), min(1.0, rate + WIDER * (high - rate))))


def _is_rate(rate: float | None) -> bool:
    return rate is not None and 0.0 <= rate <= 1.0


def months_of(tally: Tally, level: float, step_ms: int, label_usd: float | None) -> tuple[Month, ...]:
    """Return the net saving of each calendar month."""
    found: defaultdict[str, Period] = defaultdict(Period)
    for (number, _), period in tally.steps.items():
        found[f"{_at(number * step_ms):%Y-%m}"].add(period)
    labels: Counter[str] = Counter()
    for day, n in tally.label_days.items():
        labels[f"{_at(day * DAY_MS):%Y-%m}"] += n
    return tuple(_month(at, found[at], labels[at], label_usd or 0.0, level) for at in sorted({*found, *labels}))


def _month(at: str, period: Period, labels: int, label_usd: float, level: float) -> Month:
    a = period.against
    sums = Sums(n=a.n, x=a.cost, y=a.top, xx=a.cost_cost, yy=a.top_top, xy=a.cost_top, noise=a.noise)
    return Month(
        at=at,
        n=period.n,
        cost_usd=period.cost_usd,
        verifiers_usd=period.verifiers_usd,
        top_usd=a.top,
        fruitless_usd=period.fruitless_usd,
        maybe_charged_usd=period.maybe_charged_usd,
        maybe_charged_estimate_usd=period.maybe_charged_estimate_usd,
        labels=labels,
        labels_usd=labels * label_usd,
        net_usd=difference(sums, level, less=period.fruitless_usd + labels * label_usd),
    )


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
