"""Single value: a phrase that is nothing but one boolean, number, date, time or choice."""

from __future__ import annotations

import re
from fractions import Fraction

from cascade.reading import words
from cascade.reading.amounts import settled
from cascade.reading.choices import read_choice
from cascade.reading.dates import read_date
from cascade.reading.language import DAY_FIRST, is_one_of
from cascade.reading.number_words import NUMBER_WORDS
from cascade.reading.plain import trim
from cascade.reading.quantities import read_quantity
from cascade.reading.terms import read_none, read_term
from cascade.reading.values import Boolean, Date, Number, Value

SENTENCE_END = re.compile(
    r"(?<![\s.(][A-Za-z])(?<!\b(?:Dr|Mr|St|No|Jr|vs))(?<!\b(?:Mrs|etc))(?:[.!?](?=\s|$)|[。！？।؟])"
)
_EQUATION = re.compile(r"[^\W\d_]\w{0,2}\s?=\s?([^=]+)")
"""A short name and its value: x = 5."""
FIGURE = re.compile(r"\d")
_SPELLED = re.compile(r"([^\W\d]+(?:[ -][^\W\d]+){0,4}) ?\((\d[\d.,]*)\)")
"""A number in words and again in figures: six (6)."""


def single_value(text: str, bare: str, context: str) -> Value | None:
    """Return the value of a phrase that is nothing but a boolean, a date, a time, a number, or a choice."""
    if bare[:1] == "(" and bare[-1:] == ")" and "(" not in bare[1:]:
        bare = bare[1:-1].strip()
    equation = _EQUATION.fullmatch(bare)
    if equation is not None:
        text = bare = equation[1]
    if not bare:
        return None
    folded = bare.casefold()
    if folded in words.TRUE or folded in words.FALSE:
        return Boolean(value=folded in words.TRUE)
    if folded in NUMBER_WORDS:
        return Number(value=Fraction(NUMBER_WORDS[folded]))
    spelled = _SPELLED.fullmatch(bare)
    if spelled is not None:
        one, other = (single_value(part, part, context) for part in spelled.groups())
        return other if isinstance(one, Number) and isinstance(other, Number) and one.key == other.key else None
    chosen = read_choice(text.strip()) or read_choice(bare)
    if chosen is not None:
        return chosen
    if (nothing := read_none(folded)) is not None:
        return nothing
    if FIGURE.search(bare):
        dated = read_date(bare)
        if dated is not None:
            return dated if len(dated.readings) == 1 else _certain(bare, dated, context)
        term = read_term(bare)
        if term is not None:
            return term
    number = read_quantity(bare)
    return None if number is None else settled(number, context)


def _certain(bare: str, dated: Date, context: str) -> Date:
    if is_one_of(context, DAY_FIRST):
        return read_date(bare, day_first=True) or dated
    return dated


def beginnings(text: str) -> list[str]:
    """Return the beginnings of a phrase that may be the answer alone: before an explanation, the first sentence."""
    found = []
    because = words.BECAUSE.search(text)
    if because is not None and because.start() and because[0][:1] in " \t,;，、-–—(（":
        found.append(text[: because.start()])
    ended = SENTENCE_END.search(text)
    if ended is not None and ended.start() > 2:
        found.append(text[: ended.start()])
        found.extend(without_copula(trim(one)) for one in found[:1] if without_copula(one) != one)
    opened = re.match(r"(\w+)(?:\s*[,;:.!–—(、，。]|\s+-\s)", text) or re.match(r"(\w+)(?=\s)", text)
    if opened is not None and opened[1].casefold() in words.TRUE | words.FALSE:
        follows = text[opened.end(1) :]
        goes_on = not follows[:1].isspace() or words.PRONOUN.match(follows) or follows.lstrip()[:1] in "-–—("
        if goes_on and not re.match(r"\.?\s*\d", follows):  # No. 5
            found.append(opened[1])
    return found


def offers_two(bare: str, context: str) -> bool:
    """Return whether a phrase offers two typed values: `3 or 4`, `either B or C`."""
    parts = words.OR.split(re.sub(r"^(?:either|entweder|soit|o bien)\s+", "", bare, flags=re.IGNORECASE))
    return 1 < len(parts) < 6 and all(single_value(part, trim(part), context) is not None for part in parts)


def without_copula(text: str) -> str:
    """Return a phrase without the copulas at its end, which in some languages come last."""
    for _ in range(3):
        bare = text.rstrip(" \t\r\n.。।!")
        ending = next((one for one in words.ENDINGS if bare.endswith(one)), None)
        if ending is None:
            break
        text = bare.removesuffix(ending).rstrip()
    return text
