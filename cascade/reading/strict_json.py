"""Strict JSON parser: accepts only JSON that every parser reads alike, in linear time and bounded depth."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NoReturn

MAX_BYTES = 2**20
"""Longest answer, in bytes of UTF-8."""
MAX_DEPTH = 100
"""Greatest nesting depth of objects and arrays."""
MAX_DIGITS = 4300
"""Most digits of an integer (Python's default limit, applied even if it was lifted)."""

SPACE = " \t\r\n"
"""White space in JSON."""

_BLANK = re.compile(f"[{SPACE}]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    """The text has no JSON value, or more than one; the message gives the reason and does not quote the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A JSON value with its span in the text."""

    value: Any = field(repr=False)
    """The value, parsed."""

    start: int
    """The index of its first character."""

    end: int
    """The index after its last character."""

    repairs: tuple[str, ...] = ()
    """The tolerance that reading it took: `fence`, `prose`, `line_break` (in a string), `trailing_comma`."""


def parse_json(text: str) -> Any:
    """Parse a text that must be exactly one JSON value.

    Rejected beyond the standard: more than 1 MiB, nesting deeper than 100, duplicate keys, NaN, Infinity, numbers
    beyond the range of a double, integers of more than 4,300 digits, lone surrogates, a byte-order mark.

    Raises:
        NotJson: the error and its place.
    """
    check_text(text)
    try:
        located = decode(text, skip_space(text, 0))
    except json.JSONDecodeError as error:
        raise not_json(error) from None
    if located.end != len(text.rstrip(SPACE)):
        raise NotJson(f"there is text after the JSON value (character {located.end})")
    return located.value


def check_text(text: str) -> None:
    """Reject a text that is too long, is not valid Unicode, or begins with a byte-order mark."""
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise NotJson(f"there is a lone surrogate (character {error.start})") from None
    if size > MAX_BYTES:
        raise NotJson(f"it is {size:,} bytes long; at most {MAX_BYTES:,} are read")
    if text.startswith("\ufeff"):
        raise NotJson("it begins with a byte-order mark")


def skip_space(text: str, start: int) -> int:
    """Return the index of the first character from `start` on that is not white space."""
    return _BLANK.match(text, start).end()  # type: ignore[union-attr]  # it matches everywhere, if only nothing


def decode(text: str, start: int, *, line_breaks: bool = False) -> Located:
    """Parse the JSON value that begins at `start`, whatever follows it.

    With `line_breaks`, strings may hold line breaks and tabs as they are.

    Raises:
        JSONDecodeError: there is none (its `pos` is where parsing failed).
        NotJson: there is one that the strict rules reject.
    """
    long_allowed = sys.get_int_max_str_digits() not in range(1, MAX_DIGITS + 1)
    try:
        quick, careful = (_TOLERANT, _TOLERANT_CAREFUL) if line_breaks else (_QUICK, _CAREFUL)
        value, end = (_COUNTING if long_allowed and not line_breaks else quick).raw_decode(text, start)
        if _check(value) != text.count(":", start, end):  # a colon in a string, or a key that came twice
            careful.raw_decode(text, start)
    except RecursionError:
        too_deep()
    except (json.JSONDecodeError, NotJson):
        raise
    except ValueError:  # what int() says of a number that is too long
        _too_long()
    if _SURROGATE.search(text, start, end):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise NotJson("a string holds a lone surrogate") from None
    return Located(value=value, start=start, end=end)


def _check(value: Any) -> int:
    """Reject too deep nesting and numbers beyond a double; return the number of keys. Iterative, level by level."""
    keys, level = 0, [value]
    for _ in range(MAX_DEPTH + 1):
        if _INFINITE.intersection(item for item in level if type(item) is float):
            raise NotJson("a number is beyond the range of a double")
        objects = [item for item in level if type(item) is dict]
        arrays = [item for item in level if type(item) is list]
        if not objects and not arrays:
            return keys
        keys += sum(map(len, objects))
        level = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(arrays)]
    return too_deep()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJson("an object has the same key twice")
    return made


def _constant(name: str) -> NoReturn:
    raise NotJson(f"it holds {name}, which is not JSON")


def _int(digits: str) -> int:
    return int(digits) if len(digits.lstrip("-")) <= MAX_DIGITS else _too_long()


def _too_long() -> NoReturn:
    raise NotJson(f"an integer has more than {MAX_DIGITS:,} digits") from None


def too_deep() -> NoReturn:
    """Reject for nesting."""
    raise NotJson(f"it is nested deeper than {MAX_DEPTH} levels") from None


def not_json(error: json.JSONDecodeError) -> NotJson:
    """Return the standard parser's error without a quotation."""
    return NotJson(f"it is not JSON (character {error.pos}: {error.msg})")


_INFINITE = frozenset({math.inf, -math.inf})
# Hooks cost as much as the parsing itself, so the fast decoder has none for what `_check` finds afterwards.
_QUICK = json.JSONDecoder(parse_constant=_constant)
_COUNTING = json.JSONDecoder(parse_constant=_constant, parse_int=_int)
_CAREFUL = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_TOLERANT = json.JSONDecoder(parse_constant=_constant, parse_int=_int, strict=False)
_TOLERANT_CAREFUL = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_int, strict=False)
