"""Streaming JSON: the elements of large arrays, one after the other, wherever they stand in a document."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import IO, Any

from cascade.samples.jsonl import LINE_LIMIT

CHUNK = 1 << 20
"""Characters that are read at once."""

_decode = json.JSONDecoder().raw_decode
_OF_NUMBERS = frozenset("+-.0123456789Ee")
_SPACE = " \t\r\n\ufeff"


class NotStreamable(ValueError):
    """A document that is not JSON, or holds a value too large to be read; the message completes "it is"."""


def elements(file: IO[str], arrays: Collection[tuple[str, ...]]) -> Iterator[Any]:
    """Yield the elements of a document, or of several that follow each other.

    Of an array, its elements. Of an object, the elements of the arrays at one of these paths of keys; the object
    itself if it has none of them.

    Args:
        file: the text, read piece by piece: in memory is one element at a time.
        arrays: paths of keys.

    Raises:
        NotStreamable: it is not JSON, or one element is over 64 MiB.
    """
    text = _Text(file)
    while character := text.peek():
        if character == "[":
            yield from _array(text)
        elif character == "{":
            yield from _object(text, arrays)
        else:
            yield text.value()
        if text.peek() == ",":
            text.take(",")


def _array(text: _Text) -> Iterator[Any]:
    text.take("[")
    while text.peek() != "]":
        yield text.value()
        if text.peek() != "]":
            text.take(",")
    text.take("]")


def _object(text: _Text, arrays: Collection[tuple[str, ...]]) -> Iterator[Any]:
    rest: dict[str, Any] = {}
    found = False
    for key in _keys(text):
        inner = {path[1:] for path in arrays if path and path[0] == key}
        start = text.peek()
        if start == "[" and () in inner:
            found = True
            yield from _array(text)
        elif start == "{" and inner - {()}:
            # What lies on the way to an array is no element itself.
            found = True
            yield from (item for item in _object(text, inner) if not isinstance(item, _Rest))
        else:
            rest[key] = text.value()
    if not found:
        yield _Rest(rest)


class _Rest(dict[str, Any]):
    """An object without any of the arrays."""


def _keys(text: _Text) -> Iterator[str]:
    text.take("{")
    while text.peek() != "}":
        key = text.value()
        if not isinstance(key, str):
            message = f"not JSON (a key was expected, not {key!r:.40})"
            raise NotStreamable(message)
        text.take(":")
        yield key
        if text.peek() != "}":
            text.take(",")
    text.take("}")


class _Text:
    """A window on a text; it slides as values are taken."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._window = ""
        self._at = 0
        self._before = 0

    def peek(self) -> str:
        """Return the next character that is no space; '' at the end."""
        while True:
            while self._at < len(self._window):
                if self._window[self._at] not in _SPACE:
                    return self._window[self._at]
                self._at += 1
            if not self._fill():
                return ""

    def take(self, expected: str) -> None:
        """Step over one character."""
        found = self.peek()
        if found != expected:
            place = self._before + self._at
            message = f"not JSON ({expected!r} was expected at character {place:,}, not {found or 'the end'!r})"
            raise NotStreamable(message)
        self._at += 1

    def value(self) -> Any:
        """Take one whole value."""
        self.peek()
        while True:
            try:
                value, end = _decode(self._window, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                if not isinstance(error, RecursionError) and self._fill():
                    continue
                message = f"not JSON (after character {self._before + self._at:,})"
                raise NotStreamable(message) from None
            # A number at the end of the window may go on: behind "0." stands a digit yet to be read.
            is_whole = end < len(self._window) and self._window[end] not in _OF_NUMBERS
            if is_whole or not self._fill():
                self._at = end
                return value

    def _fill(self) -> bool:
        held = len(self._window) - self._at
        if held > LINE_LIMIT:
            message = f"JSON with a value over {LINE_LIMIT >> 20} MiB, or not JSON"
            raise NotStreamable(message)
        more = self._file.read(max(CHUNK, held))
        if more:
            self._before += self._at
            self._window, self._at = self._window[self._at :] + more, 0
        return bool(more)
