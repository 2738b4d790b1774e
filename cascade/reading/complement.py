"""Complement: what a sentence says of its subject, behind its copula or as the list that closes it."""

from __future__ import annotations

import re
from typing import Final

from cascade.reading import words
from cascade.reading.literals import read_literal, text_of
from cascade.reading.plain import plain, trim
from cascade.reading.single_value import FIGURE, SENTENCE_END, beginnings, offers_two, single_value, without_copula
from cascade.reading.text_relations import denies
from cascade.reading.values import Answer, Boolean, Sequence, Unsure, Value
from cascade.reading.wording import CONDITION, DENIED, LED

MAX_COMPLEMENT: Final = 5
"""Most words of what a sentence says its subject is."""


def complement_of(bare: str, context: str) -> Answer | None:
    """Return what stands behind the one copula of a sentence, or a colon: `Canberra` of `The capital is Canberra`."""
    pieces = words.COPULA.split(bare)
    if SENTENCE_END.search(bare):
        return None
    dashed = re.fullmatch(r"[а-яё ]{3,60} - (.+)", bare, re.IGNORECASE) if len(pieces) == 1 else None
    if dashed is not None and not denies(bare):
        return single_value(dashed[1], trim(dashed[1]), context)
    if len(pieces) > 2 and not FIGURE.search("".join(pieces[:-1])) and not denies(bare):
        return single_value(pieces[-1], trim(without_copula(trim(pieces[-1]))), context)
    if len(pieces) != 2 or words.NOT.match(pieces[1]):
        return None
    because = words.BECAUSE.search(pieces[1])
    said = pieces[1] if because is None or not because.start() else pieces[1][: because.start()]
    said = trim(without_copula(said))
    if words.NEGATIONS.intersection(pieces[0].casefold().split()[-2:]) or DENIED.search(bare):
        return None
    typed = single_value(said, said, context) if said else None
    if typed is None and said:
        opening = next((one for one in beginnings(said) if one.casefold() in words.TRUE | words.FALSE), None)
        typed = None if opening is None else Boolean(value=opening.casefold() in words.TRUE)
    if typed is not None:
        return typed
    if offers_two(said, context):
        return Unsure(reason="it names alternatives")
    return text_of(said) if said and len(said.split()) <= MAX_COMPLEMENT else None


def closing_literal(raw: str) -> Value | None:
    """Return the list, the point or the set that closes a sentence, behind a verb or a colon."""
    text = trim(without_copula(plain(raw, cited=False)))
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
