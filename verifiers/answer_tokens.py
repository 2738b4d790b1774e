"""Answer tokens: the tokens of an answer's JSON values, or of its last line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cascade.exchange import TokenLogProb
from cascade.reading import NotJson, read
from cascade.reading.thinking import answer_start

MAX_CHARS = 200_000
"""Longest answer, in characters, whose values are looked for."""

_VALUE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|-?[0-9][0-9.eE+-]*|true|false|null', re.DOTALL)
_BYTES = re.compile(r"(?:bytes:)?(?:\\x[0-9a-fA-F]{2})+|<0x[0-9a-fA-F]{2}>")
"""How providers write a token that is a part of a character."""

_UNSPELT = re.compile(r"[^0-9A-Za-z]+")
_SPECIAL = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>|<(?:eos|bos|pad|end_of_turn|start_of_turn)>|\[/?INST\]")


def value_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of a JSON answer's values: strings without their quotes, numbers, true, false and null.

    Keys and punctuation are left out: a model is sure of those whatever the answer. Empty without JSON, or with too
    much of it.
    """
    if len(text) > MAX_CHARS:
        return []
    try:
        located = read(text).json
    except NotJson:
        return []
    spans: list[tuple[int, int]] = []
    for found in _VALUE.finditer(text, located.start, located.end):
        is_string = found[0].startswith('"')
        if is_string and text[found.end() : found.end() + 40].lstrip(" \t\r\n").startswith(":"):
            continue
        spans.append((found.start() + is_string, found.end() - is_string))
    return spans


def last_line_span(text: str) -> tuple[int, int]:
    """Return the span of the last line that is not blank."""
    end = len(text.rstrip())
    return text.rfind("\n", 0, end) + 1, end


def tokens_within(
    tokens: Sequence[TokenLogProb], text: str, spans: Sequence[tuple[int, int]]
) -> list[TokenLogProb] | None:
    """Return the tokens that overlap the spans; None if the tokens' text does not align with the answer's."""
    if any(token.token is None for token in tokens):
        return None
    joined = "".join(token.token or "" for token in tokens)
    shift = joined.find(text) if text else -1
    if shift < 0:
        return None
    found: list[TokenLogProb] = []
    place = index = 0
    for token in tokens:
        start, place = place, place + len(token.token or "")
        while index < len(spans) and spans[index][1] + shift <= start:
            index += 1
        if index < len(spans) and spans[index][0] + shift < place and start < place:
            found.append(token)
    return found


def without_thinking(tokens: list[TokenLogProb], text: str) -> list[TokenLogProb]:
    """Return the tokens of an answer without those of the thinking before it; all of them where nothing is known of it.

    The answer is looked for at the end of what the tokens spell. Where tokenizers mark spaces or bytes in ways of their
    own, letters and digits alone are compared; where the answer has none of these, the thinking's last mark counts.
    """
    if any(token.token is None for token in tokens):
        return tokens
    answer = text.strip()
    pieces = [token.token or "" for token in tokens]
    for spelt in (pieces, [letters(piece) for piece in pieces]):
        wanted, joined = answer if spelt is pieces else letters(answer), "".join(spelt)
        found = joined[::-1].find(wanted[::-1]) if wanted else -1  # in linear time, as `rfind` is not
        if found >= 0:
            return tokens[_token_at(spelt, len(joined) - found - len(wanted)) :]
    return tokens[_token_at(pieces, answer_start("".join(pieces))) :]


def _token_at(pieces: Sequence[str], place: int) -> int:
    """Return which piece holds the character at a place; the first one that is not empty."""
    end = 0
    for number, piece in enumerate(pieces):
        end += len(piece)
        if end > place:
            return number
    return 0


def letters(text: str) -> str:
    """Return a text's ASCII letters and digits: what every tokenizer writes in the same way."""
    return _UNSPELT.sub("", _BYTES.sub("", text))


def is_formatting(token: TokenLogProb) -> bool:
    """Return whether a token is only white space or one of a model's special tokens."""
    text = token.token
    return text is not None and (not text.strip() or _SPECIAL.fullmatch(text.strip()) is not None)
