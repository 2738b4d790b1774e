"""Sentences: what a phrase of words says, by its lead, its end, its complement or its one value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from cascade.reading import words
from cascade.reading.amounts import in_name, numbers_of
from cascade.reading.choices import read_choice
from cascade.reading.complement import MAX_COMPLEMENT, complement_of
from cascade.reading.literals import read_literal, text_of
from cascade.reading.plain import plain, trim
from cascade.reading.sequences import comma_items
from cascade.reading.single_value import FIGURE, SENTENCE_END, beginnings, offers_two, single_value, without_copula
from cascade.reading.terms import read_none, read_unknowns
from cascade.reading.text_relations import denies
from cascade.reading.values import NOTHING, Answer, Choice, Number, Sequence, Text, Unsure, Value
from cascade.reading.wording import BOLD_END, CONDITION, DENIED, IN_THE, LEAD, OFFERED, POINTED_AT, arrived_at

ValueOf: TypeAlias = Callable[[str, str], Answer]
"""Reads a part of a sentence as a phrase of its own: `cascade.reading.phrase.value_of`."""


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
_OPERATED = re.compile(r"[\w)\]}]\s*[×*·÷/^]\s*$")
"""What makes a figure an operand, of a product whose other factors are words."""
COMMAS = re.compile("[,，;、]")


def led_answer(raw: str, context: str, value_of: ValueOf) -> Answer | None:
    """Return what stands behind a lead that says nothing of its own, if that is a value or a few words."""
    text = " ".join(plain(raw, cited=False).split())
    lead = LEAD.match(text)
    if lead is None or CONDITION.search(text):
        return None
    rest = text[lead.end() :]
    if denies(text) and read_none(trim(without_copula(trim(rest)))) is None:
        return None
    if LEAD.match(rest) or SENTENCE_END.search(rest.rstrip(" .。!！"), 3):
        return None
    value = value_of(without_copula(trim(rest)), context)
    if isinstance(value, Text) and words.COPULA.search(rest):
        return None
    few = isinstance(value, Text) and value.complement is None and len(value.normal.split()) <= MAX_COMPLEMENT
    return value if few or not isinstance(value, Text) else None


def pointed_at(raw: str, bare: str, context: str, value_of: ValueOf) -> Text | None:
    """Return a sentence with its beginning, where the rest only points at it."""
    found = POINTED_AT.match(bare)
    if found is None or denies(bare) or CONDITION.search(bare):
        return None
    head = trim(found["head"])
    value = value_of(head, context) if head else NOTHING
    if isinstance(value, Unsure) or (isinstance(value, Text) and len(head.split()) > MAX_COMPLEMENT):
        return None
    return text_of(raw, complement=value, is_long=not isinstance(value, Text))


def closing_words(raw: str, bare: str, context: str, value_of: ValueOf) -> Answer | None:
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
    typed = single_value(said, said, context) or next(
        (found for one in beginnings(said) if (found := single_value(one, trim(one), context)) is not None), None
    )
    if typed is None and offers_two(said, context):
        return Unsure(reason="it names alternatives")
    if typed is None and not before:
        items = comma_items(said)
        typed = sequence_of(items, context, value_of, ordered=False) if items is not None and len(items) > 2 else None
    elif typed is None:
        items = comma_items(said)
        if items is not None:
            typed = sequence_of(items, context, value_of, ordered=False)
        elif len(said.split()) <= MAX_COMPLEMENT:
            typed = text_of(said)
    return None if typed is None else text_of(raw, complement=typed, is_long=not isinstance(typed, Text))


def is_clause(raw: str, items: list[str]) -> bool:
    """Return whether two parts between commas are a sentence, and no list, which would say `and`."""
    ended = plain(raw).rstrip("*_ ")[-1:] in (".", "。", "!")
    return ended and len(items) == 2 and bool(COMMAS.search(raw)) and sum(len(item.split()) for item in items) >= 5


def sentence_of(raw: str, bare: str, context: str, value_of: ValueOf) -> Text | Unsure:
    """Return a phrase of words, with what it says of its subject and with its one number."""
    is_long = len(bare.split()) > 40 or "\n" in raw
    complement = complement_of(bare, context)
    if isinstance(complement, Unsure):
        return complement
    option = _OPTION_END.search(bare) if complement is None or isinstance(complement, Text) else None
    if option is not None and not denies(bare) and not offers_two(bare, context):
        return text_of(raw, complement=read_choice(option[1]), is_long=is_long)
    if complement is None or (isinstance(complement, Text) and FIGURE.search(complement.raw)):
        value = only_value(raw, context, value_of)
        complement = complement if value is None or (isinstance(value, Number) and value.unit is None) else value
    where = complement.raw if isinstance(complement, Text) else bare
    if OFFERED.search(bare):
        return Unsure(reason="it names alternatives")
    numbers = tuple(numbers_of(where, context)) if _is_sentence(raw, bare) else ()
    return text_of(raw, complement=complement, numbers=numbers, is_long=is_long)


def only_value(raw: str, context: str, value_of: ValueOf) -> Value | None:
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
    before = text[: tokens[first].start()]
    if in_name(before[-MAX_NAME:]) or _OPERATED.search(before):
        return None
    while first and _JOINED.fullmatch(tokens[first - 1][0]):
        first -= 1
    for start in sorted({first, min(first + 1, holding[0]), holding[0]}):
        for last in range(min(len(tokens), holding[-1] + 1 + MAX_UNIT), holding[-1], -1):
            after = text[tokens[last - 1].end() :].strip(" .。!！*`$")
            if (after and not _TAIL.fullmatch(after)) if start else after and after[0] not in "-,،、，":
                continue
            value = _value_whole(trim(text[tokens[start].start() : tokens[last - 1].end()]), context, value_of)
            if value is not None:
                return value
    return None


def _value_whole(said: str, context: str, value_of: ValueOf) -> Value | None:
    found = read_literal(said) if said[:1] in ("[", "(", "{") else None
    if found is not None:
        return found if isinstance(found, Sequence) and len(found.items) > 1 else None
    if (unknowns := read_unknowns(said)) is not None:
        return unknowns[0] if not unknowns[1].strip() else None
    typed = single_value(said, said, context)
    if typed is None and (items := comma_items(said)) is not None and all(FIGURE.search(item) for item in items):
        typed = sequence_of(items, context, value_of, ordered=False)
        return typed if all(isinstance(item, Number) and not item.noun for item in typed.items) else None
    if isinstance(typed, Number) and typed.noun:
        return None
    return None if isinstance(typed, Choice | Text) else typed


def _is_sentence(raw: str, bare: str) -> bool:
    """Return whether a phrase is a sentence, whose number may be what was asked for, and not a name with a number."""
    ended = plain(raw).rstrip("*_ ")[-1:] in (".", "!", "。", "！", "।") and len(bare.split()) > 2
    return ended or len(bare.split()) >= 5 or any(character > "\u3000" for character in bare)


def _text_or(item: Answer, raw: Any) -> Value:
    return text_of(str(raw)) if isinstance(item, Unsure) else item


def sequence_of(items: list[str], context: str, value_of: ValueOf, *, ordered: bool) -> Sequence:
    """Return a list of items, each read as a phrase of its own."""
    values = tuple(_text_or(value_of(trim(plain(item)) or item, context), item) for item in items)
    return Sequence(items=values, ordered=ordered)
