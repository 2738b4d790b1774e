"""Language of an answer: by its script, else by letters that one language has, else by stop words.

It knows more languages than the verifiers read, so that Dutch is not taken for German. `cascade.reading.language` has
another aim: how a number is written at the end of a text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from typing import Final

from cascade.verdict import Verdict
from verifiers.word_lists import word_lists

READ: Final = ("de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "zh")
"""Languages that refusal and hedging have phrases of, as ISO 639-1 codes."""

NEUTRAL: Final = ""
"""The language of a text without enough words to be in one (42, x = 1, Paris), or in any of several that are read."""

MAX_CHARS: Final = 3_000
"""Characters that are looked at, two thirds from the beginning and one from the end."""
FEW_WORDS: Final = 2
"""Words in Latin letters up to which a text may be in any language."""

_BLOCKS: Final = (
    (0x00C0, "latin"), (0x0250, ""), (0x0370, "el"), (0x0400, "cyrillic"), (0x0530, "hy"), (0x0590, "he"),
    (0x0600, "ar"), (0x0700, ""), (0x0900, "hi"), (0x0980, "bn"), (0x0A00, "pa"), (0x0A80, "gu"), (0x0B00, "or"),
    (0x0B80, "ta"), (0x0C00, "te"), (0x0C80, "kn"), (0x0D00, "ml"), (0x0D80, "si"), (0x0E00, "th"), (0x0E80, "lo"),
    (0x0F00, "bo"), (0x1000, "my"), (0x10A0, "ka"), (0x1100, "ko"), (0x1200, "am"), (0x1380, ""), (0x1780, "km"),
    (0x1800, "mn"), (0x1E00, "latin"), (0x1F00, "el"), (0x2000, ""), (0x3040, "kana"), (0x3100, ""), (0x3400, "han"),
    (0xA000, ""), (0xAC00, "ko"), (0xD7B0, ""), (0xF900, "han"), (0xFB00, ""), (0xFF66, "kana"), (0xFFA0, ""),
    (0x20000, "han"), (0x323B0, ""),
)  # fmt: skip
"""Code points from which on a script or the one large language of a script begins."""
_STARTS: Final = [start for start, _ in _BLOCKS]
_WORDS_PER_LETTER: Final = {"latin": 0.2, "cyrillic": 0.2, "han": 0.6, "kana": 0.5, "ko": 0.5}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_CODE = re.compile(r"`[^`\n]*`|https?://\S{1,200}|\\[a-z]{1,20}")
_MARGIN: Final = 1.25
"""How much more than the second language the first must weigh."""
_LEAST: Final = 0.7
"""What it must weigh at least: a stop word of two languages weighs so much."""
_LONG: Final = 12
"""Words from which on a text is known by several of them."""


def language_of(text: str, request: str = "") -> str | None:
    """Return the ISO 639-1 code of a text's language; `NEUTRAL` where it has too few words; None if it is unknown.

    Args:
        text: the text, without code where possible.
        request: what it answers: taken for the language where the answer's words leave it open.
    """
    found = _language_of(text)
    if found is None and request:
        asked = _language_of(request)
        # The request speaks for words in its own script only.
        return asked if asked in _latin() else found
    return found


def not_read(language: str | None) -> Verdict:
    """Return the verdict on an answer in a language that a verifier does not read: it abstains, flagged."""
    flag = f"language:{language or 'unknown'}"
    return Verdict.abstain(f"language: {language} is not read" if language else "language: unknown", flags=(flag,))


def _language_of(text: str) -> str | None:
    if len(text) > MAX_CHARS:
        text = text[: MAX_CHARS * 2 // 3] + " " + text[-MAX_CHARS // 3 :]
    text = _CODE.sub(" ", text)
    scripts = _scripts(text)
    if not scripts:
        return NEUTRAL
    kana, han = scripts.pop("kana", 0.0), scripts.pop("han", 0.0)
    if kana or han:
        scripts["ja" if kana >= 0.1 * han else "zh"] = kana + han
    script = max(sorted(scripts), key=lambda name: scripts[name])
    words = [word.casefold() for word in _WORD.findall(text.replace("’", "'"))]
    if script == "cyrillic":
        return _by_words(words, "cyrillic ") or ("ru" if len(words) <= FEW_WORDS or scripts else None)
    if script != "latin":
        return script
    found = _by_words(words, "latin ")
    if found is None and len(words) <= FEW_WORDS and text.isascii():
        return NEUTRAL
    return found


def _scripts(text: str) -> dict[str, float]:
    """Return the weight of each script in a text, in words."""
    counts: dict[str, float] = {}
    for character, times in Counter(text).items():
        if character.isalpha():
            code = ord(character)
            script = "latin" if code < 0xC0 else _BLOCKS[bisect_right(_STARTS, code) - 1][1]
            if script:
                counts[script] = counts.get(script, 0.0) + times * _WORDS_PER_LETTER.get(script, 0.3)
    return counts


@lru_cache(maxsize=1)
def _latin() -> frozenset[str]:
    return frozenset(title[-2:] for title in word_lists("lexicons/stop_words.txt") if title.startswith("latin "))


@lru_cache(maxsize=2)
def _table(script: str) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return the languages of each stop word, and of each letter that few languages have."""
    words: dict[str, tuple[str, ...]] = {}
    letters: dict[str, tuple[str, ...]] = {}
    for title, entries in sorted(word_lists("lexicons/stop_words.txt").items()):
        if title.startswith((script, "letters " + script)):
            kept = letters if title.startswith("letters ") else words
            for word in sorted(entry for phrase in entries for entry in phrase.split()):
                kept[word] = (*kept.get(word, ()), title[-2:])
    return words, letters


def _by_words(words: list[str], script: str) -> str | None:
    """Return the language whose stop words and letters weigh most; None where no one stands out."""
    by_word, by_letter = _table(script)
    weights: dict[str, float] = {}
    for word in words:
        for language in (found := by_word.get(word, ())):
            weights[language] = weights.get(language, 0.0) + 1.0 / len(found) ** 0.5
        if not word.isascii():
            for letter in set(word):
                for language in (found := by_letter.get(letter, ())):
                    weights[language] = weights.get(language, 0.0) + 1.5 / len(found)
    if not weights:
        return None
    first, *others = sorted(weights, key=lambda language: (-weights[language], language))
    rivals = [language for language in others if weights[first] < _MARGIN * weights[language]]
    if weights[first] < _LEAST:
        return None
    if rivals:
        return NEUTRAL if set(READ).issuperset((first, *rivals)) and len(words) < _LONG else None
    # A long text in which few words are known is in a language that is not.
    return first if len(words) < _LONG or weights[first] >= 0.04 * len(words) else None
