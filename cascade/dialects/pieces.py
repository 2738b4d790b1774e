"""Pieces: a long completion, parsed a slice at a time, so that no one call of a parser holds the interpreter."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from typing import Any

from cascade.dialects.logprobs import read_tokens
from cascade.dialects.shape import WINDOW, Hole, ShapeError, ShapeLimits, scan
from cascade.exchange import TokenLogProb
from cascade.failure import FailureKind

MOST_AT_ONCE = 1 << 20
"""The most bytes that are given to a parser at once."""

_MOST_ENTRY = 256 << 10
_MARK = "\x00piece "
_PART = re.compile(
    rb'(?:[^"\\]++|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u[0-9a-fA-F]{4}(?<!\\u[dD][89abAB][0-9a-fA-F]{2})'
    rb"|\\[^u])++",
    re.DOTALL,
)

Parsed = tuple[Any, tuple[TokenLogProb, ...] | None]


def parse(body: bytes, limits: ShapeLimits, *, window: int = WINDOW) -> Generator[None, None, Parsed]:
    """Parse a body, yielding between slices; return it without log-probabilities, and those of its first choice.

    Raises:
        ShapeError: it holds more than the limits allow.
        ValueError: it is no JSON.
    """
    texts: list[str] = []
    rest, tokens = yield from _taken_apart(body, limits, window, texts)
    whole = json.loads(rest)
    yield
    return (_filled(whole, texts) if texts else whole), tokens


def without_logprobs(
    body: bytes, limits: ShapeLimits, *, window: int = WINDOW
) -> Generator[None, None, tuple[bytes, tuple[TokenLogProb, ...] | None]]:
    """Take log-probabilities out of a body, yielding between slices; return the rest, and those of its first choice.

    Raises:
        ShapeError, ValueError: as of `parse`.
    """
    return (yield from _taken_apart(body, limits, window, None))


def _taken_apart(
    body: bytes, limits: ShapeLimits, window: int, texts: list[str] | None
) -> Generator[None, None, tuple[bytes, tuple[TokenLogProb, ...] | None]]:
    """Read log-probabilities and, into `texts`, long texts; return the rest, with a mark in the place of each text."""
    holes = yield from scan(body, limits, window)
    beside = len(body) - sum(hole.end - hole.start for hole in holes)
    if beside > MOST_AT_ONCE:
        raise ShapeError(FailureKind.TOO_BIG, f"The body holds {beside:,} bytes beside texts and log-probabilities")
    parts: list[bytes] = []
    tokens: list[TokenLogProb] = []
    position = 0
    for hole in holes:
        if hole.kind == "text" and texts is None:
            continue
        parts.append(body[position : hole.start])
        position = hole.end
        if hole.kind == "entries":
            yield from _entries(body, hole, tokens, limits.alternatives, window)
        elif texts is not None:
            parts.append(json.dumps(f"{_MARK}{len(texts)}").encode("ascii"))
            texts.append((yield from _text(body, hole, window)))
    return b"".join([*parts, body[position:]]), tuple(tokens) or None


def _text(body: bytes, hole: Hole, window: int) -> Generator[None, None, str]:
    """Decode a text in pieces that end between its characters."""
    parts: list[str] = []
    position, last = hole.start + 1, hole.end - 1
    while position < last:
        found = _PART.match(body, position, min(last, position + window))
        end = position if found is None else found.end()
        while end > position and end < last and body[end] & 0xC0 == 0x80:
            end -= 1  # not inside a character of several bytes
        if end == position:
            end = min(last, position + 6)  # a lone surrogate, or an escape that the parser will refuse
        parts.append(json.loads(b'"' + body[position:end] + b'"'))
        position = end
        yield
    return "".join(parts)


def _entries(
    body: bytes, hole: Hole, tokens: list[TokenLogProb], alternatives: int, window: int
) -> Generator[None, None, None]:
    begin = 0
    starts = (*hole.starts, hole.end)
    for number, start in enumerate(starts[1:], start=1):
        size = start - starts[begin]
        if size < window and number < len(starts) - 1:
            continue
        if size > _MOST_ENTRY:
            raise ShapeError(FailureKind.TOO_BIG, f"One log-probability entry is longer than {_MOST_ENTRY:,} bytes")
        batch = body[starts[begin] : start].rstrip(b" \t\r\n,")
        tokens += read_tokens(json.loads(b"[" + batch + b"]"), alternatives)
        begin = number
        yield


def _filled(value: Any, texts: list[str]) -> Any:
    """Put the texts back in their places."""
    if isinstance(value, str) and value.startswith(_MARK) and value[len(_MARK) :].isdigit():
        number = int(value[len(_MARK) :][:9])
        return texts[number] if number < len(texts) else value
    if isinstance(value, Mapping):
        return {_filled(key, texts): _filled(item, texts) for key, item in value.items()}
    return [_filled(item, texts) for item in value] if isinstance(value, list) else value
