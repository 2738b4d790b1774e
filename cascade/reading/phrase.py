"""Phrases: a short text, or a value of JSON, as a typed value."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Final

from cascade.reading import words
from cascade.reading.amounts import START, numbers_of, settled
from cascade.reading.choices import read_choice
from cascade.reading.dates import read_date
from cascade.reading.language import DAY_FIRST, is_one_of
from cascade.reading.literals import canonical, of_literal, read_literal, text_of
from cascade.reading.number_words import NUMBER_WORDS
from cascade.reading.numbers import read_quantity
from cascade.reading.plain import plain, trim
from cascade.reading.sequences import comma_items, list_lines
from cascade.reading.values import (
    NOTHING,
    Answer,
    Boolean,
    Date,
    Number,
    Sequence,
    Structure,
    Text,
    Unsure,
    Value,
)
from cascade.reading.wording import BOLD_END, CONDITION, DENIED, IN_THE, arrived_at

MAX_PHRASE: Final = 400
"""Longest phrase, in characters, that is read as a number, a choice or the like."""
MAX_COMPLEMENT: Final = 5
"""Most words of what a sentence says its subject is."""

_SENTENCE_END = re.compile(
    r"(?<![\s.(][A-Za-z])(?<!\b(?:Dr|Mr|St|No|Jr|vs))(?<!\b(?:Mrs|etc))(?:[.!?](?=\s|$)|[。！？।؟])"
)
_TIME = re.compile(
    r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s?([ap])\.?m\.?|(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?(?:Uhr|h|hours|hrs))?",
    re.IGNORECASE,
)
_EQUATION = re.compile(r"[^\W\d_]\w{0,2}\s?=\s?([^=]+)")
"""A short name and its value: x = 5."""
_FIGURE = re.compile(r"\d")
_RANGE = re.compile(r"(\d{1,9}) ?- ?(\d{1,9})")
_SPELLED = re.compile(r"([^\W\d]+(?:[ -][^\W\d]+){0,4}) ?\((\d[\d.,]*)\)")
"""A number in words and again in figures: six (6)."""


def value_of(phrase: str, context: str = "") -> Answer:
    """Return the value of a phrase: one line, or the lines of a list.

    Args:
        phrase: what was marked as the answer, or a short answer as a whole.
        context: the text around it, by whose language 1.234 and 02/03/2020 are read.
    """
    text = phrase.strip()
    if not text:
        return NOTHING
    found = read_literal(text) or (read_literal(text.rstrip(" .。!！")) if text[0] in "[({" else None)
    if found is not None:
        return found
    listed = list_lines(text)
    if listed is not None:
        items, numbered = listed
        return _sequence(items, context or text, ordered=numbered)
    return _of_line(text, context or text)


def of_json(value: Any, context: str = "") -> Answer:
    """Return the value of JSON: strings as phrases, numbers exact, lists item by item, objects as they stand."""
    if isinstance(value, bool):
        return Boolean(value=value)
    if isinstance(value, int | float):
        return Number(value=Fraction(repr(value)))
    if isinstance(value, str):
        return value_of(value, context) if value.strip() else of_literal(value)
    if isinstance(value, list):
        return of_literal(value)
    return Structure(value=value, canonical=canonical(value))


def _text_or(item: Answer, raw: Any) -> Value:
    return text_of(str(raw)) if isinstance(item, Unsure) else item


def _sequence(items: list[str], context: str, *, ordered: bool) -> Sequence:
    values = tuple(_text_or(value_of(trim(plain(item)) or item, context), item) for item in items)
    return Sequence(items=values, ordered=ordered)


def _of_line(raw: str, context: str) -> Answer:
    raw = words.ASIDE.sub("", raw)
    text = plain(raw)
    bare = trim(text)
    if not bare:
        return Text(normal=text or raw, quoted=raw)
    if len(bare) > MAX_PHRASE:
        return text_of(raw, is_long=True)
    ended = _without_copula(bare)
    if ended and ended != bare:
        bare = raw = ended
        listed = read_literal(ended) if ended[0] in "[({" else None
        if listed is not None:
            return listed
    found = _typed(text, bare, context)
    if found is not None:
        return found
    denied = None if IN_THE.match(bare) else words.NOT.match(bare)
    if denied is not None:
        rest = bare[denied.end() :]
        return text_of(raw) if _typed(rest, rest, context) is None else Unsure(reason="it says what the answer is not")
    for shorter in _shorter(text):
        found = _typed(shorter, trim(shorter), context)
        if found is not None:
            return found
    if _alternatives(bare, context):
        return Unsure(reason="it names alternatives")
    because = words.BECAUSE.search(bare)
    said = _closing_words(raw, bare, context)
    if said is not None:
        return said
    items = comma_items(bare if because is None or because[0][0] not in ",，;-–—" else bare[: because.start()])
    if items is not None:
        return _sequence(items, context, ordered=False)
    return _sentence(raw, bare, context)


def _typed(text: str, bare: str, context: str) -> Value | None:
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
        one, other = (_typed(part, part, context) for part in spelled.groups())
        return other if isinstance(one, Number) and isinstance(other, Number) and one.key == other.key else None
    chosen = read_choice(text.strip()) or read_choice(bare)
    if chosen is not None:
        return chosen
    if _FIGURE.search(bare):
        dated = read_date(bare)
        if dated is not None:
            return dated if len(dated.readings) == 1 else _certain(bare, dated, context)
        time = _TIME.fullmatch(bare)
        if time is not None:
            return _time(time)
        spans = _RANGE.fullmatch(bare)
        if spans is not None and int(spans[1]) < int(spans[2]):
            return Text(normal=f"{spans[1]}-{spans[2]}", raw=f"{spans[1]}-{spans[2]}")
    number = read_quantity(bare)
    return None if number is None else settled(number, context)


def _certain(bare: str, dated: Date, context: str) -> Date:
    if is_one_of(context, DAY_FIRST):
        return read_date(bare, day_first=True) or dated
    return dated


def _time(found: re.Match[str]) -> Text:
    hours, minutes, seconds = (
        int(part or 0) for part in ((found[1], found[2], found[3]) if found[4] else found.group(5, 6, 7))
    )
    if found[4]:
        hours = hours % 12 + (12 if found[4] in "pP" else 0)
    return Text(normal=f"{hours:02}:{minutes:02}:{seconds:02}")


def _shorter(text: str) -> list[str]:
    """Return the beginnings of a phrase that may be the answer alone: before an explanation, the first sentence."""
    found = []
    because = words.BECAUSE.search(text)
    if because is not None and because.start() and because[0][:1] in " \t,;，、-–—(（":
        found.append(text[: because.start()])
    ended = _SENTENCE_END.search(text)
    if ended is not None and ended.start() > 2:
        found.append(text[: ended.start()])
        found.extend(_without_copula(trim(one)) for one in found[:1] if _without_copula(one) != one)
    opened = re.match(r"(\w+)(?:\s*[,;:.!–—(、，。]|\s+-\s)", text) or re.match(r"(\w+)(?=\s)", text)
    if opened is not None and opened[1].casefold() in words.TRUE | words.FALSE:
        follows = text[opened.end(1) :]
        goes_on = not follows[:1].isspace() or words.PRONOUN.match(follows) or follows.lstrip()[:1] in "-–—("
        if goes_on and not re.match(r"\.?\s*\d", follows):  # No. 5
            found.append(opened[1])
    return found


def _closing_words(raw: str, bare: str, context: str) -> Answer | None:
    """Return a sentence with what closes it: in bold, behind a verb of arrival, or behind a word such as `thus`."""
    if CONDITION.search(bare) or DENIED.search(bare) or raw.rstrip("*_ ")[-1:] in ("?", "？"):
        return None
    bold = BOLD_END.search(raw)
    opened = words.CONCLUSION.match(bare)
    if bold is not None:
        said, before = trim(plain(bold[1])), raw[: bold.start(1)]
    elif (arrived := arrived_at(bare)) is not None:
        said, before = trim(arrived), bare.removesuffix(arrived)
    elif opened is not None and (led := re.match(r"\s*(?:[,，、:：]\s*)?", bare[opened.end() :])) is not None:
        said, before = trim(bare[opened.end() + led.end() :]), ""
    else:
        return None
    if (
        not said
        or words.NEGATIONS.intersection(re.findall(r"[^\W_]+", IN_THE.sub("", before).casefold()))
        or words.NOT.match(said)
    ):
        return None
    typed = _typed(said, said, context) or next(
        (found for one in _shorter(said) if (found := _typed(one, trim(one), context)) is not None), None
    )
    if typed is None and _alternatives(said, context):
        return Unsure(reason="it names alternatives")
    if typed is None and not before:
        items = comma_items(said)
        typed = _sequence(items, context, ordered=False) if items is not None and len(items) > 2 else None
    elif typed is None:
        items = comma_items(said)
        if items is not None:
            typed = _sequence(items, context, ordered=False)
        elif len(said.split()) <= MAX_COMPLEMENT:
            typed = text_of(said)
    return None if typed is None else text_of(raw, complement=typed, is_long=not isinstance(typed, Text))


def _alternatives(bare: str, context: str) -> bool:
    """Return whether a phrase offers two typed values: `3 or 4`, `either B or C`."""
    parts = words.OR.split(re.sub(r"^(?:either|entweder|soit|o bien)\s+", "", bare, flags=re.IGNORECASE))
    return 1 < len(parts) < 6 and all(_typed(part, trim(part), context) is not None for part in parts)


def _sentence(raw: str, bare: str, context: str) -> Text | Unsure:
    """Return a phrase of words, with what it says of its subject and with its one number."""
    is_long = len(bare.split()) > 40 or "\n" in raw
    complement = _complement(bare, context)
    if isinstance(complement, Unsure):
        return complement
    where = complement.raw if isinstance(complement, Text) else bare
    numbers = tuple(numbers_of(where, context)) if _is_sentence(raw, bare) else ()
    if complement is None and len(numbers) == 1:
        complement = _closing(bare, numbers[0], context)
    return text_of(raw, complement=complement, numbers=numbers, is_long=is_long)


def _complement(bare: str, context: str) -> Answer | None:
    """Return what stands behind the one copula of a sentence, or a colon: `Canberra` of `The capital is Canberra`."""
    pieces = words.COPULA.split(bare)
    if len(pieces) != 2 or words.NOT.match(pieces[1]) or _SENTENCE_END.search(bare):
        return None
    because = words.BECAUSE.search(pieces[1])
    said = pieces[1] if because is None or not because.start() else pieces[1][: because.start()]
    said = trim(_without_copula(said))
    if words.NEGATIONS.intersection(pieces[0].casefold().split()[-2:]) or DENIED.search(bare):
        return None
    typed = _typed(said, said, context) if said else None
    if typed is None and said:
        opening = next((one for one in _shorter(said) if one.casefold() in words.TRUE | words.FALSE), None)
        typed = None if opening is None else Boolean(value=opening.casefold() in words.TRUE)
    if typed is not None:
        return typed
    if _alternatives(said, context):
        return Unsure(reason="it names alternatives")
    return text_of(said) if said and len(said.split()) <= MAX_COMPLEMENT else None


def _closing(bare: str, number: Number, context: str) -> Number | None:
    """Return the number of a sentence if it closes it, with its unit and a word or two."""
    for figure in START.finditer(bare):
        quantity = read_quantity(bare[figure.start() :])
        if quantity is not None and (quantity.unit is not None or len(quantity.noun.split()) <= 1):
            amount = settled(quantity, context)
            return amount if amount.value == number.value else None
    return None


def _is_sentence(raw: str, bare: str) -> bool:
    """Return whether a phrase is a sentence, whose number may be what was asked for, and not a name with a number."""
    ended = plain(raw).rstrip("*_ ")[-1:] in (".", "!", "。", "！", "।") and len(bare.split()) > 2
    return ended or len(bare.split()) >= 5 or any(character > "\u3000" for character in bare)


def _without_copula(text: str) -> str:
    """Return a phrase without the copulas at its end, which in some languages come last."""
    for _ in range(3):
        bare = text.rstrip(" \t\r\n.。।!")
        ending = next((one for one in words.ENDINGS if bare.endswith(one)), None)
        if ending is None:
            break
        text = bare.removesuffix(ending).rstrip()
    return text
