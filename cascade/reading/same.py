"""Sameness of two answers: True, False, or None where it cannot be told."""

from __future__ import annotations

import re

from cascade.reading import words
from cascade.reading.phrase import of_json, value_of
from cascade.reading.plain import CITED_LIST
from cascade.reading.same_values import same_dates, same_numbers, same_terms
from cascade.reading.text_relations import (
    affirms,
    alike_but_form,
    are_about_two,
    denies,
    holds,
    name_others,
    name_the_same,
)
from cascade.reading.values import (
    Answer,
    Boolean,
    Choice,
    Code,
    Date,
    Number,
    Sequence,
    Structure,
    Term,
    Text,
    Unsure,
    Value,
)

_WORDS = re.compile(r"[^\W_]+")
_FIGURES = re.compile(r"-?\d+(?:/\d+)?")
_TITLES = re.compile(r"^(?:(?:dr|prof|professor|mr|mrs|ms|sir|herr|frau|m|mme|monsieur|madame|sig|sr|sra)\.? )+")
_ORDER = (Text, Choice, Code, Date, Term, Sequence, Structure, Boolean, Number)


def same(left: Answer, right: Answer) -> bool | None:
    """Return whether two answers say the same; None in doubt.

    Values of equal key are the same. Of a number without a unit and one with, the figures decide, since the unit may
    stand in the question; of a sentence and a bare value, what the sentence says. In doubt are: an answer that is
    unsure, two readings of a date or a number, a text inside another, two long texts of different words, two claims
    behind one yes, one value that is said to rise and to fall or of other names.
    """
    if isinstance(left, Unsure) or isinstance(right, Unsure):
        return None
    if left.key == right.key:
        return True
    if isinstance(left, Number) and isinstance(right, Number):
        return same_numbers(left, right)
    if isinstance(left, Date) and isinstance(right, Date):
        return same_dates(left, right)
    if isinstance(left, Term) and isinstance(right, Term):
        return same_terms(left, right)
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        return _sequences(left, right)
    if isinstance(left, Text) and isinstance(right, Text):
        return _texts(left, right)
    if isinstance(left, Boolean) and isinstance(right, Boolean):
        return _booleans(left, right)
    if isinstance(left, Choice) and isinstance(right, Choice) and left.label == right.label:
        return None if left.text and right.text else True  # one of them may be a name with an initial
    if type(left) is type(right):
        return False
    return _two_kinds(left, right)


def _booleans(left: Boolean, right: Boolean) -> bool | None:
    """Compare yes and no. Where another claim stands behind each, they may answer what is no question of yes or no."""
    alike = left.value is right.value
    if left.said is None or right.said is None:
        return alike
    one, other = (said.number or said if isinstance(said, Text) else said for said in (left.said, right.said))
    found = same(one, other)
    if alike:
        return True if found else None
    return None if found is not False and (left.grants or right.grants) else False


def _boolean_and_value(one: Boolean, said: Value, value: Value) -> bool | None:
    """Compare yes or no with a claim behind it, and another value: `Yes, it's 758` and `758`."""
    found = same(said, value)
    if found is not False:
        return found
    if isinstance(said, Text) and isinstance(value, Text):
        return False if name_others(said.raw, value.raw) else None
    return None if isinstance(said, Text) else _two_kinds(Boolean(value=one.value), value)


def _two_kinds(left: Value, right: Value) -> bool | None:
    """Compare values of two kinds, in a fixed order of kinds, so that it does not matter which comes first."""
    one, other = sorted((left, right), key=lambda value: _ORDER.index(type(value)))
    for opened, value in ((one, other), (other, one)):
        if isinstance(opened, Boolean) and opened.said is not None:
            return _boolean_and_value(opened, opened.said, value)
    for named, value in ((one, other), (other, one)):
        if isinstance(named, Structure) and (inner := _only_value(named)) is not None:
            return None if same(inner, value) is not False else False
    match one:
        case Text():
            found = _text_and_value(one, other)
            return None if found is False and _hold_the_same(one, other) else found
        case Choice():
            return _choice_and_value(one, other)
        case Code():
            return None
        case Date() if isinstance(other, Number):
            years = {year for year, month, _ in one.readings if month is not None}
            return None if other.unit is None and other.value in years else False
        case Term() if isinstance(other, Number | Sequence):
            return None if isinstance(other, Sequence) or str(other.value) in _FIGURES.findall(one.canonical) else False
        case Sequence() if isinstance(other, Structure):
            return _unknowns(one, other)
        case Sequence() if len(one.items) == 1 or not one.ordered:
            return False if all(same(item, other) is False for item in one.items) else None
    return False


def _only_value(named: Structure) -> Answer | None:
    """Return the value of a JSON object with one field, which may be what another answer says without its name."""
    if not isinstance(named.value, dict) or len(named.value) != 1:
        return None
    [(name, value)] = named.value.items()
    return None if "_".join(name.casefold().split()) in words.FREE_TEXT else of_json(value)


def _unknowns(values: Sequence, named: Structure) -> bool | None:
    """Compare `(3, -4)` with `x = 3, y = -4`, which may mean it."""
    if not isinstance(named.value, dict) or len(named.value) != len(values.items):
        return False
    return (
        False
        if any(same(one, of_json(two)) is False for one, two in zip(values.items, named.value.values(), strict=True))
        else None
    )


def _sequences(left: Sequence, right: Sequence) -> bool | None:
    if len(left.items) != len(right.items):
        return None if _hold_the_same(left, right) else False
    if left.kind != right.kind and "tuple" in (left.kind, right.kind):
        return False if left.ordered and right.ordered else None
    pairs = [
        same(one, other) if isinstance(one, Sequence) is isinstance(other, Sequence) else False
        for one, other in zip(left.items, right.items, strict=True)
    ]
    if all(pair is True for pair in pairs):
        kinds = {left.kind: left.ordered, right.kind: right.ordered}
        return True if left.kind == right.kind or "set" not in kinds or not any(kinds.values()) else None
    unordered = not (left.ordered and right.ordered)
    if unordered and sorted(map(repr, left.key[1:])) == sorted(map(repr, right.key[1:])):
        return True if "set" in (left.kind, right.kind) and not (left.ordered or right.ordered) else None
    if False in pairs:
        return None if _hold_the_same(left, right) else False
    return None


def _hold_the_same(left: Value, right: Value) -> bool:
    """Return whether two values, one with words, hold the same several figures: `12 and 14 are free` and `12, 14`."""
    one, other = _figures_of(left), _figures_of(right)
    return len(one) > 1 and sorted(one) == sorted(other) and (_has_words(left) or _has_words(right))


def _figures_of(value: Value) -> list[str]:
    if isinstance(value, Sequence):
        return [figure for item in value.items for figure in _figures_of(item)]
    return [str(value.value)] if isinstance(value, Number) else _FIGURES.findall(getattr(value, "raw", ""))


def _has_words(value: Value) -> bool:
    return isinstance(value, Text) or (isinstance(value, Sequence) and any(map(_has_words, value.items)))


def _texts(left: Text, right: Text) -> bool | None:  # noqa: C901, PLR0912 - one condition a kind
    if left.quoted is not None and right.quoted is not None:
        return False
    mine, theirs = left.complement, right.complement
    if not left.normal and not right.normal and left.raw != right.raw:
        return False
    if left.normal == right.normal and not (mine and theirs and same(mine, theirs) is False):
        if (left.quoted is None) is not (right.quoted is None):
            one, other = (left, right) if right.quoted is None else (right, left)
            return True if other.raw.rstrip(".") in (one.raw, one.raw.rstrip(".")) else None
        lists = [CITED_LIST.findall(text.exact) for text in (left, right)]
        is_said = all(lists) and lists[0] != lists[1]  # of one text's sources and another's, or what both say
        return True if not is_said and alike_but_form(left.raw, right.raw) else None
    for one, other in ((left, right), (right, left)):
        if one.complement is not None and other.complement is None and not other.numbers:
            found = same(one.complement, other)
            if found:
                return True
    if mine is not None and theirs is not None and not isinstance(mine, Text) and not isinstance(theirs, Text):
        found = same(mine, theirs)
        in_doubt = denies(left.normal) or denies(right.normal) or are_about_two(left.raw, right.raw)
        return None if found and in_doubt else found
    for one, said in ((left, theirs), (right, mine)):
        if (
            said is not None
            and not isinstance(said, Text)
            and (one.is_long or " " in one.normal or not one.normal.isascii())
        ):
            return _text_and_value(one, said)
    if left.is_long or right.is_long or (mine is not None and theirs is not None and same(mine, theirs)):
        return None
    if sorted(_WORDS.findall(left.normal)) == sorted(_WORDS.findall(right.normal)):
        return None if " " in left.normal else False
    if (untitled := _TITLES.sub("", left.normal)) == _TITLES.sub("", right.normal) and " " in untitled:
        return True
    if left.number is not None and right.number is not None:
        return False if same(left.number, right.number) is False else None
    may_agree = _may_affirm(left, right) or _may_affirm(right, left) or name_the_same(left.raw, right.raw)
    return None if may_agree else False


def _may_affirm(sentence: Text, part: Text) -> bool:
    """Return whether a text may say what another says: it holds it, or its complement, or ends as it does."""
    if affirms(sentence.normal, part.normal):
        return True
    inner = part.complement
    if isinstance(inner, Text) and holds(sentence.normal, inner.normal):
        return True
    one, other = (_WORDS.findall(text.normal)[-1:] for text in (sentence, part))
    return one == other and " " in sentence.normal and " " in part.normal and sentence.raw[-1:] in ".!。"


def _text_and_value(text: Text, value: Answer) -> bool | None:
    if text.quoted is not None:  # 'no' may be the word, as "no" is where no quotation marks are written
        if text.quoted.strip() != text.quoted:
            return None
        inner = value_of(text.quoted)
        found = False if isinstance(inner, Text) else same(inner, value)
        return None if isinstance(value, Code) or (found is None and isinstance(inner, Number)) else found
    if text.complement is not None:
        found = same(text.complement, value)
        if found and isinstance(value, Number | Choice | Date | Term) and denies(text.normal):
            return None
        if found or (found is False and not text.numbers):
            return found
    if isinstance(value, Number) and text.numbers:
        each = [same(number, value) for number in text.numbers]
        if True in each and denies(text.normal):
            return None
        if len(each) == 1 and each[0] and not words.CONCLUSION.match(text.raw):
            return None  # a sentence in words that are not known may as well reject it
        return each[0] if len(each) == 1 else None if any(one is not False for one in each) else False
    if isinstance(value, Choice):
        if text.normal in (value.label.casefold(), value.text):
            return None if text.raw[:2] == "A " and value.label != "A" else True
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
        case Number() | Term():
            return (" " in normal or not normal.isascii()) and any(map(str.isdigit, normal))
        case Boolean():
            return True  # any sentence may: Dogs are not allowed
        case _:
            return False


def _choice_and_value(choice: Choice, value: Answer) -> bool | None:
    if isinstance(value, Number) and choice.label.isdigit():
        return value.value == int(choice.label)
    return None if choice.text else False
