"""Courtesies around an answer: a greeting or thanks before it, a question, a wish or a signature behind it."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, Literal

from cascade.reading import words
from cascade.reading.stems import any_of, stems_of
from cascade.reading.wording import CONTRAST, OFFER

MAX_COURTESY: Final = 160
"""Longest sentence, in characters, that is a courtesy."""
MAX_WORDS: Final = 12
"""Most words of one."""
MAX_AROUND: Final = 4
"""Most sentences before and behind an answer that are left out."""
_SPLIT = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？।؟])\s*|\n\s*")
_ASKS = re.compile(r"[?？؟][\s*_)\"'”’]*$")
_ELSE = re.compile(
    r"\W*(?:(?:or|oder|ou|o|of|lub|albo|czy|или|eller|veya|yoksa)\b|それとも|还是|還是|또는|아니면|أم |या )",
    re.IGNORECASE,
)
"""How a question begins that offers something else."""
_NAME = re.compile(r"(?<=[\w,] )(?!I\b)[A-ZÀ-ÞА-Я][^\W\d_]*")
_DENIES = re.compile(r"不|没|沒|無|ない|ません|違|아니|않|없|ليس|नहीं")


def without_courtesies(text: str) -> str:
    """Return a text without the courtesies around its answer; as it stands where nothing else is said.

    A question without figures that closes it is one, since it asks the user; so is an offer of more.
    """
    start, end = 0, len(text)
    for _ in range(MAX_AROUND):
        breaks = [found.end() for found in _SPLIT.finditer(text, max(start, end - 2 * MAX_COURTESY), end)]
        last = next((place for place in reversed(breaks) if start < place < end), None)
        if last is None or not _closes(text[last:end]):
            break
        end = len(text[:last].rstrip())
    for _ in range(MAX_AROUND):
        found = _SPLIT.search(text, start, min(end, start + MAX_COURTESY))
        if found is None or found.end() >= end or not _is_courtesy(text[start : found.start()], "before"):
            break
        start = found.end()
    return text[start:end].strip()


def _closes(sentence: str) -> bool:
    if _ASKS.search(sentence):
        return _is_plain(sentence) and not _ELSE.match(sentence) and not _NAME.search(sentence)
    return _is_courtesy(sentence, "behind") or (_is_plain(sentence) and OFFER.search(sentence) is not None)


def _is_courtesy(sentence: str, place: Literal["before", "behind"]) -> bool:
    """Return whether a sentence begins as a courtesy, and neither denies anything nor, before an answer, names it."""
    found = _beginnings(place).match(sentence) if _is_plain(sentence) else None
    if found is None or len(sentence.split()) > MAX_WORDS:
        return False
    rest = sentence[found.end() :]
    if _DENIES.search(rest) or words.NEGATIONS.intersection(re.findall(r"[^\W_]+", rest.casefold())):
        return False
    return place == "behind" or found.lastgroup == "de" or not _NAME.search(sentence)  # nouns have capitals there


def _is_plain(sentence: str) -> bool:
    """Return whether a sentence has no figure, no bold, no colon and no contrast, as no courtesy has."""
    if len(sentence) > MAX_COURTESY or "**" in sentence or ":" in sentence or any(map(str.isdigit, sentence)):
        return False
    return CONTRAST.search(sentence) is None


@cache
def _beginnings(place: str) -> re.Pattern[str]:
    """Return how courtesies begin, a group for each language."""
    groups = (f"(?P<{language}>{any_of(begins)})" for language, begins in stems_of("courtesies")[place].items())
    return re.compile(rf"\W{{0,3}}(?:{'|'.join(groups)})", re.IGNORECASE)
