"""Sameness of two answers: True, False, or None where it cannot be told."""

from __future__ import annotations

import re

from cascade.reading import words
from cascade.reading.phrase import value_of
from cascade.reading.text_relations import affirms, alike_but_form, denies, holds
from cascade.reading.values import (
    Answer,
    Boolean,
    Choice,
    Code,
    Date,
    Number,
    Sequence,
    Structure,
    Text,
    Unsure,
    Value,
)
from cascade.reading.wording import SPAN

_WORDS = re.compile(r"[^\W_]+")
_TITLES = re.compile(r"^(?:(?:dr|prof|professor|mr|mrs|ms|sir|herr|frau|m|mme|monsieur|madame|sig|sr|sra)\.? )+")
_ORDER = (Text, Choice, Code, Date, Sequence, Structure, Boolean, Number)


def same(left: Answer, right: Answer) -> bool | None:
    """Return whether two answers say the same; None in doubt.

    Values of equal key are the same. Of a number without a unit and one with, the figures decide, since the unit may
    stand in the question; of a sentence and a bare value, what the sentence says. In doubt are: an answer that is
    unsure, two readings of a date or a number, a text inside another, two long texts of different words.
    """
    if isinstance(left, Unsure) or isinstance(right, Unsure):
        return None
    if left.key == right.key:
        return True
    if isinstance(left, Number) and isinstance(right, Number):
        return _numbers(left, right)
    if isinstance(left, Date) and isinstance(right, Date):
        return _dates(left, right)
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        return _sequences(left, right)
    if isinstance(left, Text) and isinstance(right, Text):
        return _texts(left, right)
    if type(left) is type(right):
        return False
    return _two_kinds(left, right)


def _two_kinds(left: Value, right: Value) -> bool | None:
    """Compare values of two kinds, in a fixed order of kinds, so that it does not matter which comes first."""
    one, other = sorted((left, right), key=lambda value: _ORDER.index(type(value)))
    match one:
        case Text():
            return _text_and_value(one, other)
        case Choice():
            return _choice_and_value(one, other)
        case Code():
            return None
        case Date() if isinstance(other, Number):
            years = {year for year, month, _ in one.readings if month is not None}
            return None if other.unit is None and other.value in years else False
        case Sequence() if len(one.items) == 1 or not one.ordered:
            return False if all(same(item, other) is False for item in one.items) else None
    return False


def _numbers(left: Number, right: Number) -> bool | None:
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


def _dates(left: Date, right: Date) -> bool | None:
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


def _sequences(left: Sequence, right: Sequence) -> bool | None:
    if len(left.items) != len(right.items):
        return False
    if left.kind != right.kind and "tuple" in (left.kind, right.kind):
        return False if left.ordered and right.ordered else None
    pairs = [
        same(one, other) if isinstance(one, Sequence) is isinstance(other, Sequence) else False
        for one, other in zip(left.items, right.items, strict=True)
    ]
    if all(pair is True for pair in pairs):
        return True if left.kind == right.kind or "set" not in (left.kind, right.kind) else None
    unordered = not (left.ordered and right.ordered)
    if unordered and sorted(map(repr, left.key[1:])) == sorted(map(repr, right.key[1:])):
        return None if left.kind != "set" or right.kind != "set" else True
    if False in pairs:
        return False
    return None


def _texts(left: Text, right: Text) -> bool | None:  # noqa: C901 - one condition a kind of text
    if left.quoted is not None and right.quoted is not None:
        return False
    if left.normal == right.normal:
        if (left.quoted is None) is not (right.quoted is None):
            one, other = (left, right) if right.quoted is None else (right, left)
            return True if other.raw.rstrip(".") in (one.raw, one.raw.rstrip(".")) else None
        return True if alike_but_form(left.raw, right.raw) else None
    for one, other in ((left, right), (right, left)):
        if one.complement is not None and other.complement is None and not other.numbers:
            found = same(one.complement, other)
            if found:
                return True
    mine, theirs = left.complement, right.complement
    if mine is not None and theirs is not None and not isinstance(mine, Text) and not isinstance(theirs, Text):
        return same(mine, theirs)
    if isinstance(mine, Text) and isinstance(theirs, Text) and mine.key == theirs.key and SPAN.fullmatch(mine.raw):
        return True
    if left.is_long or right.is_long or (mine is not None and theirs is not None and same(mine, theirs)):
        return None
    if sorted(_WORDS.findall(left.normal)) == sorted(_WORDS.findall(right.normal)):
        return None if " " in left.normal else False
    if (untitled := _TITLES.sub("", left.normal)) == _TITLES.sub("", right.normal) and " " in untitled:
        return True
    if left.number is not None and right.number is not None and same(left.number, right.number) is False:
        return False
    return None if affirms(left.normal, right.normal) or affirms(right.normal, left.normal) else False


def _text_and_value(text: Text, value: Answer) -> bool | None:
    if text.quoted is not None:  # 'no' may be the word, as "no" is where no quotation marks are written
        if text.quoted.strip() != text.quoted:
            return None
        inner = value_of(text.quoted)
        found = False if isinstance(inner, Text) else same(inner, value)
        return None if isinstance(value, Code) or (found is None and isinstance(inner, Number)) else found
    if text.complement is not None:
        found = same(text.complement, value)
        if found and isinstance(value, Number | Choice | Date) and denies(text.normal):
            return None
        if found or (found is False and not text.numbers):
            return found
    if isinstance(value, Number) and text.numbers:
        each = [same(number, value) for number in text.numbers]
        if True in each and denies(text.normal):
            return None
        return each[0] if len(each) == 1 else None if any(one is not False for one in each) else False
    if isinstance(value, Choice):
        if text.normal in (value.label.casefold(), value.text):
            return True
        return None  # it may be the text of that option
    if text.is_long or _may_say(text.normal, value):
        return None
    return None if isinstance(value, Code) else False


def _may_say(normal: str, value: Answer) -> bool:
    """Return whether a sentence in unknown words may say a value: it holds the year, an item, or a yes or no."""
    if normal.isascii() and " " not in normal:
        return False
    match value:
        case Date():
            return any(str(year) in normal for year, _, _ in value.readings)
        case Sequence():
            return any(holds(normal, item.normal) for item in value.items if isinstance(item, Text))
        case Number():
            return " " in normal and any(map(str.isdigit, normal))
        case Boolean():
            return any(holds(normal, word) for word in words.TRUE | words.FALSE)
        case _:
            return False


def _choice_and_value(choice: Choice, value: Answer) -> bool | None:
    if isinstance(value, Number) and choice.label.isdigit():
        return value.value == int(choice.label)
    return None if choice.text else False
