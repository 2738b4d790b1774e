"""Choices: the option of a multiple choice that a phrase names, or several."""

from __future__ import annotations

import re
from typing import Final

from cascade.reading import words
from cascade.reading.plain import normal
from cascade.reading.values import Choice, Sequence, Value

MAX_TEXT: Final = 400
"""Longest text beside a label, in characters, that is kept."""

_CHOICE = re.compile(
    rf"(?:{words.OPTION})?[(\[（【]{{0,2}}([A-Za-z])(?:[)\]）】]{{1,2}}[.:]?|[.:：、,]|(?=\s?[-–—]\s)|(?=\s\()|(?=$)|(?=\s*{words.OPTION_END}$))"
    r"\s*(?:[-–—]\s*)?(?P<text>.*)",
    re.DOTALL,
)
_LABELLED = re.compile(
    rf"(?:{words.OPTION})(?<![A-Za-zÀ-ÿ])[(\[]{{0,2}}([A-Za-zА-Я]|\d{{1,2}})[)\]]{{0,2}}\s*{words.OPTION_END}(?=[\s.,:;)]|$|[\u3000-\uffff])(?P<text>.*)",
    re.IGNORECASE | re.DOTALL,
)
_LETTERS = re.compile(
    r"[(\[]?([A-Z])[)\]]?(?:(?:\s*[,;&/]\s*|\s+(?:and|und|et|y|e|и)\s+|、|和|と)[(\[]?([A-Z])[)\]]?)+", re.IGNORECASE
)
_ANOTHER = re.compile(r"(?:\s(?:or|oder|ou|o|или)|或|または)\s*(?:\w+ )?[(\[]?[A-Z](?:[)\].]|$)")
_NAMED = re.compile(r"[A-Z]\. (?:[A-Z][\w'’-]+\.?(?: (?:de|da|di|van|von|der|del|la|le|bin))* ?){2,4}")
"""A name with an initial, or an option of capitalised words."""
_LETTER = re.compile(r"(?<![^\W_])[A-Z](?![^\W_])", re.IGNORECASE)


def read_choice(text: str) -> Value | None:
    """Return the option that a plain phrase begins with or labels, or the set of several; None if it names none."""
    text = text.strip("\"'` *").rstrip("!?！？。")
    if len(text) > 1 and _LETTERS.fullmatch(text.rstrip(".")):
        labels = sorted({letter.upper() for letter in _LETTER.findall(text)})
        return Sequence(items=tuple(Choice(label=label) for label in labels), kind="set", ordered=False)
    found = _LABELLED.match(text) or _CHOICE.match(text)
    if found is None:
        return None
    rest = found["text"]
    if _ANOTHER.search(rest):
        return None
    if found.re is _CHOICE and text[: found.start(1)].strip("([（【 ") == "" and not _is_label(text, found):
        return None
    rest = words.BECAUSE.split(rest, maxsplit=1)[0] if words.BECAUSE.match(rest) else rest
    text_of_it = normal(rest) if len(rest) <= MAX_TEXT else ""
    initial = _NAMED.fullmatch(text) is not None
    return Choice(label=found[1].upper(), text=text_of_it, is_initial=initial)


def _is_label(text: str, found: re.Match[str]) -> bool:
    """Return whether a letter at the beginning is a label, and not an initial: J. R. R. Tolkien, e.g."""
    after = text[found.end(1) : found.end(1) + 1]
    rest = found["text"]
    initial = after == "." and rest and (found[1].islower() or re.match(r"[A-Za-z]\.", rest))
    return not initial and not (after == "," and rest)
