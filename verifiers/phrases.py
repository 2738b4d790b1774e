"""Phrases with gaps and alternatives, found in the tokens of a sentence.

A phrase is written as words, `i am unable to … {act}`: `…` stands for up to 4 further words (12 characters in scripts
without spaces), `~` for up to 40, `can*` for any word that begins so, `^` for an edge of the sentence, `{act}` for one
of the phrases of that section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from verifiers.tokens import STOPS, UNSPACED, tokens_of

_WORDS, _CHARACTERS, _FAR = 4, 12, 40
_PART = re.compile(r"\{[^{}]*\}|\^|…|~|[^\s{}^…~]+")
_UNSPACED_PART = re.compile(f"[{UNSPACED}]")


def compile_phrases(
    phrases: Iterable[str], sections: Mapping[str, Iterable[str]] | None = None
) -> re.Pattern[str] | None:
    """Return a pattern for `joined` tokens; None without phrases.

    Args:
        phrases: the phrases; those without words are left out.
        sections: the alternatives that `{name}` stands for; they hold no `{…}` themselves.
    """
    # A phrase that is one slot only is as good as its entries: among these the longest goes first.
    phrases = [
        entry
        for phrase in phrases
        for entry in ((sections or {})[phrase[1:-1]] if re.fullmatch(r"\{[^{}]*\}", phrase) else (phrase,))
    ]
    gap = (
        _CHARACTERS
        if any(map(_UNSPACED_PART.search, phrases))
        or any(_UNSPACED_PART.search(entry) for name in _slots(phrases) for entry in (sections or {})[name])
        else _WORDS
    )
    slots = {
        name: "(?:" + "|".join(_longest_first(_sequence(entry, {}, gap) for entry in (sections or {})[name])) + ")"
        for name in _slots(phrases)
    }
    found = _longest_first(_sequence(phrase, slots, gap) for phrase in phrases)
    return re.compile(r"(?<= )(?:" + "|".join(found) + ")") if found else None


def joined(tokens: Iterable[str]) -> str:
    """Return the tokens of a sentence in the form that patterns of `compile_phrases` read."""
    return f" ^ {' '.join(tokens)} ^ "


def _longest_first(sequences: Iterable[str]) -> list[str]:
    return sorted({sequence for sequence in sequences if sequence}, key=lambda one: (-len(one), one))


def _slots(phrases: Iterable[str]) -> set[str]:
    return {part[1:-1] for phrase in phrases for part in _PART.findall(phrase) if part.startswith("{")}


def _sequence(phrase: str, slots: Mapping[str, str], gap: int) -> str:
    parts: list[str] = []
    words = False
    for part in _PART.findall(phrase):
        if part in ("…", "~"):
            parts.append(rf"(?:\S+ ){{0,{gap if part == '…' else _FAR}}}?")
        elif part == "^":
            parts.append(r"\^ ")
        elif part.startswith("{"):
            parts.append(slots[part[1:-1]])
            words = True
        else:
            tokens = [re.escape(token) + " " for token in tokens_of(part.removesuffix("*")) if token not in STOPS]
            if tokens and part.endswith("*"):
                tokens[-1] = tokens[-1][:-1] + r"\S* "
            parts += tokens
            words = words or bool(tokens)
    return "".join(parts) if words else ""
