"""Phrases: a short text, or a value of JSON, as a typed value."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Final

from cascade.reading import words
from cascade.reading.amounts import START, in_name, numbers_of, settled
from cascade.reading.choices import read_choice
from cascade.reading.dates import read_date
from cascade.reading.language import DAY_FIRST, is_one_of
from cascade.reading.literals import canonical, of_literal, read_literal, text_of
from cascade.reading.number_words import NUMBER_WORDS
from cascade.reading.numbers import read_quantity
from cascade.reading.plain import plain, trim
from cascade.reading.sequences import comma_items, list_lines
from cascade.reading.terms import read_none, read_term, read_unknowns
from cascade.reading.text_relations import denies
from cascade.reading.values import (
    NOTHING,
    Answer,
    Boolean,
    Choice,
    Date,
    Number,
    Sequence,
    Structure,
    Text,
    Unsure,
    Value,
)
from cascade.reading.wording import BOLD_END, CONDITION, DENIED, IN_THE, LEAD, LED, OFFERED, POINTED_AT, arrived_at

MAX_PHRASE: Final = 400
"""Longest phrase, in characters, that is read as a number, a choice or the like."""
MAX_COMPLEMENT: Final = 5
"""Most words of what a sentence says its subject is."""

MAX_NAME: Final = 30
"""Characters before a number in which a name may stand that it is part of."""
MAX_TOKENS: Final = 40
"""Most words of a sentence whose one value is looked for."""
MAX_SPAN: Final = 24
"""Most words from the first figure of a value to its last."""
MAX_UNIT: Final = 4
"""Most words behind the last figure of a value that still are part of it."""

_OPTION_END = re.compile(
    r"[\s\u3040-\uffff](\([A-J]\)(?:\s[^\s.,;:]{1,30}){0,4}|[A-J]\)\s[^\s.,;:]{1,30}(?:\s[^\s.,;:]{1,30}){0,3})$"
)
"""A labelled option that closes a sentence."""
_TAIL = re.compile(r"[\u0900-\u097f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af ]{1,8}|ist|sind|is|zijn|wäre|dir|dır|olur")
"""What may stand behind a value that closes a sentence: a verb."""
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\s\u3001\u3002\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff0c]+"
)
_JOINED = re.compile(
    r"[A-Za-zα-ω]|[-+=<>≤≥≠≈(\[{$€£¥]{1,2}|\([A-Za-z],|[A-Za-z]\)|(?:USD|EUR|GBP|US\$|minus|上午|下午|午前|午後|오전|오후)"
)
"""What belongs to a value whose first figure follows: a name of an unknown, a sign, a bracket, a currency."""
_SENTENCE_END = re.compile(
    r"(?<![\s.(][A-Za-z])(?<!\b(?:Dr|Mr|St|No|Jr|vs))(?<!\b(?:Mrs|etc))(?:[.!?](?=\s|$)|[。！？।؟])"
)
_EQUATION = re.compile(r"[^\W\d_]\w{0,2}\s?=\s?([^=]+)")
"""A short name and its value: x = 5."""
_COMMA = re.compile("[,，;、]")
_FIGURE = re.compile(r"\d")
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
    if text[-1:] not in ")]}" or text[0] not in "[({":
        found = None if "\\" not in text and "$" not in text and "*" not in text else _literal_in(text)
    else:
        found = _literal_in(text)
    if found is not None:
        return found
    listed = list_lines(text)
    if listed is not None:
        items, numbered = listed
        return _sequence(items, context or text, ordered=numbered)
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


def _text_or(item: Answer, raw: Any) -> Value:
    return text_of(str(raw)) if isinstance(item, Unsure) else item


def _sequence(items: list[str], context: str, *, ordered: bool) -> Sequence:
    values = tuple(_text_or(value_of(trim(plain(item)) or item, context), item) for item in items)
    return Sequence(items=values, ordered=ordered)


def _of_line(raw: str, context: str) -> Answer:  # noqa: C901, PLR0912 - one condition a form
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
    led = _led(raw, context)
    if led is not None:
        return led
    unknowns = read_unknowns(bare)
    if unknowns is not None:
        value, before = unknowns
        return value if not before.strip() else text_of(raw, complement=value, is_long=True)
    closing = _closing_literal(raw)
    if closing is not None:
        return text_of(raw, cited=False, complement=closing, is_long=True)
    said = _pointed_at(raw, bare, context) or _closing_words(raw, bare, context)
    if said is not None:
        return said
    if _FIGURE.search(raw) and (len(raw.split()) > 2 or not raw.isascii()):
        only = only_value(raw, context)
        ends = isinstance(only, Number) and (
            raw.rstrip("*_ ")[-1:] in (".", "。", "!") or (only.unit is not None and not _COMMA.search(bare))
        )
        if only is not None and (ends or not isinstance(only, Number)):
            numbers = tuple(numbers_of(bare, context)) if ends else ()
            bare_number = isinstance(only, Number) and only.unit is None  # what is said of it may reject it
            said = None if bare_number else only
            return text_of(raw, cited=not isinstance(only, Sequence), complement=said, numbers=numbers)
    items = comma_items(bare if because is None or because[0][0] not in ",，;-–—" else bare[: because.start()])
    if items is not None and not _is_clause(raw, items):
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
    if (nothing := read_none(folded)) is not None:
        return nothing
    if _FIGURE.search(bare):
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


def _led(raw: str, context: str) -> Answer | None:
    """Return what stands behind a lead that says nothing of its own, if that is a value or a few words."""
    text = " ".join(plain(raw, cited=False).split())
    lead = LEAD.match(text)
    if lead is None or CONDITION.search(text):
        return None
    rest = text[lead.end() :]
    if denies(text) and read_none(trim(_without_copula(trim(rest)))) is None:
        return None
    if LEAD.match(rest) or _SENTENCE_END.search(rest.rstrip(" .。!！"), 3):
        return None
    value = value_of(_without_copula(trim(rest)), context)
    if isinstance(value, Text) and words.COPULA.search(rest):
        return None
    few = isinstance(value, Text) and value.complement is None and len(value.normal.split()) <= MAX_COMPLEMENT
    return value if few or not isinstance(value, Text) else None


def _pointed_at(raw: str, bare: str, context: str) -> Text | None:
    """Return a sentence with its beginning, where the rest only points at it."""
    found = POINTED_AT.match(bare)
    if found is None or denies(bare) or CONDITION.search(bare):
        return None
    head = trim(found["head"])
    value = value_of(head, context) if head else NOTHING
    if isinstance(value, Unsure) or (isinstance(value, Text) and len(head.split()) > MAX_COMPLEMENT):
        return None
    return text_of(raw, complement=value, is_long=not isinstance(value, Text))


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
        or said[0] in "([{"
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


def _closing_literal(raw: str) -> Value | None:
    """Return the list, the point or the set that closes a sentence, behind a verb or a colon."""
    text = trim(_without_copula(plain(raw, cited=False)))
    opened = {")": "(", "]": "[", "}": "{"}.get(text[-1:])
    if opened is None or CONDITION.search(text) or denies(text):
        return None
    depth, start = 0, -1
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] in ")]}") - (text[place] in "([{")
        if depth == 0:
            start = place
            break
    if start <= 0 or text[start] != opened or LED.search(text[:start]) is None:
        return None
    found = read_literal(text[start:])
    return found if isinstance(found, Sequence) else None


def _alternatives(bare: str, context: str) -> bool:
    """Return whether a phrase offers two typed values: `3 or 4`, `either B or C`."""
    parts = words.OR.split(re.sub(r"^(?:either|entweder|soit|o bien)\s+", "", bare, flags=re.IGNORECASE))
    return 1 < len(parts) < 6 and all(_typed(part, trim(part), context) is not None for part in parts)


def _is_clause(raw: str, items: list[str]) -> bool:
    """Return whether two parts between commas are a sentence, and no list, which would say `and`."""
    ended = plain(raw).rstrip("*_ ")[-1:] in (".", "。", "!")
    return ended and len(items) == 2 and bool(_COMMA.search(raw)) and sum(len(item.split()) for item in items) >= 5


def _sentence(raw: str, bare: str, context: str) -> Text | Unsure:
    """Return a phrase of words, with what it says of its subject and with its one number."""
    is_long = len(bare.split()) > 40 or "\n" in raw
    complement = _complement(bare, context)
    if isinstance(complement, Unsure):
        return complement
    option = _OPTION_END.search(bare) if complement is None or isinstance(complement, Text) else None
    if option is not None and not denies(bare) and not _alternatives(bare, context):
        return text_of(raw, complement=read_choice(option[1]), is_long=is_long)
    if complement is None or (isinstance(complement, Text) and _FIGURE.search(complement.raw)):
        value = only_value(raw, context)
        complement = complement if value is None or (isinstance(value, Number) and value.unit is None) else value
    where = complement.raw if isinstance(complement, Text) else bare
    if OFFERED.search(bare):
        return Unsure(reason="it names alternatives")
    numbers = tuple(numbers_of(where, context)) if _is_sentence(raw, bare) else ()
    return text_of(raw, complement=complement, numbers=numbers, is_long=is_long)


def only_value(raw: str, context: str) -> Value | None:
    """Return the one value of a sentence of which all figures are part, as in `we land on 2 h 5 min`.

    None if another is left, if it is denied, or if more is said of it: `5 would do`.
    """
    text = " ".join(plain(raw, cited=False).replace("--", " - ").split())
    tokens = list(_TOKEN.finditer(text))
    holding = [place for place, token in enumerate(tokens) if any(map(str.isdigit, token[0]))]
    if (
        not holding
        or len(tokens) > MAX_TOKENS
        or holding[-1] - holding[0] > MAX_SPAN
        or CONDITION.search(text)
        or denies(text)
    ):
        return None
    first = holding[0]
    if in_name(text[: tokens[first].start()][-MAX_NAME:]):
        return None
    while first and _JOINED.fullmatch(tokens[first - 1][0]):
        first -= 1
    for start in sorted({first, min(first + 1, holding[0]), holding[0]}):
        for last in range(min(len(tokens), holding[-1] + 1 + MAX_UNIT), holding[-1], -1):
            after = text[tokens[last - 1].end() :].strip(" .。!！*`$")
            if (after and not _TAIL.fullmatch(after)) if start else after and after[0] not in "-,،、，":
                continue
            value = _value_whole(trim(text[tokens[start].start() : tokens[last - 1].end()]), context)
            if value is not None:
                return value
    return None


def _value_whole(said: str, context: str) -> Value | None:
    found = read_literal(said) if said[:1] in ("[", "(", "{") else None
    if found is not None:
        return found if isinstance(found, Sequence) and len(found.items) > 1 else None
    if (unknowns := read_unknowns(said)) is not None:
        return unknowns[0] if not unknowns[1].strip() else None
    typed = _typed(said, said, context)
    if typed is None and (items := comma_items(said)) is not None and all(_FIGURE.search(item) for item in items):
        typed = _sequence(items, context, ordered=False)
        return typed if all(isinstance(item, Number) and not item.noun for item in typed.items) else None
    if isinstance(typed, Number) and typed.noun:
        return None
    return None if isinstance(typed, Choice | Text) else typed


def _complement(bare: str, context: str) -> Answer | None:
    """Return what stands behind the one copula of a sentence, or a colon: `Canberra` of `The capital is Canberra`."""
    pieces = words.COPULA.split(bare)
    if _SENTENCE_END.search(bare):
        return None
    dashed = re.fullmatch(r"[а-яё ]{3,60} - (.+)", bare, re.IGNORECASE) if len(pieces) == 1 else None
    if dashed is not None and not denies(bare):
        return _typed(dashed[1], trim(dashed[1]), context)
    if len(pieces) > 2 and not _FIGURE.search("".join(pieces[:-1])) and not denies(bare):
        return _typed(pieces[-1], trim(_without_copula(trim(pieces[-1]))), context)
    if len(pieces) != 2 or words.NOT.match(pieces[1]):
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
