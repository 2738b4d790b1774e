"""Final answer: which part of an answer says what it arrives at."""

from __future__ import annotations

import re
from typing import Any, Final

from cascade.reading import words
from cascade.reading.amounts import START, numbers_of
from cascade.reading.literals import canonical
from cascade.reading.numbers import match_number, read_quantity
from cascade.reading.phrase import of_json, value_of
from cascade.reading.plain import normal, plain, trim
from cascade.reading.program import FENCED, program_in
from cascade.reading.sequences import closing_list, list_lines
from cascade.reading.text_relations import denies
from cascade.reading.values import NOTHING, Answer, Choice, Number, Sequence, Structure, Text, Unsure, Value
from cascade.reading.wording import (
    BOLD_END,
    DENIED,
    IN_THE,
    SUMMARY,
    arrived_at,
    explained,
    headed,
    only_cell,
    without_offer,
)

TAIL: Final = 4000
"""Characters at the end of an answer that are searched for its final part."""
MAX_MARKS: Final = 10
"""Most marks of a final answer that are tried, from the end."""
_BEFORE: Final = 20
_BEHIND: Final = 80
"""Characters before and behind the stem of a mark where the mark may stand."""
MAX_HEAD: Final = 5
"""Most words of a first line that is the answer, and the rest its explanation."""
SHORT: Final = 200
"""Longest answer of one line, in characters, that is a phrase as a whole."""
ANSWER_KEYS: Final = ("answer", "final_answer", "finalanswer")
"""Keys of a JSON object, in any case, that hold its answer where just one of them is there."""
SINGLE_KEYS: Final = frozenset({"result", "choice", "label", "prediction", "output", "option", "value", "response"})
"""Keys that hold the answer where no other is left but free text."""

_LED_IN = re.compile(r"(?:[ \t:：=>→⇒➡➔⟶\ufe0f]|[–—](?=[ \t]))*")
"""What stands between a mark and what it introduces."""
_QUOTE_MARKS = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_EMOJI_END = re.compile("(?:\\s*[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f])+$")
_BOXED_BEFORE = re.compile(r"\\boxed\s?\{[^\n]{1,80}\}[^\w\n]{0,4}\s?(?:or|oder|ou|o|или|或)\s[^\w\n]{0,4}$")
_LAST_STARS = re.compile(r"\*\*(?=[^*]{0,40}$)")
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")
_LINE_START = re.compile(r"(?:^|\n)[ \t>*_#-]*$")
_BOLD_LINE = re.compile(r"[ \t]*\*\*([^*\n]{1,200})\*\*[ \t.]*")
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[^\s\d])|(?<=[。！？।])\s*")
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
_IS_ANSWER = re.compile(
    r"(?:^|[.!?]\s+|\n)(?:so |thus |therefore |hence )?,?\s*(?:(?:i|we) (?:get|got|find|obtain|arrive at|end up with"
    r"|settle on|conclude with|have) (?P<got>[^\n]{1,80}?) as "
    r"|(?:that|this|which) (?:makes|gives) (?:us )?(?P<made>[^\n]{1,80}?) (?:as )?"
    r"|(?P<said>[^\n]{1,80}?)\s+(?:is|must be|would be) )(?:the|my|our) (?:final |correct |right )?answer\b",
    re.IGNORECASE,
)


def answer_of_json(value: Any, context: str = "") -> Answer:
    """Return the final answer of a JSON value: of an object its answer field, or the object without free text."""
    if not isinstance(value, dict):
        return of_json(value, context)
    named = {key: "_".join(str(key).casefold().split()) for key in value}
    marked = [key for key, name in named.items() if name in ANSWER_KEYS]
    if len(marked) == 1:
        return of_json(value[marked[0]], context)
    kept = {key: item for key, item in value.items() if named[key] not in words.FREE_TEXT}
    if len(kept) == 1 and next(iter(named[key] for key in kept)) in SINGLE_KEYS:
        return of_json(next(iter(kept.values())), context)
    kept = kept or value
    return Structure(value=kept, canonical=canonical(kept))


def answer_of_text(said: str) -> Answer:  # noqa: C901, PLR0912 - one condition a form
    """Return the final answer of what is said, which holds no JSON.

    In this order: what the last mark introduces; a short text as a whole; a list; a program; a bold last line; what the
    last sentence concludes from figures. Else the text itself; unsure where it ends in several numbers.
    """
    stripped = without_offer(said.strip())
    if not stripped:
        return NOTHING
    tail = stripped[-TAIL:]
    marked = _marked(tail)
    if marked is not None:
        return marked
    head = only_cell(stripped) or explained(stripped)
    if head is not None:
        return value_of(_within_bold(head), stripped[:TAIL])
    summed = SUMMARY.search(tail[-SHORT:])
    if summed is not None:
        return value_of(tail[-SHORT:][summed.end() :], tail)
    end = tail[-SHORT:]
    named = _IS_ANSWER.search(plain(end))
    if "[" in end and (literal := _IS_ANSWER.search(end)) is not None and "[" in literal[0]:
        named = literal  # within a sentence, a list of figures would be taken for citations
    if named is not None:
        return value_of(named["got"] or named["made"] or named["said"], tail)
    if len(stripped) <= SHORT and "\n" not in stripped and not stripped.startswith("```"):
        value = value_of(stripped)
        if isinstance(value, Text) and value.complement is None and ("=" in said or len(_SENTENCES.split(said)) > 1):
            concluded = _concluded(stripped, tail)
            return value if isinstance(concluded, Text) else concluded
        return value
    if len(stripped) <= TAIL and (listed := list_lines(stripped)) is not None and max(map(len, listed[0])) <= SHORT:
        return value_of(stripped)
    program = program_in(stripped)
    if program is not None:
        return program
    if len(stripped) <= TAIL and (head := headed(stripped)) is not None:
        value = value_of(_within_bold(head), tail)
        if not isinstance(value, Text | Unsure):
            return value
        if isinstance(value, Text) and value.complement is None and len(value.normal.split()) <= MAX_HEAD:
            return Text(normal=normal(stripped), complement=value, is_long=True)
    return _concluded(stripped, tail)


def _within_bold(line: str) -> str:
    """Return a line without the marks of bold around the whole of it."""
    bold = _BOLD_LINE.fullmatch(line)
    return line if bold is None else bold[1]


def _marked(tail: str) -> Answer | None:
    """Return what the last mark of a final answer introduces; None without one."""
    for mark in _marks(tail):
        phrase = _phrase_after(tail, mark)
        if phrase is None:
            continue
        if mark[0].startswith("\\") and _BOXED_BEFORE.search(tail[max(0, mark.start() - SHORT) : mark.start()]):
            return Unsure(reason="it names alternatives")
        if not words.NEGATIONS.isdisjoint(IN_THE.sub("", plain(mark[0]).casefold()).split()):
            return Unsure(reason="it says what the answer is not")
        if trim(plain(phrase)).casefold() in words.VERDICTS:
            continue  # the answer B is correct
        if len(phrase) <= SHORT and DENIED.search(plain(phrase)):
            return Unsure(reason="it says what the answer is not")
        value = value_of(phrase, tail)
        if isinstance(value, Unsure):
            return value
        if isinstance(value, Text):
            if value.quoted is None and not value.normal:
                continue
            if isinstance(value.complement, Number) and not denies(value.normal):
                return value.complement
            if value.number is not None and denies(value.normal):
                return Unsure(reason="it says what the answer is not")
            value = value.number or value
        return value
    return None


def _marks(tail: str) -> list[re.Match[str]]:
    """Return the marks of a final answer, the last first."""
    folded = tail.lower()
    if len(folded) != len(tail):  # a few letters become two
        folded = "".join(one if len(small := one.lower()) != 1 else small for one in tail)
    marks: dict[int, re.Match[str]] = {}
    for stem, pattern in words.MARKS:
        at = folded.rfind(stem)
        for _ in range(MAX_MARKS):
            if at < 0:
                break
            found = pattern.finditer(tail, max(0, at - _BEFORE), at + _BEHIND)
            mark = next((one for one in found if one.end() > at), None)
            before = "" if mark is None else tail[max(0, mark.start() - 20) : mark.start()]
            if mark is not None and (stem not in words.LINE_MARKS or _LINE_START.search(before)):
                marks.setdefault(mark.end(), mark)
            at = folded.rfind(stem, 0, at)
    marks |= {heading.end(): heading for heading in words.HEADING.finditer(tail)}
    return [marks[end] for end in sorted(marks, reverse=True)[:MAX_MARKS]]


def _phrase_after(tail: str, mark: re.Match[str]) -> str | None:
    rest = tail[mark.end() :]
    if mark[0].casefold().startswith(("\\boxed", "\\fbox", "\\fboxed")):
        return _braced(rest)
    if mark[0].startswith("<"):
        return re.split(r"</(?:final_)?answer>|<\|end_of_box\|>", rest, maxsplit=1)[0].strip() or None
    if mark[0].endswith("\n"):  # a heading: what follows may be a list
        rest = (_QUOTE_MARKS.sub("", rest) if rest.startswith(">") else rest).lstrip(" \t:：=>")
    elif (led_in := _LED_IN.match(rest)) is not None:
        rest = rest[led_in.end() :]
    if rest.startswith("\n") or not rest or mark[0].endswith("\n"):
        block = rest.strip().split("\n\n", 1)[0].strip()
        fence = FENCED.match(block)
        if fence is not None:
            return block[fence.end() :].split(fence[1], 1)[0].strip() or None
        if list_lines(block) is not None:
            return block
        rest = block
    line = rest.split("\n", 1)[0].strip()
    if line[:1] in "*-" and line.strip("*- ") == "":
        return None
    if line.count("**") % 2:  # the mark took one of a pair
        line = line.removeprefix("**") if line.startswith("**") else _LAST_STARS.sub("", line)
    return _EMOJI_END.sub("", line).strip(" _") or line.strip(" _") or None


def _braced(text: str) -> str | None:
    depth = 1
    for place, character in enumerate(text[: 2 * SHORT]):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return text[:place].strip() or None
    return None


def _concluded(text: str, tail: str) -> Answer:
    """Return what the last line, or the last sentence, concludes."""
    last = tail.rstrip().rsplit("\n", 1)[-1].strip()
    listed = closing_list(tail)
    if listed is not None or (last[:1] in "[({" and last[-1:] in "])}"):
        value = value_of(listed or last, tail)
        if isinstance(value, Sequence | Structure):
            return value
    bold = _BOLD_LINE.fullmatch(last)
    if bold is not None:
        value = value_of(bold[1], tail)
        if isinstance(value, Text):
            return Text(normal=normal(text), complement=value.complement or value, is_long=True)
        return value
    sentence = [part for part in _SENTENCES.split(plain(last)) if part.strip()][-1:] or [plain(last)]
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
