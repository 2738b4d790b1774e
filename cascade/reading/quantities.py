"""Quantities: a phrase that is a number with its unit, or with what is counted."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from cascade.reading.numbers import match_number
from cascade.reading.units import Unit, unit_of
from cascade.reading.values import Number
from cascade.reading.wording import DENIED, EXCLUDED
from cascade.reading.words import NEGATIONS

_LETTER = re.compile(r"[^\W\d_]")
_LABELS = re.compile(r"[.)] +[^\W\d_]")
"""What follows a number that labels an item: `1. Paris`."""
_DECADE = re.compile(r"(?:1\d|20)\d0['’]?s\b")
"""Ten years, and no seconds: `the 1990s`."""
_RATE = re.compile(r"\s*(?:/|per |pro |par |por |al |each |every )", re.IGNORECASE)
_VERB = re.compile(
    r"(?:is|are|was|were|isn't|aren't|would|could|can|cannot|will|may|might|must|should|has|have|had|seems|looks|appears"
    r"|ist|sind|war|wäre|wird|kann|scheint|scheidet|est|sont|n'est|serait|reste|es|son|queda|resulta|sería|é|são|fica|seria"
    r"|está|è|sono|sarebbe|resta|zijn|blijft|klopt|jest|to|był\w*|является|будет|är|blir)\b"
)
"""A verb behind a number, which makes a sentence: `5 is not the answer`."""
_PREDICATE = re.compile("[はがも]?(?:[不没沒未无無非否莫勿違违太过過很更最较較偏]|並非|并非)")
"""How a predicate begins in scripts without blanks, and what is counted does not: `576不符合`."""
_NEAR: Final = Fraction(1, 50)
"""How far a number in another unit may be from what it restates: it is rounded."""
_DENYING: Final = NEGATIONS - {"mai", "ni"}
"""Words behind a number that deny it: `5 does not work`."""
_UNIT_WORDS: Final = 3
"""Most words of a unit."""
_NOUN_WORDS: Final = 14
"""Most words after a number that still are what is counted."""


def read_quantity(phrase: str) -> Number | None:
    """Return the quantity that a plain phrase is, whole: a number with its unit, or with what is counted; else None."""
    matched = None if _DECADE.match(phrase) else match_number(phrase)
    if matched is None:
        return None
    number, end = matched
    rest = phrase[end:]
    if not rest.strip():
        return number
    if _LABELS.match(rest):
        return None
    if _LETTER.match(rest[:1]) and rest[0] < "\u3040" and unit_of(rest.split(" ")[0].rstrip(".,;")) is None:
        return None
    return _with_unit(number, rest)


def _with_unit(number: Number, rest: str) -> Number | None:
    """Return the number with the unit, or the noun, that follows it; compound quantities (1 h 30 min) are added up."""
    rest = rest.strip()
    dash = re.match(r"-(?=[^\W\d])", rest)
    rest = rest[1:] if dash else rest
    unit, noun = number.unit, ""
    if unit is None:
        unit, rest = _leading_unit(rest)
    rest = rest.strip(" .,;")
    if rest and (unit is not None or rest[0] in "(="):
        added = None if unit is None else _compound(number, unit, rest)
        if added is None:
            added = _restated(Number(value=number.value, unit=unit, alternative=number.alternative), rest)
        if added is not None:
            return added
    if rest:
        if any(character.isdigit() for character in rest) or len(rest.split()) > _NOUN_WORDS:
            return None
        if rest[:1] in "+-*/=<>^×(":
            return (
                None
                if not rest.startswith("(")
                else Number(value=number.value, unit=unit, alternative=number.alternative)
            )
        noun = " ".join(rest.casefold().split())
        if (
            _VERB.match(noun)
            or _PREDICATE.match(noun)
            or not _DENYING.isdisjoint(noun.replace("n't", " n't").split())
            or DENIED.search(noun)
            or EXCLUDED.search(noun)
        ):
            return None
    return Number(value=number.value, unit=unit, noun=noun, alternative=number.alternative)


def _leading_unit(rest: str) -> tuple[Unit | None, str]:
    """Return the unit at the beginning of a text, the longest that is one, and what follows it."""
    words = rest.split(" ")
    for count in range(min(_UNIT_WORDS, len(words)), 0, -1):
        candidate = " ".join(words[:count]).strip(",;")
        unit = unit_of(candidate) or unit_of(candidate.rstrip("."))
        if unit is not None and not (_RATE.search(candidate) and any(len(base) == 3 for base, _ in unit.dimension)):
            return unit, " ".join(words[count:])
    slash = re.match(r"([^\W\d]+\.?|[^\w\s])\s?/", rest)  # a rate of money: 元/个
    if slash and (unit := unit_of(slash[1])) is not None:
        return unit, rest[slash.end(1) :]
    for length in range(min(6, len(words[0])), 0, -1):  # in scripts without blanks
        if words[0][0] < "\u0900" and length < len(words[0]):
            break
        unit = unit_of(words[0][:length])
        if unit is not None:
            return unit, rest[length:]
    return None, rest


def _compound(number: Number, unit: Unit, rest: str) -> Number | None:
    rest = re.sub(r"^(?:(?:and|und|et|y|e|en|i|и|ve|och|और|,)\s+|(?:و|와|과|と|和|又)\s?)", "", rest)
    if not rest[:1].isdigit() or number.unit is not None:
        return None
    further = read_quantity(rest)
    if further is None or further.unit is None or further.noun or further.unit.dimension != unit.dimension:
        return None
    if further.unit.scale >= unit.scale or number.value < 0:
        return None
    total = number.value + further.value * further.unit.scale / unit.scale
    return Number(value=total, unit=unit)


def _restated(number: Number, rest: str) -> Number | None:
    """Return a number that is said again in another form, `5 km (5,000 m)`, if the two are near enough."""
    again = rest[1:-1] if rest[0] == "(" and rest[-1] == ")" else rest[1:] if rest[0] in "=≈" else None
    other = None if again is None else read_quantity(again.strip().removeprefix("=").removeprefix("≈").strip())
    if other is None or other.noun:
        return None
    one, two = (
        part.share if part.unit is not None and part.unit.is_percent else part.scaled for part in (number, other)
    )
    dimensions = [() if part.unit is None or part.unit.is_percent else part.unit.dimension for part in (number, other)]
    near = abs(one - two) <= max(abs(one), abs(two)) * _NEAR
    return number if dimensions[0] == dimensions[1] and near else None
