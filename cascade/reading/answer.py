"""Final answer: which part of an answer says what it arrives at."""

from __future__ import annotations

import re
from typing import Any, Final

from cascade.reading import words
from cascade.reading.conclusion import BOLD_LINE, SENTENCES, concluded_in
from cascade.reading.courtesy import without_courtesies
from cascade.reading.literals import canonical
from cascade.reading.marks import SHORT, marks_in, phrase_after
from cascade.reading.phrase import of_json, value_of
from cascade.reading.plain import normal, plain, trim
from cascade.reading.program import program_in
from cascade.reading.sequences import list_lines
from cascade.reading.text_relations import denies
from cascade.reading.values import NOTHING, Answer, Number, Structure, Text, Unsure
from cascade.reading.wording import DENIED, IN_THE, SUMMARY, explained, headed, only_cell, without_offer

TAIL: Final = 4000
"""Characters at the end of an answer that are searched for its final part."""
MAX_HEAD: Final = 5
"""Most words of a first line that is the answer, and the rest its explanation."""
ANSWER_KEYS: Final = ("answer", "final_answer", "finalanswer")
"""Keys of a JSON object, in any case, that hold its answer where just one of them is there."""
SINGLE_KEYS: Final = frozenset({"result", "choice", "label", "prediction", "output", "option", "value", "response"})
"""Keys that hold the answer where no other is left but free text."""
_RESULT = r"(?:final|final[_-]?(?:output|answer)|answer|solution|result|output|response|reply|value)"
_TAGGED = re.compile(rf"(?<![^\s])(?:<{_RESULT}>\s*)+([^<>]+)(?:</{_RESULT}>\s*)+$", re.IGNORECASE)
"""An element that closes an answer, named as its result is, or several within another."""
_BOXED_BEFORE = re.compile(r"\\boxed\s?\{[^\n]{1,80}\}[^\w\n]{0,4}\s?(?:or|oder|ou|o|или|或)\s[^\w\n]{0,4}$")
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

    In this order: what the last mark introduces; what an element at the end holds; a short text as a whole; a list; a
    program; a bold last line; what the last sentence concludes from figures. Else the text itself; unsure where it ends
    in several numbers.
    """
    stripped = without_courtesies(without_offer(said.strip()))
    if not stripped:
        return NOTHING
    tail = stripped[-TAIL:]
    marked = _marked(tail)
    if marked is not None:
        return marked
    tagged = _TAGGED.search(tail) if tail[-1] == ">" else None
    if tagged is not None and "<" not in tail[: tagged.start()]:
        return answer_of_text(tagged[1])
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
        if isinstance(value, Text) and value.complement is None and ("=" in said or len(SENTENCES.split(said)) > 1):
            concluded = concluded_in(stripped, tail)
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
    return concluded_in(stripped, tail)


def _within_bold(line: str) -> str:
    """Return a line without the marks of bold around the whole of it."""
    bold = BOLD_LINE.fullmatch(line)
    return line if bold is None else bold[1]


def _marked(tail: str) -> Answer | None:
    """Return what the last mark of a final answer introduces; None without one."""
    for mark in marks_in(tail):
        phrase = phrase_after(tail, mark)
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
