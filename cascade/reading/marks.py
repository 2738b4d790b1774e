"""Marks of a final answer, such as `The answer is` and `####`, and what they introduce."""

from __future__ import annotations

import re
from typing import Final

from cascade.reading import words
from cascade.reading.program import FENCED
from cascade.reading.sequences import list_lines

MAX_MARKS: Final = 10
"""Most marks of a final answer that are tried, from the end."""
_BEFORE: Final = 20
_BEHIND: Final = 80
"""Characters before and behind the stem of a mark where the mark may stand."""
SHORT: Final = 200
"""Longest answer of one line, in characters, that is a phrase as a whole."""
_LED_IN = re.compile(r"(?:[ \t:：=>→⇒➡➔⟶\ufe0f]|[–—](?=[ \t]))*")
"""What stands between a mark and what it introduces."""
_QUOTE_MARKS = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_EMOJI_END = re.compile("(?:\\s*[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f])+$")
_LAST_STARS = re.compile(r"\*\*(?=[^*]{0,40}$)")
_LINE_START = re.compile(r"(?:^|\n)[ \t>*_#-]*$")


def marks_in(tail: str) -> list[re.Match[str]]:
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


def phrase_after(tail: str, mark: re.Match[str]) -> str | None:
    """Return what stands behind a mark: the rest of its line, a fenced block, a list; None for nothing."""
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
