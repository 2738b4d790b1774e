"""Hedging lexicon: phrases with weights of doubt, and the negations that cancel them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from cascade.errors import ConfigError
from verifiers.language import READ
from verifiers.tokens import STOPS, tokens_of
from verifiers.word_lists import word_lists

REACH = 3
"""Words (or characters, in scripts without spaces) before a phrase in which a negation cancels it."""

_CLAUSE_ENDS = STOPS - {","}


class HedgingLexicon:
    """Phrases with weights; of several that begin at a word, the longest is the one that is meant."""

    def __init__(self, weights: Mapping[str, float], negators: frozenset[str]) -> None:
        self.weights = weights
        self.negators = frozenset(negator.casefold() for negator in negators)
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for phrase, weight in weights.items():
            words = tuple(word for word in tokens_of(phrase.removesuffix("*")) if word not in STOPS)
            if not words or isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
                raise ConfigError(f"Hedging phrase {phrase!r:.80} weighs {weight!r}; words, and 0 to 1, were expected.")
            self._phrases.setdefault(words[0][:3], []).append((words, phrase))
        for candidates in self._phrases.values():
            candidates.sort(key=lambda one: (-len(one[0]), one[1].endswith("*"), one[1]))

    def at(self, tokens: list[str], index: int) -> tuple[str, int]:
        """Return the longest phrase that begins at a token, and its length in tokens; an empty one if none does."""
        for words, phrase in self._phrases.get(tokens[index][:3], ()):
            size = len(words)
            there = tokens[index : index + size]
            if len(there) == size and (
                tuple(there) == words
                if not phrase.endswith("*")
                else tuple(there[:-1]) == words[:-1] and there[-1].startswith(words[-1])
            ):
                return phrase, size
        return "", 1

    def negated(self, tokens: list[str], index: int) -> bool:
        """Return whether a negation stands shortly before a token in its clause."""
        for word in reversed(tokens[max(0, index - REACH) : index]):
            if word in _CLAUSE_ENDS or (word == "," and not tokens[index].isascii()):
                return False
            if word in self.negators:
                return True
        return False


def shipped(language: str) -> Mapping[str, float]:
    """Return the phrases of a language that is read, with weights of doubt in (0, 1)."""
    return _shipped()[language]


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Mapping[str, float]]:
    return {
        language: MappingProxyType(
            {
                phrase: float(title.removeprefix("hedging "))
                for title, phrases in word_lists(f"lexicons/{language}.txt").items()
                if title.startswith("hedging ")
                for phrase in phrases
            }
        )
        for language in READ
    }


def shipped_negators(language: str) -> frozenset[str]:
    """Return the words that cancel a phrase in a language that is read."""
    return word_lists(f"lexicons/{language}.txt")["negators"]


@lru_cache(maxsize=64)
def shipped_lexicon(language: str | None, negators: frozenset[str] | None) -> HedgingLexicon:
    """Return the lexicon of one language, or of all of them together."""
    codes = READ if language is None else (language,)
    weights = {phrase: weight for code in codes for phrase, weight in shipped(code).items()}
    return HedgingLexicon(weights, frozenset().union(*map(shipped_negators, codes)) if negators is None else negators)
