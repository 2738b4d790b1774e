"""Sameness of two numbers, two dates or two terms: True, False, or None where it cannot be told."""

from __future__ import annotations

from cascade.reading.values import Date, Number, Term

MAX_NOUN = 4
"""Most characters of what is counted, in scripts without blanks."""


def same_numbers(left: Number, right: Number) -> bool | None:
    """Compare numbers of unequal key: with a unit and without, as a share, with two readings, of counted things."""
    if (
        any(" " in noun or (len(noun) > MAX_NOUN and noun > "\u3000") for noun in (left.noun, right.noun))
        and not (left.noun and right.noun)
        and left.value == right.value
    ):
        return None  # several words behind a number may say more than what is counted
    nouns_alike = not left.noun or not right.noun or _alike(left.noun, right.noun)
    if left.unit is not None and right.unit is not None:
        if left.unit.dimension != right.unit.dimension:
            return _other_dimensions(left, right)
        if left.scaled != right.scaled:
            return None if _alternatives(left, right) else False
        return True if nouns_alike else None
    for one, other in ((left, right), (right, left)):
        if one.unit is not None and one.unit.is_percent:  # 20 % is .2, and may be said where a percentage is asked for
            if one.share == other.value and not other.noun:
                return True
            return None if one.value == other.value else False
    if left.value != right.value:
        return None if _alternatives(left, right) else False
    if left.unit is None and right.unit is None:
        return True if nouns_alike else None
    bare = left if left.unit is None else right
    return None if bare.noun else True


def _other_dimensions(left: Number, right: Number) -> bool | None:
    """Compare quantities of two dimensions: a rate may stand for an amount, and ¥ is two currencies."""
    (one, other) = (dict(unit.dimension) for unit in (left.unit, right.unit) if unit is not None)
    if left.value != right.value:
        return False
    if {"|".join(one), "|".join(other)} in ({"JPY|CNY", "JPY"}, {"JPY|CNY", "CNY"}):
        return True
    return None if all(other.get(base) == 1 for base in one) or all(one.get(base) == 1 for base in other) else False


def _alternatives(left: Number, right: Number) -> bool:
    return left.alternative in (right.value, right.alternative or right.value) or right.alternative == left.value


def _alike(left: str, right: str) -> bool:
    """Return whether two counted things are the same: one word of the two alike, singular or plural."""
    one, other = left.split(), right.split()
    return one[0].rstrip("s") == other[0].rstrip("s") or left.startswith(right) or right.startswith(left)


def same_dates(left: Date, right: Date) -> bool | None:
    """Compare dates of unequal key: of two readings, or without a day, a month or a year."""
    if left.readings.isdisjoint(right.readings):
        undated = {one for date in (left, right) for one in date.readings if not one[0]}
        if undated and any(one[1:] == part[1:] for one in left.readings for part in right.readings):
            return None
        partial = [one for one in (left, right) if any(None in reading for reading in one.readings)]
        if len(partial) == 1:
            known = {_known(reading) for reading in partial[0].readings}
            other = right if partial[0] is left else left
            return None if any(reading[: len(part)] == part for reading in other.readings for part in known) else False
        return False
    return None


def _known(reading: tuple[int, int | None, int | None]) -> tuple[int | None, ...]:
    return tuple(part for part in reading if part is not None)


def same_terms(left: Term, right: Term) -> bool | None:
    """Compare terms of unequal key: a time with its zone may be one without; `x≤5` may be an interval."""
    if left.kind != right.kind:
        return False
    times = [term.canonical.split() for term in (left, right)]
    if left.kind == "time":
        return None if times[0][0] == times[1][0] and len(times[0]) != len(times[1]) else False
    return None if left.kind == "bound" and (left.canonical[0] in "[(") is not (right.canonical[0] in "[(") else False
