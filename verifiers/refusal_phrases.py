"""Refusals in the words of an answer: which sentence refuses, and whether the request asked for such words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from verifiers.language import READ
from verifiers.phrases import compile_phrases, joined
from verifiers.tokens import STOPS, length_of, tokens_of
from verifiers.word_lists import word_lists

OPENING = 24
"""Words at the beginning of a sentence within which a refusal must begin."""
PREAMBLES = 3
"""Sentences that may stand before the one that refuses: they apologise, thank, or say what the model is."""
HEAD_CHARS = 1_500
"""Characters of an answer, and of a request's beginning and end, that are read."""

_ENDS = frozenset(".!?;\n")
_NOT = frozenset(
    {"not", "never", "without", "no", "don't", "nicht", "nie", "pas", "jamais", "nunca", "não", "non", "mai", "не"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A sentence that refuses, at the opening of an answer."""

    strength: int
    """1: so may speak a letter, too; 2: so speaks an assistant of what it was asked; 3: so speaks a model of itself."""

    rest: float
    """Words after the sentence."""


class RefusalPhrases:
    """The ways in which refusals begin in one language, or those of a user."""

    def __init__(self, language: str | None, phrases: Iterable[str] = ()) -> None:
        sections = word_lists(f"lexicons/{language}.txt") if language is not None else {}
        titles = ("self refusal", "strong refusal", "refusal")
        patterns = [compile_phrases(sections.get(title, ()), sections) for title in titles]
        own = compile_phrases(phrases)
        self._patterns = [(3, patterns[0]), (2, patterns[1]), (2, own), (1, patterns[2])]
        self._idioms = compile_phrases(sections.get("idioms", ()))
        self._preambles = compile_phrases(sections.get("preambles", ()))
        self._sorry = compile_phrases(sections.get("sorry", ()))
        self._declines = compile_phrases(sections.get("decline", ()))
        self._writes = compile_phrases(sections.get("write", ()))

    def find(self, text: str) -> Refused | None:
        """Return the refusal that a text opens with; None if it opens otherwise."""
        apology: list[str] = []
        for words, asks, rest in _opening(text[:HEAD_CHARS]):
            line = joined([*apology, *words])
            if not asks and (strength := self._strength(line)):
                return Refused(strength=strength, rest=rest + max(0, len(text) - HEAD_CHARS) / 6)
            if not _matches(self._preambles, line):
                return None
            if (found := self._sorry and self._sorry.search(line)) is not None:
                apology = found[0].split()
        return None

    def asks_to_write(self, request: str) -> bool:
        """Return whether a request asks for a text: a letter, a translation, a story."""
        return _matches(self._writes, joined(tokens_of(request)))

    def asks_to_decline(self, request: str) -> bool:
        """Return whether a request speaks of declining, other than by forbidding it."""
        line = joined(tokens_of(request))
        return any(
            not _NOT.intersection(line[max(0, found.start() - 40) : found.start()].split()[-4:])
            for pattern in (self._declines, *(pattern for _, pattern in self._patterns))
            if pattern is not None
            for found in pattern.finditer(line)
        )

    def _strength(self, line: str) -> int:
        for strength, pattern in self._patterns:
            if pattern is None or pattern.search(line) is None:
                continue
            # Idioms are rare, so they are looked for only now.
            found = pattern.search(self._idioms.sub("", line) if self._idioms is not None else line)
            if found is not None and length_of(line[: found.start()].split()) <= OPENING:
                return strength
        return 0


@lru_cache(maxsize=len(READ))
def refusal_phrases(language: str) -> RefusalPhrases:
    """Return the phrases of a language that is read."""
    return RefusalPhrases(language)


def tolerated(request: str) -> int:
    """Return the strength up to which words that refuse are what a request asked for."""
    if len(request) > 2 * HEAD_CHARS:
        request = request[:HEAD_CHARS] + "\n" + request[-HEAD_CHARS:]
    known = [refusal_phrases(language) for language in READ]
    if not any(phrases.asks_to_write(request) for phrases in known):
        return 0
    return 2 if any(phrases.asks_to_decline(request) for phrases in known) else 1


@lru_cache(maxsize=4)  # of one answer, it is asked for by each language that is tried
def _opening(text: str) -> list[tuple[list[str], bool, float]]:
    """Return the first sentences that have words: these, whether it is a question, and how many words follow it."""
    tokens = tokens_of(text)
    found: list[tuple[list[str], bool, float]] = []
    start = 0
    for place, mark in enumerate([*tokens, "."]):
        if mark in _ENDS:
            words = [word for word in tokens[start:place] if word not in STOPS]
            if words:
                found.append((words, mark == "?", length_of(tokens[place:])))
                if len(found) > PREAMBLES:
                    break
            start = place + 1
    return found


def _matches(pattern: re.Pattern[str] | None, line: str) -> bool:
    return pattern is not None and pattern.search(line) is not None
