"""Relations of two texts: one holds the other, affirms it or denies something, or differs from it in form only."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import chain
from typing import Final

from cascade.reading import words
from cascade.reading.stems import any_of, stems_of
from cascade.reading.wording import DENIED, EXCLUDED, IN_THE

_WORDS = re.compile(r"[^\W_]+")
_TOKENS = re.compile(r"n't|[^\W_]+")
_DENYING = words.NEGATIONS - {"mai"}  # May in German and French; in Italian, another word denies as well
_NAME = re.compile(r"[A-Z]?[a-z]+(?:[A-Z][a-z]{2,})*")
"""A word with capitals inside as names have them: McDonald, iPhone."""
STEM: Final = 3
"""Letters of a name that its cases share: Łódź, w Łodzi."""
MIN_SENTENCE: Final = 3
"""Fewest words of a sentence in scripts with blanks."""
_NAMED = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W\d_\u3040-\uffff]+")


def alike_but_form(left: str, right: str) -> bool:
    """Return whether two texts of one normal form differ in no more than how prose writes them.

    That is capitals at the beginning of words or throughout, and one mark of punctuation at the end.
    """
    if ("  " in left + right or "\t" in left + right) and left != right:
        return False
    one, other = (_WORDS.findall(text) for text in (left, right))
    marks = [re.findall(r"[!?.,;:*]+", text) for text in (left, right)]
    in_a_row = max((len(mark) for own in marks for mark in own), default=0) > 1
    return (not in_a_row or marks[0] == marks[1]) and len(one) == len(other) and all(map(_one_word, one, other))


def _one_word(left: str, right: str) -> bool:
    if left[1:] == right[1:] or left == right:
        return True
    mixed = [word for word in (left, right) if not (word.islower() or word.isupper() or word.istitle())]
    return left.casefold() == right.casefold() and all(map(_NAME.fullmatch, mixed))


def affirms(text: str, part: str) -> bool:
    """Return whether a text holds a shorter one as whole words, and does not deny it."""
    if len(part) >= len(text) or not holds(text, part):
        return False
    rest = text.replace(part, " ", 1).replace("n't", " n't")
    return not words.NEGATIONS.intersection(rest.split())


def name_the_same(left: str, right: str) -> bool:
    """Return whether two sentences name the same figures and names, though in other words: they may say the same."""
    one, other = map(_named_in, (left, right))
    return bool(one & other) and (one <= other or other <= one)


def name_others(left: str, right: str) -> bool:
    """Return whether two sentences name figures or names, and none in common."""
    one, other = map(_named_in, (left, right))
    return bool(one and other) and one.isdisjoint(other)


def are_about_two(left: str, right: str) -> bool:
    """Return whether two sentences with one value speak of two things: other names, or rise and fall."""
    one, other = ({name for name in _named_in(text) if not name[0].isdigit()} for text in (left, right))
    if one and other and one.isdisjoint(other):
        return True
    ways = [{found.lastgroup for found in _directions().finditer(text)} for text in (left, right)]
    return ways[0] != ways[1] and bool(ways[0] and ways[1])


@cache
def _directions() -> re.Pattern[str]:
    """Return the words that say where a figure goes, as `rose` and `fell`, in the groups `up` and `down`."""
    table = stems_of("directions")
    up, down = (any_of(chain.from_iterable(table[way].values())) for way in ("up", "down"))
    return re.compile(rf"(?P<up>\+(?=\d)|{up})|(?P<down>{down})", re.IGNORECASE)


def _named_in(text: str) -> set[str]:
    """Return the figures of a sentence, and its words with a capital that does not begin it."""
    if len(text.split()) < MIN_SENTENCE and text.isascii():
        return set()
    found = [one[0] for one in _NAMED.finditer(text, 0 if text[:1] > "\u3040" else 1)]
    return {one if one[0].isdigit() else _stem(one) for one in found if one[0].isdigit() or one[0].isupper()}


def _stem(name: str) -> str:
    """Return the beginning of a name, without accents, which cases of it share."""
    return "".join(one for one in unicodedata.normalize("NFD", name.casefold()) if one.isalpha())[:STEM]


def denies(text: str) -> bool:
    """Return whether a sentence in normal form denies, excludes or bounds something, which need not be its answer."""
    text = IN_THE.sub("", text.replace("n't", " n't"))
    return (
        DENIED.search(text) is not None
        or EXCLUDED.search(text) is not None
        or not _DENYING.isdisjoint(_TOKENS.findall(text))
    )


def holds(text: str, part: str) -> bool:
    """Return whether a text in normal form holds another as whole words; any characters in scripts without blanks."""
    if not part:
        return False
    place = text.find(part)
    while place >= 0:
        end = place + len(part)
        before, after = text[place - 1 : place], text[end : end + 1]
        if not (_joins(before, part[0]) or _joins(part[-1], after)):
            return True
        place = text.find(part, end)
    return False


def _joins(one: str, other: str) -> bool:
    """Return whether two neighbouring characters belong to one word, in scripts that write blanks."""
    return one.isalnum() and other.isalnum() and max(one, other) < "\u3040"
