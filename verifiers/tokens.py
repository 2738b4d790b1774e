"""Tokens of a text for phrase lists: words, or single characters in scripts that are written without spaces."""

from __future__ import annotations

import re
import unicodedata

UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Character ranges in which each letter is a token: Thai, Lao, Tibetan, Burmese, Khmer, kana, Han and Hangul.

Korean has spaces, but its words carry endings; by characters, a phrase is found whatever ending follows."""

STOPS = frozenset(".!?;:\n,")
"""Tokens that end a clause."""

_WIDE_STOPS = str.maketrans("。！？；：，、｡､", ".!?;:,,.,")
_TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+(?:['-][^\W{UNSPACED}]+)*|[.!?;:,\n]")
_UNSPACED = re.compile(f"[{UNSPACED}]")
_CLOSING = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』"}
_OPENING = re.compile(f"[{''.join(_CLOSING)}]")
_QUOTE_LINE = re.compile(r"^[ \t]{0,3}>[^\n]*", re.MULTILINE)
_INLINE_CODE = re.compile(r"`[^`\n]*`")


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a text in NFKC and lower case, with the marks that end a clause (see `STOPS`)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.replace("…", "\n")).translate(_WIDE_STOPS).replace("’", "'")
    return _TOKEN.findall(text.casefold())


def length_of(tokens: list[str]) -> float:
    """Return the length of a text in words; a character of a script without spaces counts as half a word."""
    return sum(map(weight_of, tokens))


def weight_of(token: str) -> float:
    """Return the length of a token in words."""
    if token in STOPS:
        return 0.0
    return 0.5 if len(token) == 1 and not token.isascii() and _UNSPACED.match(token) else 1.0


def own_words(text: str) -> str:
    """Return a text without code, block quotes and quotations."""
    outside = " ".join(text.split("```")[::2])
    for left_out in (_INLINE_CODE, _QUOTE_LINE):
        outside = left_out.sub(" ", outside)
    return _unquoted(outside)


def _unquoted(text: str) -> str:
    """Remove quotations within one line.

    A regular expression would search a closing mark again from every opening one: quadratic if none is closed.
    """
    kept: list[str] = []
    next_places = dict.fromkeys(("\n", *_CLOSING.values()), -1)
    at = 0

    def place(mark: str, start: int) -> int:
        if next_places[mark] < start:
            found = text.find(mark, start)
            next_places[mark] = found if found >= 0 else len(text)
        return next_places[mark]

    for opening in _OPENING.finditer(text):
        start = opening.start()
        if start >= at and (end := place(_CLOSING[opening[0]], start + 1)) < place("\n", start + 1):
            kept += text[at:start], " "
            at = end + 1
    return "".join([*kept, text[at:]])
