"""Phrases: a short text, or a value of JSON, as a typed value."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Final

from cascade.reading import words
from cascade.reading.amounts import numbers_of
from cascade.reading.complement import closing_literal, is_said_to_be
from cascade.reading.literals import canonical, of_literal, read_literal, text_of
from cascade.reading.plain import plain, trim
from cascade.reading.sentence import (
    COMMAS,
    closing_words,
    is_clause,
    led_answer,
    only_value,
    pointed_at,
    sentence_of,
    sequence_of,
)
from cascade.reading.sequences import comma_items, list_lines
from cascade.reading.single_value import FIGURE, SENTENCE_END, beginnings, offers_two, single_value, without_copula
from cascade.reading.terms import read_unknowns
from cascade.reading.values import NOTHING, Answer, Boolean, Number, Sequence, Structure, Text, Unsure, Value
from cascade.reading.wording import IN_THE

MAX_PHRASE: Final = 400
"""Longest phrase, in characters, that is read as a number, a choice or the like."""
_BETWEEN: Final = " \t\r\n.,;:!–—-(、，。：！"
"""What stands between yes or no and what is said behind it."""
_CAVEAT = re.compile(
    r"\W{0,3}(?:(?:but|aber|mais|pero|mas|ma|maar|ale|но|men|ama)\b|但|ただし|하지만|लेकिन|ولكن)", re.IGNORECASE
)
"""What restricts a yes or no, and so may be what was asked for; a reason is not."""


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
    if text[-1:] not in ")]}" or text[0] not in "[({":
        found = None if "\\" not in text and "$" not in text and "*" not in text else _literal_in(text)
    else:
        found = _literal_in(text)
    if found is not None:
        return found
    listed = list_lines(text)
    if listed is not None:
        items, numbered = listed
        return sequence_of(items, context or text, value_of, ordered=numbered)
    return _of_line(text, context or text)


def _literal_in(text: str) -> Value | None:
    """Return the literal that a phrase is once its marks are left out: a matrix of LaTeX, a point in math."""
    bare = trim(plain(text, cited=False))
    return read_literal(bare) if bare[:1] in ("[", "(", "{") and bare != text else None


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


def _opened_by(opening: Boolean, raw: str, context: str) -> Boolean | Unsure:
    """Return the boolean that opens a phrase, with the claim behind it, unless that is its reason.

    `Yes, of course! The total is 758.` answers what the total is, and `Yes, 7 is prime.` whether it is.
    """
    behind = re.sub(r"^\W*\w+", "", raw).lstrip("*")
    if words.BECAUSE.match(behind) and not _CAVEAT.match(behind):
        return opening
    parts = [part for part in SENTENCE_END.split(behind) if part.strip(_BETWEEN)]
    said = value_of(parts[-1].strip(_BETWEEN), context) if parts else None
    # `Yes, of course!` grants the request, and what comes then is the answer; `Yes.` may be all of it.
    grants = len(parts) > 1 and SENTENCE_END.match(behind) is None
    if isinstance(said, Text):
        inner = said.complement
        named = not isinstance(inner, Text) or inner.raw[:1].isupper() or ":" in said.raw
        led = behind[:1] in ":：" and len(parts) == 1
        is_claim = grants or led or FIGURE.search(said.raw) is not None
        said = inner if inner is not None and named else said if is_claim else None
    if isinstance(said, Unsure):
        return said
    if said is None or isinstance(said, Boolean):
        return opening
    return Boolean(value=opening.value, said=said, grants=grants)


def _of_line(raw: str, context: str) -> Answer:  # noqa: C901, PLR0912 - one condition a form
    raw = words.ASIDE.sub("", raw)
    text = plain(raw)
    bare = trim(text)
    if not bare:
        return Text(normal=text or raw, quoted=raw)
    if len(bare) > MAX_PHRASE:
        return text_of(raw, is_long=True)
    ended = without_copula(bare)
    if ended and ended != bare:
        bare = raw = ended
        listed = read_literal(ended) if ended[0] in "[({" else None
        if listed is not None:
            return listed
    found = single_value(text, bare, context)
    if found is not None:
        return found
    denied = None if IN_THE.match(bare) else words.NOT.match(bare)
    if denied is not None:
        rest = bare[denied.end() :]
        return (
            text_of(raw)
            if single_value(rest, rest, context) is None
            else Unsure(reason="it says what the answer is not")
        )
    for shorter in beginnings(text):
        found = single_value(shorter, trim(shorter), context)
        if isinstance(found, Boolean):
            return _opened_by(found, raw, context)
        if found is not None:
            return found
    if offers_two(bare, context):
        return Unsure(reason="it names alternatives")
    because = words.BECAUSE.search(bare)
    led = led_answer(raw, context, value_of)
    if led is not None:
        return led
    unknowns = read_unknowns(bare)
    if unknowns is not None:
        value, before = unknowns
        return value if not before.strip() else text_of(raw, complement=value, is_long=True)
    closing = closing_literal(raw)
    if closing is not None:
        return text_of(raw, cited=False, complement=closing, is_long=True)
    said = pointed_at(raw, bare, context, value_of) or closing_words(raw, bare, context, value_of)
    if said is not None:
        return said
    if FIGURE.search(raw) and (len(raw.split()) > 2 or not raw.isascii()):
        only = only_value(raw, context, value_of)
        ends = isinstance(only, Number) and (
            raw.rstrip("*_ ")[-1:] in (".", "。", "!") or (only.unit is not None and not COMMAS.search(bare))
        )
        if only is not None and (ends or not isinstance(only, Number)):
            numbers = tuple(numbers_of(bare, context)) if ends else ()
            # What is said of a bare number may reject it, but for: it is the number.
            is_open = isinstance(only, Number) and only.unit is None and not is_said_to_be(bare, only, context)
            said = None if is_open else only
            return text_of(raw, cited=not isinstance(only, Sequence), complement=said, numbers=numbers)
    items = comma_items(bare if because is None or because[0][0] not in ",，;-–—" else bare[: because.start()])
    if items is not None and not is_clause(raw, items):
        return sequence_of(items, context, value_of, ordered=False)
    return sentence_of(raw, bare, context, value_of)
