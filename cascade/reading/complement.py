"""Complement: what a sentence says of its subject, behind its copula or as the list that closes it."""

from __future__ import annotations

import re
from typing import Final

from cascade.reading import words
from cascade.reading.literals import read_literal, text_of
from cascade.reading.plain import plain, trim
from cascade.reading.single_value import FIGURE, SENTENCE_END, beginnings, offers_two, single_value, without_copula
from cascade.reading.text_relations import denies
from cascade.reading.values import Answer, Boolean, Number, Sequence, Unsure, Value
from cascade.reading.wording import CONDITION, DENIED, LED

MAX_COMPLEMENT: Final = 5
"""Most words of what a sentence says its subject is."""
_CONTRACTED = re.compile(r"\b(it|that|this|he|she|here|there|ce?)['’](?:s|est)\s+", re.IGNORECASE)
_PAST = re.compile(r"\s(?:was|were|war|waren|était|étaient|fue|fueron|era|eran|foi|foram|eram|erano|var|było|był\w?)\s")
"""A copula of what no longer holds, as of last year's figure."""
_FORMERLY = re.compile(
    r"\b(?:last (?:year|month|week|time)|yesterday|formerly|previously|letztes jahr|gestern|früher|l'an dernier"
    r"|el año pasado|ayer|ano passado|ontem|l'anno scorso|ieri|vorig jaar|gisteren|w zeszłym roku|wczoraj"
    r"|в прошлом году|вчера|раньше|förra året|igår|geçen yıl|dün)\b|去年|昨年|前回|昨日|以前|昨天|上次|上个月|上個月"
    r"|原本|작년|지난|어제|이전|पिछले|العام الماضي|أمس",
    re.IGNORECASE,
)
"""Words of a figure that no longer holds."""


def complement_of(bare: str, context: str) -> Answer | None:
    """Return what stands behind the one copula of a sentence, or a colon: `Canberra` of `The capital is Canberra`."""
    bare = _CONTRACTED.sub(r"\1 is ", bare)
    pieces = words.COPULA.split(bare)
    if SENTENCE_END.search(bare):
        return None
    dashed = re.fullmatch(r"[а-яё ]{3,60} - (.+)", bare, re.IGNORECASE) if len(pieces) == 1 else None
    if dashed is not None and not denies(bare):
        return single_value(dashed[1], trim(dashed[1]), context)
    if len(pieces) > 2 and not FIGURE.search("".join(pieces[:-1])) and not denies(bare):
        return single_value(pieces[-1], trim(without_copula(trim(pieces[-1]))), context)
    if len(pieces) != 2 or words.NOT.match(pieces[1]) or _FORMERLY.search(pieces[0]):
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


def is_said_to_be(bare: str, number: Number, context: str) -> bool:
    """Return whether a sentence says in the present that its subject is a number, as in `The total is 758.`."""
    said = None if _PAST.search(bare) else complement_of(bare, context)
    return isinstance(said, Number) and said.key == number.key and not denies(bare)


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
