"""Digits: grouped figures as any country writes them, as an exact value."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

MAX_DIGITS: Final = 400
"""Most digits of a number that is read as one."""
_PADDED = re.compile(r"0\d")
"""Figures that are padded with zeros: a code, and no amount."""


def decimal_of(token: str) -> tuple[Fraction, Fraction | None] | None:
    """Return the value of grouped digits, and the other reading where there are two; None if they are no number.

    A lone comma or point before just three digits has two: 1,234 is read as grouped, 1.234 as a decimal.
    """
    if len(token) > MAX_DIGITS or _PADDED.match(token):
        return None
    if token[0] in ".,":
        token = "0" + token
    marks = [character for character in token if character in ".,·"]
    decimal, other = "", ""
    if "·" in marks:
        decimal = "·"
    elif len(set(marks)) == 2:
        decimal = marks[-1]
    elif len(marks) == 1:
        before, after = token.split(marks[0])
        if len(after) != 3 or len(before) > 3 or before.startswith("0") or not before.isdigit():
            decimal = marks[0]
        else:
            decimal, other = ("", marks[0]) if marks[0] == "," else (marks[0], "group")
    if decimal and token.count(decimal) != 1:
        return None
    value = _grouped(token, decimal)
    if value is None:
        return None
    return value, None if not other else _grouped(token, "" if other == "group" else other)


def _grouped(token: str, decimal: str) -> Fraction | None:
    whole, _, fraction = token.partition(decimal) if decimal else (token, "", "")
    if not fraction.isdigit() and fraction:
        return None
    groups = re.split(r"[.,'_ ]", whole)
    if len(groups) > 1:
        western = all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3
        indian = len(groups[-1]) == 3 and all(len(group) == 2 for group in groups[1:-1]) and len(groups[0]) <= 2
        if not (western or indian) or (len({mark for mark in whole if not mark.isdigit()}) > 1):
            return None
    digits = "".join(groups)
    return Fraction(int(digits + fraction), 10 ** len(fraction))
