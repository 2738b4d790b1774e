"""Renewal: after how many recorded rows a bound on disagreement is looked at again, once its policy is void."""

from __future__ import annotations

import math

CERTIFY = 0.6
"""Share of rows that certify; the others learn."""

FEWEST = 60
"""Rows of the first look, at least: less gives nothing to learn from."""

AT_RATE = 0.2
"""The first look is planned for a policy that differs in this share of what is allowed."""

POWER = 0.9
"""The probability with which it then passes."""

_STEP = 0.05


def first_rows(eps: float, delta: float) -> int:
    """Return the rows of the first look: as many that a policy well within the bound passes with probability `POWER`.

    With m as the mean number of rows that differ at the bound, it passes where at most c do, c the largest with
    P(Poisson(m) ≤ c) ≤ δ / 2, the level of look 1. m is the least with P(Poisson(m · AT_RATE) ≤ c) ≥ POWER.

    Args:
        eps: the bound, in (0, 1).
        delta: 1 − confidence, over the tasks that share it.
    """
    mean = _STEP
    while True:
        most = _most(mean, delta / 2.0)
        if most >= 0 and _at_most(most, mean * AT_RATE) >= POWER:
            return max(FEWEST, math.ceil(mean / eps / CERTIFY))
        mean += _STEP


def _most(mean: float, level: float) -> int:
    """Return the largest c with P(Poisson(mean) ≤ c) ≤ level; -1 where there is none."""
    most = -1
    while _at_most(most + 1, mean) <= level:
        most += 1
    return most


def next_rows(first: int, seen: int) -> int:
    """Return the rows of the next look where so many are there: twice as many as at the one before, from `first` on."""
    wanted = first
    while wanted <= seen:
        wanted *= 2
    return wanted


def looks_due(first: int, seen: int) -> list[int]:
    """Return the rows of the looks that are due where so many are there, the earliest first; [] before the first."""
    due, wanted = [], first
    while wanted <= seen:
        due.append(wanted)
        wanted *= 2
    return due


def _at_most(count: int, mean: float) -> float:
    """Return P(Poisson(mean) ≤ count)."""
    term = total = math.exp(-mean)
    for k in range(1, count + 1):
        term *= mean / k
        total += term
    return total
