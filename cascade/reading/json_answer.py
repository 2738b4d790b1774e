"""JSON extraction: finds the JSON value of an answer, by one rule for fences and surrounding prose.

The rule, in order; the first step that applies decides, and an ambiguous answer is rejected:

1. Thinking, and marks around what is said after it, are left out (`cascade.reading.thinking`).
2. The whole text, without white space around it, is JSON: that value.
3. Fenced blocks (three backticks; one that is not closed runs to the end) hold JSON: the one value that they hold.
   Objects and arrays go before plain values; blocks without JSON count for nothing, but one marked `json` must hold it.
4. The one object or array that stands in the prose, not inside other brackets. An object goes before arrays of
   integers, which are citations.

Two different values, or a broken object beside a whole one, are rejected as ambiguous. Where tolerance is asked for, a
line break or tab within a string and a comma behind the last item are read, too, and said in `repairs`; duplicate keys,
NaN, Infinity and truncation are rejected always. Everything takes linear time, and recursion depth does not depend on
the answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from cascade.hashing import canonical_json
from cascade.reading.strict_json import (
    MAX_DEPTH,
    SPACE,
    Located,
    NotJson,
    check_text,
    decode,
    not_json,
    skip_space,
    too_deep,
)
from cascade.reading.thinking import split_thinking

MAX_PIECES = 200
"""Most fenced blocks, and most places in prose that look like JSON, that are tried."""
MAX_BRACKETS = 20_000
"""Most brackets in prose that are skipped."""


_FENCE = "```"
_TAG = re.compile(r"[A-Za-z0-9_+.-]{0,32}")
_STARTS = re.compile(r"""\{[ \t\r\n]*["'}]|\[[ \t\r\n]*["\[\]{0-9tfnNI-]""")
_BRACKET = re.compile(r"[\[\]{}]")
# The closing quote is optional, so that the pattern never fails and never backtracks.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*"?)|,(?=[ \t\r\n]*[}\]])', re.DOTALL)
_CITED = re.compile(r"\[(0|[1-9][0-9]{0,2})\]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def find_json(text: str, *, tolerant: bool = False) -> Located:
    """Find the JSON value of an answer, by the rule at the top of this module.

    Args:
        text: the answer.
        tolerant: also read line breaks within strings, and commas behind the last item.

    Raises:
        NotJson: there is none, or more than one.
    """
    check_text(text)
    start, end = split_thinking(text)
    text = text if end == len(text) else text[:end]
    start = skip_space(text, start)
    end = len(text.rstrip(SPACE))
    if start >= end:
        raise NotJson("the answer is empty")
    parser = _Parser(text, tolerant=tolerant)
    why: NotJson | None = None
    try:
        whole = parser.decode(start)
    except json.JSONDecodeError as error:
        why = not_json(error)
    else:
        if whole.end == end:
            return whole
    blocks = _fenced(text, start, parser)
    if blocks:
        return _one(blocks, "fenced blocks", "fence")
    found = _embedded(text, start, parser)
    if not found and why is not None and text[start] in '{["':
        raise why
    return _one([item for item in found if not _is_citation(item.value)] or found, "objects or arrays", "prose")


class _Parser:
    """Parses the values of one text, tolerantly if asked for, within a budget that keeps the time linear."""

    def __init__(self, text: str, *, tolerant: bool) -> None:
        self._text = text
        self._budget = 3 * len(text) + 1000 if tolerant else 0

    def decode(self, start: int) -> Located:
        """Parse the value that begins at `start`; see `strict_json.decode` for what is raised."""
        try:
            return decode(self._text, start)
        except json.JSONDecodeError:
            if self._budget <= 0 or self._text[start : start + 1] not in ("{", "[", '"'):
                raise
            self._budget -= len(self._text) - start
            repaired = self._repaired(start)
            if repaired is None:
                raise
            return repaired

    def _repaired(self, start: int) -> Located | None:
        # The comma becomes a blank, so that places stay.
        text = self._text[:start] + _TRAILING_COMMA.sub(_without_comma, self._text[start:])
        try:
            located = decode(text, start, line_breaks=True)
        except json.JSONDecodeError:
            return None
        raw = self._text[start : located.end]
        if _CONTROL.search(raw):
            return None
        repairs = ["trailing_comma"] if text[start : located.end] != raw else []
        try:
            decode(text, start)
        except json.JSONDecodeError:
            repairs.insert(0, "line_break")
        return replace(located, repairs=tuple(repairs))


def _without_comma(found: re.Match[str]) -> str:
    """Return a string as it is, and a blank for a comma that stands behind a value."""
    if found[1] is not None:
        return found[1]
    before = found.start() - 1
    while before >= 0 and found.string[before] in SPACE:
        before -= 1
    return "," if found.string[before] in "[{," else " "


def _fenced(text: str, start: int, parser: _Parser) -> list[Located]:
    found: list[Located] = []
    plain: list[Located] = []
    position = text.find(_FENCE, start)
    for _ in range(MAX_PIECES):
        if position < 0:
            return found or plain
        inside = position + len(_FENCE)
        tag = _TAG.match(text, inside)[0]  # type: ignore[index]
        # A tag ends its line; ```5``` is a block without one.
        tagged = text[inside + len(tag) : inside + len(tag) + 1] in ("", " ", "\t", "\r", "\n", "{", "[", '"')
        inside = skip_space(text, inside + len(tag) if tagged else inside)
        block = _block(text, inside, parser)
        if block is not None:
            (found if isinstance(block.value, dict | list) else plain).append(block)
            closed = text.find(_FENCE, block.end)
        elif tagged and tag.casefold() == "json":
            raise NotJson(f"the block marked json {_trouble(text, inside)}")
        else:
            closed = text.find(_FENCE, inside)
        position = -1 if closed < 0 else text.find(_FENCE, closed + len(_FENCE))
    raise NotJson(f"there are more than {MAX_PIECES:,} fenced blocks")


def _block(text: str, start: int, parser: _Parser) -> Located | None:
    """Return the value that fills a fenced block from `start` on; its strings may hold backticks themselves."""
    try:
        located = parser.decode(start)
    except json.JSONDecodeError:
        return None
    after = skip_space(text, located.end)
    return located if after == len(text) or text.startswith(_FENCE, after) else None


def _trouble(text: str, start: int) -> str:
    try:
        return f"goes on after its value (character {decode(text, start).end})"
    except json.JSONDecodeError as error:
        return f"is not JSON (character {error.pos}: {error.msg})"


def _embedded(text: str, start: int, parser: _Parser) -> list[Located]:  # noqa: C901 - one scan
    found: list[Located] = []
    numbers: set[str] = set()
    position, depth, broken, tried, stray = start, 0, False, 0, 0
    while bracket := _BRACKET.search(text, position):
        position = bracket.end()
        stray += 1
        if stray > MAX_BRACKETS:
            raise NotJson(f"there are more than {MAX_BRACKETS:,} brackets in the text around it")
        if bracket[0] in "]}":
            depth = max(0, depth - 1)
            continue
        if _STARTS.match(text, bracket.start()) is None:
            depth += 1
            if depth > MAX_DEPTH:
                too_deep()
            continue
        tried += 1
        if tried > MAX_PIECES:
            raise NotJson(f"more than {MAX_PIECES:,} places in it look like JSON")
        cited = _CITED.match(text, bracket.start())
        if cited is not None:  # answers are full of them, and the parser takes ten times as long
            position = cited.end()
            if depth == 0 and cited[1] not in numbers:
                numbers.add(cited[1])
                found.append(Located(value=[int(cited[1])], start=cited.start(), end=position))
            continue
        try:
            located = parser.decode(bracket.start())
        except json.JSONDecodeError as error:
            # The part read so far holds no complete value, so it is not read again: linear time.
            position = max(error.pos, position)
            read = _STRING.sub("", text[bracket.start() : position])
            depth += read.count("[") + read.count("{") - read.count("]") - read.count("}")
            broken = broken or bracket[0] == "{"
            if depth > MAX_DEPTH:
                too_deep()
            continue
        if depth == 0:
            found.append(located)
        position = located.end
    if broken:
        raise NotJson("an object in the text is not valid JSON")
    return found


def _is_citation(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int for item in value)


def _one(found: list[Located], what: str, repair: str) -> Located:
    if not found:
        raise NotJson("there is no JSON value in it")
    first = canonical_json(found[0].value) if len(found) > 1 else b""
    if any(canonical_json(other.value) != first for other in found[1:]):
        raise NotJson(f"there are {len(found)} {what} in it that are not the same")
    return replace(found[0], repairs=(repair, *found[0].repairs))
