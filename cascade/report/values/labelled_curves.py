"""Labelled curves: reliability, risk–coverage, threshold sweep and frontier from the labelled answers of a tally.

Labels are rarely distributed like traffic, so requests are weighted by answering rung (strata), as in `comparison`.
Costs are means over all requests, to avoid the noise of a few labelled ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cascade.report.values.curves import (
    NO_FRONTIER,
    Alternative,
    Bin,
    Frontier,
    Kept,
    Place,
    Reliability,
    RiskCoverage,
    Setting,
    Sweep,
)
from cascade.report.values.figure import Figure, share, weighted
from cascade.report.values.parts import SingleReport
from cascade.report.values.tally import Joint, Judged, RungTally, Tally
from cascade.stats.single_mix import hull

Floats = NDArray[np.float64]

BINS, POINTS, FEW = 10, 41, 20
"""Bins of a reliability curve, maximum points of the others, minimum labels to draw."""


def reliability_of(tally: Tally, order: Sequence[str], level: float) -> tuple[Reliability, ...]:
    """Return the reliability diagram of each rung; rungs with few labels are left out."""
    found = []
    for rung in order:
        parts = [judged for (whose, _), judged in tally.judged.items() if whose == rung]
        confidence, correct = _joined(parts, "confidence"), _joined(parts, "correct")
        if confidence.size < FEW:
            continue
        edges = np.unique(np.quantile(confidence, np.linspace(0.0, 1.0, BINS + 1)[1:-1]))
        place = np.searchsorted(edges, confidence, side="right")
        bins = []
        for number in np.unique(place):
            mine = correct[place == number]
            accuracy = share(float(mine.sum()), mine.size, level, squares=float(np.square(mine).sum()))
            bins.append(Bin(confidence=float(confidence[place == number].mean()), accuracy=accuracy))
        gaps = [each.accuracy.n * abs(each.confidence - (each.accuracy.value or 0.0)) for each in bins]
        ece = sum(gaps) / confidence.size
        found.append(Reliability(rung=rung, n=int(confidence.size), ece=ece, bins=tuple(bins)))
    return tuple(found)


def risk_coverage_of(tally: Tally, order: Sequence[str], level: float) -> tuple[RiskCoverage, ...]:
    """Return the risk–coverage curve of each rung."""
    found = []
    for rung in order:
        strata = {by: judged for (whose, by), judged in tally.judged.items() if whose == rung}
        n = sum(len(judged.correct) for judged in strata.values())
        if n < FEW:
            continue
        confidence, correct, weight = _weighted(strata, tally.answered_by)
        kept = []
        for at, rows in _cuts(-confidence):
            if at < FEW // 2:
                continue  # too few: any error rate is plausible
            size = float(weight[rows].sum() ** 2 / np.square(weight[rows]).sum())
            wrong = float((weight[rows] * (1.0 - correct[rows])).sum() / weight[rows].sum())
            error = _exactly(share(wrong * max(1, round(size)), max(1, round(size)), level), wrong, at)
            kept.append(Kept(coverage=float(weight[rows].sum() / weight.sum()), error=error))
        found.append(RiskCoverage(rung=rung, n=n, kept=tuple(kept)))
    return tuple(found)


def sweep_of(tally: Tally, order: Sequence[str], reference: str | None, level: float) -> Sweep | None:
    """Return the threshold sweep of the first rung; None without joint labels of it and the reference."""
    if len(order) < 2 or reference is None or reference == order[0]:
        return None
    first = order[0]
    strata = labelled_alike(tally, (first, reference))
    n = sum(len(joint.confidence) for joint in strata.values())
    if n < FEW:
        return None
    total = sum(tally.answered_by[by] for by in strata)
    parts = [(tally.answered_by[by] / total, _columns(joint)) for by, joint in strata.items() if len(joint.confidence)]
    everything = np.concatenate([columns[0] for _, columns in parts])
    mean = {name: _paid(tally.rungs.get(name, RungTally())) for name in (first, reference)}
    settings = []
    for cut in _thinned(np.unique(np.append(np.clip(everything, 0.0, 1.0), [0.0, 1.0 + 1e-9]))):
        rows = [(weight, *_served(columns, cut)) for weight, columns in parts]
        rate = sum(weight * float(up.mean()) for weight, up, _, _ in rows)
        accuracy = weighted(
            [(w, right.size, float(right.sum()), float(np.square(right).sum())) for w, _, right, _ in rows], level
        )
        stays = sum(weight * float((~up).mean()) for weight, up, _, _ in rows)
        wrong = sum(weight * float(((1.0 - own) * ~up).mean()) for weight, up, _, own in rows)
        usd = None if None in mean.values() else (mean[first] or 0.0) + rate * (mean[reference] or 0.0)
        settings.append(
            Setting(threshold=min(float(cut), 1.0), escalation_rate=rate, accuracy=accuracy,
                    error_accepted=wrong / stays if stays > 1e-9 else None, cost_usd=usd)
        )  # fmt: skip
    return Sweep(rung=first, reference=reference, n=n, chosen=tally.threshold.t, settings=tuple(settings))


def frontier_of(
    tally: Tally, order: Sequence[str], singles: tuple[SingleReport, ...], cascade: Figure, usd: float | None,
    sweep: Sweep | None,
) -> Frontier:  # fmt: skip
    """Return the cost–quality frontier: cascade, single rungs, other thresholds, random mix and oracle."""
    alone = tuple(
        Alternative(name=f"always {single.rung}", cost_usd=single.cost_usd_per_request, accuracy=single.accuracy)
        for single in singles
        if single.cost_usd_per_request is not None and single.accuracy.value is not None
    )
    chosen = None
    if cascade.value is not None and usd is not None:
        chosen = Alternative(name="this cascade", cost_usd=usd, accuracy=cascade)
    if chosen is None and not alone:
        return NO_FRONTIER
    places = [(each.cost_usd, each.accuracy.value or 0.0) for each in alone]
    drawn = () if sweep is None else tuple(
        (each.cost_usd, each.accuracy.value) for each in sweep.settings
        if each.cost_usd is not None and each.accuracy.value is not None
    )  # fmt: skip
    return Frontier(
        n=0 if sweep is None else sweep.n, chosen=chosen, singles=alone, cascades=drawn,
        random_mix=hull(places) if len(places) > 1 else (), oracle=_oracle(tally, order),
    )  # fmt: skip


def _oracle(tally: Tally, order: Sequence[str]) -> tuple[Place, ...]:
    """Return the oracle curve: stop at the cheapest of the most accurate rungs, cheapest gains first."""
    rungs = tuple(order)
    strata = labelled_alike(tally, rungs)
    paid = [_paid(tally.rungs.get(name, RungTally())) for name in rungs]
    if sum(len(joint.confidence) for joint in strata.values()) < FEW or None in paid:
        return ()
    total = sum(tally.answered_by[by] for by in strata)
    climb = np.cumsum([usd or 0.0 for usd in paid])
    cost, accuracy, gains = climb[0], 0.0, dict.fromkeys(range(1, len(rungs)), (0.0, 0.0))
    for by, joint in strata.items():
        correct = np.asarray(joint.correct).reshape(-1, len(rungs))
        each = tally.answered_by[by] / total / len(correct)
        accuracy += each * float(correct[:, 0].sum())
        best = np.argmax(correct >= correct.max(axis=1, keepdims=True), axis=1)  # the cheapest of the most accurate
        for k in gains:
            mine = correct[best == k]
            gained = each * float((mine[:, k] - mine[:, 0]).sum())
            gains[k] = gains[k][0] + each * len(mine) * float(climb[k] - climb[0]), gains[k][1] + gained
    curve = [(float(cost), accuracy)]
    for extra, gained in gains.values():
        if gained > 0.0:
            curve.append((curve[-1][0] + extra, curve[-1][1] + gained))
    return tuple(curve)


def labelled_alike(tally: Tally, rungs: tuple[str, ...]) -> dict[str | None, Joint]:
    """Return the requests on which all of `rungs` are labelled, by answering rung; empty if a stratum has none."""
    found: dict[str | None, Joint] = {}
    for (by, labelled), joint in tally.joint.items():
        if by is None or not set(rungs) <= set(labelled):
            continue
        columns = [labelled.index(name) for name in rungs]
        mine = found.setdefault(by, Joint())
        mine.confidence.extend(joint.confidence)
        mine.correct.extend(np.asarray(joint.correct).reshape(-1, len(labelled))[:, columns].ravel().tolist())
    answered = {by for by, n in tally.answered_by.items() if by is not None and n}
    return found if answered <= set(found) else {}


def _columns(joint: Joint) -> tuple[Floats, Floats, Floats]:
    correct = correctness(joint)
    return np.asarray(joint.confidence), correct[:, 0], correct[:, 1]


def correctness(joint: Joint) -> Floats:
    """Return the correctness of the rungs, (n, rungs)."""
    return np.asarray(joint.correct).reshape(len(joint.confidence), -1)


def _served(columns: tuple[Floats, Floats, Floats], cut: float) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Return escalation below `cut`, correctness of the returned answer, and correctness of the first rung."""
    confidence, own, top = columns
    up = confidence < cut
    return up, np.where(up, top, own), own


def _paid(rung: RungTally) -> float | None:
    """Return a rung's mean cost per call, including its verifiers."""
    return (rung.answers_usd + rung.verifiers_usd) / rung.n if rung.n else None


def _joined(parts: Sequence[Judged], name: str) -> Floats:
    return np.concatenate([np.empty(0), *(np.asarray(getattr(part, name)) for part in parts)])


def _weighted(strata: Mapping[str | None, Judged], sizes: Mapping[str | None, int]) -> tuple[Floats, Floats, Floats]:
    """Return confidence, correctness and weight (share of requests represented) of every labelled answer."""
    confidence = _joined(list(strata.values()), "confidence")
    correct = _joined(list(strata.values()), "correct")
    weight = np.concatenate(
        [np.full(len(judged.correct), max(sizes[by], 1) / len(judged.correct)) for by, judged in strata.items()]
    )
    return confidence, correct, weight


def _cuts(key: Floats) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield growing prefixes of rows by rising `key`; ties stay together."""
    order = np.argsort(key, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(key[order]) != 0.0, True)) + 1
    for end in _thinned(ends):
        yield int(end), order[:end]


def _thinned(values: NDArray[np.float64] | NDArray[np.intp]) -> list[float]:
    at = np.unique(np.linspace(0, len(values) - 1, min(len(values), POINTS)).round().astype(np.intp))
    kept: list[float] = values[at].tolist()
    return kept


def _exactly(figure: Figure, value: float, n: int) -> Figure:
    """Return a figure with the exact value, without rounding by its effective size, and the true count."""
    if figure.low is None or figure.high is None:
        return figure
    return Figure(value=value, low=min(figure.low, value), high=max(figure.high, value), n=n)
