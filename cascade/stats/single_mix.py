"""The hull of single models and their random mixes: what a policy's cost buys without a cascade, and how it is said.

A random mix of two models reaches every point between their costs and accuracies. A policy is compared with the most
accurate mix that costs no more than it does: that mix exists wherever some model is no dearer than the policy, and who
sees it can serve it instead. Report, replay, check, calibrate and demo take the mix and the words from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cascade.display.numbers import dollars, percent

Place = tuple[float, float]
"""Cost and accuracy."""


def hull(places: Sequence[Place]) -> tuple[Place, ...]:
    """Return the upper concave hull by rising cost: a random mix of two points reaches the line between them."""
    kept: list[Place] = []
    for place in sorted(places, key=lambda each: (each[0], -each[1])):
        if kept and place[1] <= kept[-1][1]:
            continue
        while len(kept) >= 2 and _below(kept[-2], kept[-1], place):
            kept.pop()
        kept.append(place)
    return tuple(kept)


def mix_at(usd: float, rungs: Sequence[str], cost: Sequence[float], right: Sequence[float]) -> dict[str, float]:
    """Return the most accurate mix that costs `usd` or less, as shares by rung; empty where every model is dearer.

    Args:
        usd: mean cost of a request.
        rungs: the models, (K,).
        cost: mean cost of a request by each, (K,).
        right: accuracy of each, (K,) in [0, 1].
    """
    places = list(zip(cost, right, strict=True))
    corners = hull(places)
    names = {place: rung for rung, place in zip(reversed(rungs), reversed(places), strict=True)}
    below = [place for place in corners if place[0] <= usd]
    if not below:
        return {}
    low = below[-1]
    above = corners[len(below)] if len(below) < len(corners) else None
    if above is None or usd <= low[0]:
        return {names[low]: 1.0}
    share = (usd - low[0]) / (above[0] - low[0])
    return {names[low]: 1.0 - share, names[above]: share}


def mean_of_strata(strata: Sequence[tuple[float, NDArray[np.float64]]], level: float) -> tuple[float, float, float]:
    """Return the mean of values in [−1, 1] over strata, and its normal interval (Cochran 1977, section 5.3).

    `strata`: weight and values of each; weights sum to 1. One row at distance 1 is added to each, so that a few equal
    values make nothing certain.
    """
    value = sum(weight * float(values.mean()) for weight, values in strata)
    variance = sum(
        weight * weight * (float(np.square(values - values.mean()).sum()) + 1.0) / len(values) ** 2
        for weight, values in strata
    )
    half = NormalDist().inv_cdf((1.0 + level) / 2.0) * math.sqrt(variance)
    return value, value - half, value + half


def name_mix(mix: Mapping[str, float]) -> str:
    """Return a mix as text: `always medium`, `a random mix of 20 % small and 80 % medium`."""
    if len(mix) == 1:
        return f"always {next(iter(mix))}"
    return "a random mix of " + " and ".join(f"{percent(part)} {name}" for name, part in mix.items())


def place_words(
    mix: Mapping[str, float], accuracy: float | None, lead: tuple[float | None, ...], *, below: bool | None, n: int
) -> str:
    """Return a policy's place against the hull, as a figure.

    Args:
        mix: the mix of at most its cost; empty where every model is dearer.
        accuracy: that of the mix.
        lead: accuracy of the mix less that of the policy, paired by row, and the ends of its interval.
        below: True where the mix is more accurate beyond chance, False where it is less, None where neither is shown.
        n: rows compared.
    """
    if not mix:
        return "above: it costs less than any single model"
    where = {True: "below", False: "above", None: "within chance"}[below]
    value, low, high = (None if one is None else 100.0 * one for one in lead)
    apart = ""
    if value is not None and low is not None and high is not None:
        more = "more" if value > 0.0 else "less"
        apart = f", {abs(value):.1f} points {more} ({low:+.1f} to {high:+.1f})".replace("-", "−")
    return f"{where}: at its cost {name_mix(mix)} is right in {percent(accuracy)}{apart} (n = {n:,})"


def below_words(mix: Mapping[str, float], usd: float | None, accuracy: float | None, lead: float) -> str:
    """Return the sentence on a policy below the hull; it is said first, and names the model or mix that beats it.

    `usd` and `accuracy` are those of the mix, `lead` its accuracy less the policy's.
    """
    return (
        f"Below the hull of single models: {name_mix(mix)}, for {dollars(usd)} a request and no more than the cascade, "
        f"is right in {percent(accuracy)}, {100.0 * lead:.1f} points more. Serve that instead, or recalibrate."
    )


def _below(a: Place, b: Place, c: Place) -> bool:
    """Return whether b is on or below the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])
