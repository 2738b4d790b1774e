"""Conclusions: what the last line, or the last sentence, of a text without a mark arrives at."""

from __future__ import annotations

import re

from cascade.reading import words
from cascade.reading.amounts import START, numbers_of
from cascade.reading.marks import SHORT
from cascade.reading.numbers import match_number
from cascade.reading.phrase import value_of
from cascade.reading.plain import normal, plain, trim
from cascade.reading.quantities import read_quantity
from cascade.reading.sequences import closing_list
from cascade.reading.values import Answer, Choice, Number, Sequence, Structure, Text, Unsure, Value
from cascade.reading.wording import BOLD_END, arrived_at

_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")
BOLD_LINE = re.compile(r"[ \t]*\*\*([^*\n]{1,200})\*\*[ \t.]*")
SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[^\s\d])|(?<=[。！？।])\s*")
_RESULT = re.compile(r"[=≈]\s*((?:[^\W\d]{0,3}[$€£¥₹]\s?)?-?\d[^=\n]{0,30})")
_EQUATION = re.compile(r"=\s*[^\s=]")
_STATED = re.compile(
    r"(?:^|[\s,])(?:option |choice |answer |antwort |opción |opção |opzione "
    r"|вариант )?[(\[*]{0,3}([A-J])[)\]*]{0,3}(?:\s+[^.,;]{1,60}?)?\s+"
    r"(?:is|ist|est|es|é|è)\s+(?:the |die |la |a |il |o )?(?:most |best |only )?(?:correct|right|best|answer"
    r"|richtig\w*|korrekt\w*"
    r"|bonne|correcta|respuesta|corret[ao]|resposta|corrett[ao]|risposta|appropriate|likely)"
    r"|(?:选择?|選擇?|選ぶ)\s*[(（]?([A-J])|([A-J])\s*(?:です|が正解|가 정답|이 정답|是正确|正确)"
)


def concluded_in(text: str, tail: str) -> Answer:
    """Return what the last line, or the last sentence, concludes."""
    last = tail.rstrip().rsplit("\n", 1)[-1].strip()
    listed = closing_list(tail)
    if listed is not None or (last[:1] in "[({" and last[-1:] in "])}"):
        value = value_of(listed or last, tail)
        if isinstance(value, Sequence | Structure):
            return value
    bold = BOLD_LINE.fullmatch(last)
    if bold is not None:
        value = value_of(bold[1], tail)
        if isinstance(value, Text):
            return Text(normal=normal(text), complement=value.complement or value, is_long=True)
        return value
    sentence = [part for part in SENTENCES.split(plain(last)) if part.strip()][-1:] or [plain(last)]
    said = sentence[0].strip()
    chosen = _STATED.search(said)
    if chosen is not None:
        return Choice(label=chosen[1] or chosen[2] or chosen[3])
    ends = len(last) <= SHORT and (BOLD_END.search(last) is not None or arrived_at(said) is not None)
    closed = _said_of(last, tail) if ends else None
    if closed is not None and not isinstance(closed, Number | Text):
        return Text(normal=normal(text), complement=closed, is_long=True)
    works = _EQUATION.search(text) is not None or words.CONCLUSION.match(said) is not None
    if works:
        concluded = _last_figure(_CALCULATOR.sub("", said), _CALCULATOR.sub("", tail))
        if concluded is not None:
            return concluded
    complement = _said_of(said, tail) if words.CONCLUSION.match(said) else None
    if complement is None or isinstance(complement, Text):
        complement = complement if closed is None or isinstance(closed, Text) else closed
        if complement is None and len(last) <= SHORT and BOLD_END.search(last) is not None:
            complement = closed
    return Text(normal=normal(text), complement=complement, is_long=True)


def _last_figure(said: str, context: str) -> Answer | None:
    """Return the figure at which the last sentence of a working arrives; unsure if there are several."""
    after = said.rsplit("=", 1)[-1] if "=" in said else said
    if "=" in said:
        quantity = read_quantity(trim(after))
        if quantity is not None and not any(character.isdigit() for character in quantity.noun):
            return Number(value=quantity.value, unit=quantity.unit, alternative=quantity.alternative)
    value = value_of(said, context)
    if isinstance(value, Text) and isinstance(value.complement, Number):
        return Number(
            value=value.complement.value, unit=value.complement.unit, alternative=value.complement.alternative
        )
    numbers = numbers_of(after, context)
    if len(numbers) == 1:
        return numbers[0]
    computed = _computed(said, context)
    if computed is not None:
        return computed
    if len(numbers) > 1:
        return Unsure(reason="it ends in several numbers")
    return None


def _computed(said: str, context: str) -> Number | None:
    """Return the result of the last equation, if the last sentence says it again: `= $64`, `She pays $64 for 16`."""
    results = _RESULT.findall(plain(context))
    matched = match_number(results[-1]) if results else None
    if matched is None:
        return None
    value = matched[0].value
    for figure in START.finditer(said):
        again = match_number(said, figure.start())
        if again is not None and again[0].value == value:
            return Number(value=value, unit=again[0].unit or matched[0].unit)
    return None


def _said_of(said: str, context: str) -> Value | None:
    value = value_of(said, context)
    return value.complement if isinstance(value, Text) else None
