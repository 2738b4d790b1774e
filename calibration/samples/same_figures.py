"""Figures of sameness: how often a rung says what the reference says, and how often the reference repeats itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calibration.samples.layout import Layout
from calibration.stats.estimates import estimate, pick
from cascade.display.numbers import percent, share

LITTLE = 0.3
"""Share of same answers below which a bound on disagreement has little to accept: of free text it is mostly less."""


def same_shares(layout: Layout) -> dict[str, dict[str, Any]]:
    """Return how often each rung below the reference says the same, by rung.

    Over the rows on which both were recorded: `n`, the share of answers that are the `same`, with its 90 % interval,
    and the share of which it is `unsure`.
    """
    table, found = layout.table, {}
    groups = table.groups if any(table.groups) else None
    for k, rung in enumerate(table.rungs[:-1]):
        both = table.present[:, k] & table.present[:, -1]
        same = np.zeros(0) if layout.same is None else layout.same[both, k].astype(np.float64)
        doubt = np.zeros(0) if layout.unsure is None else layout.unsure[both, k].astype(np.float64)
        found[rung] = {
            "n": int(both.sum()),
            "same": estimate(same, pick(groups, both)),
            "unsure": float(doubt.mean()) if doubt.size else None,
        }
    return found


def repeat_figures(layout: Layout) -> dict[str, Any] | None:
    """Return how often the reference differs from itself; None where it answered no request more than once.

    `n` requests, and the share `differs` with its 90 % interval.
    """
    if layout.repeats is None:
        return None
    known = ~np.isnan(layout.repeats)
    if not known.any():
        return None
    groups = layout.table.groups if any(layout.table.groups) else None
    return {"n": int(known.sum()), "differs": estimate(1.0 - layout.repeats[known], pick(groups, known))}


def describe_sameness(
    task: str, reference: str, shares: Mapping[str, Any], repeats: Mapping[str, Any] | None
) -> list[str]:
    """Return what is to be said before anything is fitted, in sentences."""
    parts = [
        f"{share(one['same'])} of {one['n']:,} answers of {rung}"
        + (f" ({percent(one['unsure'])} unsure)" if one["unsure"] else "")
        for rung, one in shares.items()
    ]
    said = [f"{task}: the same as {reference} says: {'; '.join(parts)}."]
    said += [f"{task}: {sentence}" for sentence in few_are_same(shares)]
    if repeats is not None:
        said.append(
            f"{task}: asked the same again, {reference} itself differs on {share(repeats['differs'])} of "
            f"{repeats['n']:,} requests."
        )
    return said


def few_are_same(shares: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a warning if so few answers are same that a bound on disagreement wins little."""
    most = max((one["same"]["value"] or 0.0 for one in shares.values()), default=0.0)
    if most >= LITTLE:
        return ()
    sentence = (
        "Little is the same, so a bound on disagreement leaves little to answer below the reference. It is for answers "
        "that have a value (a choice, a number, a field, a tool call): declare the field that holds it (`answer: "
        "/field` of the task, or `x-cascade-answer` in the schema). Of free text little is the same."
    )
    return (sentence,)
