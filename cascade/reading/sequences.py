"""Sequences in a text: numbered lines, bullets, items between commas, and literals of JSON and of programs."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

MAX_LITERAL: Final = 5_000
"""Longest text, in characters, that is read as a literal."""
MAX_ITEM: Final = 80
"""Longest item of a list between commas, in characters."""

_NUMBERED = re.compile(r"[ \t]*(?:\*\*)?\(?\d{1,3}[.):、]\)?(?:\*\*)?[ \t]+(\S.*)")
_BULLET = re.compile(r"[ \t]*[-*•‣▪◦·–][ \t]+(\S.*)")
_COMMA = re.compile(r"\s*(?:[;；、،]|[,，](?!\d{3}(?:\D|$)))\s*")
_COMMAS = re.compile(r"\s*[,，;；、،]\s*")
_AND = re.compile(
    r"\s+(?:and|und|et|y|e|и|ve|och|और|و|&)\s+|(?<=\d)\s(?:en|i)\s(?=\d)"
    r"|(?<=[\u3040-\u9fff\d])(?:和|与|與|及|以及|と|および)(?=[\u3040-\u9fff\d])"
    r"|(?:와|과)\s+|\s및\s+|\sو(?=[\u0620-\u064a]{2})"
)
_LAST_AND = re.compile(r"\s(?:en|i)\s(?=\S+$)")
"""Dutch and Polish, which are other words elsewhere: only behind a comma, before one word."""
_CLAUSE = re.compile(
    r"^(?:that|which|who|where|when|because|dass|weil|que|qui|dont|che|dat|omdat|że|który\w*|что|котор\w*|att|som|ki)\s"
    r"|(?:より|から|ので|ため|によると|ならば|として)$",
    re.IGNORECASE,
)
"""What makes the part of a sentence between commas a clause, and no item."""
_WARNED = re.compile(r"\\[^\\'\"abfnrtv0-7xuUN\n]|\d(?:and|else|for|if|in|is|not|or)\b")
"""What Python's parser warns of: unknown escapes, and figures run into a word."""
_LETTERS = re.compile(r"[^\W\d_]")
_DEPTH: Final = 50


class NoLiteral(ValueError):
    """The text is no literal."""


def list_lines(text: str) -> tuple[list[str], bool] | None:
    """Return the items of a text that is a list, line by line, and whether they are numbered; None if it is none.

    One line may stand before the items, as `The cities are:`, and none after them.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return None
    for skipped in (0, 1):
        for pattern in (_NUMBERED, _BULLET):
            items = [pattern.fullmatch(line) for line in lines[skipped:]]
            if len(items) > 1 and all(items) and (not skipped or lines[0].rstrip(" *_").endswith((":", "："))):
                return [item[1] for item in items if item is not None], pattern is _NUMBERED
    return None


def closing_list(text: str) -> str | None:
    """Return the lines of the list that ends a text, of short items; None if it does not end in one."""
    lines = text.rstrip().split("\n")
    count = 0
    for line in reversed(lines):
        if not (_NUMBERED.fullmatch(line) or _BULLET.fullmatch(line)) or len(line) > MAX_ITEM or "=" in line:
            break
        count += 1
    return "\n".join(lines[-count:]) if count > 1 else None


def comma_items(phrase: str) -> list[str] | None:
    """Return the items of a phrase that is a list between commas, or between `and`; None if it is none."""
    if "\n" in phrase or len(phrase) > 20 * MAX_ITEM:
        return None
    parts = (_COMMA if re.search(r"\d", phrase) else _COMMAS).split(phrase)
    parts = _with_decimals(parts, phrase)
    last = _AND.split(re.sub(r"^(?:and|und|et|y|e|и|ve|och|以及|和)\s+", "", parts[-1]))
    if len(parts) == 1 and len(last) != 2:
        return None
    if len(parts) > 1 and len(last) == 1:
        last = _LAST_AND.split(last[0])
    items = [*parts[:-1], *last] if len(last) <= 2 else parts
    items = [item.strip(" .") for item in items]
    if any(map(_CLAUSE.search, items)):
        return None
    if any(item.count(one) != item.count(other) for item in items for one, other in ("()", "[]", "{}")):
        return None
    if len(items) < 2 or any(not item or len(item) > MAX_ITEM or len(item.split()) > 4 for item in items):
        return None
    return items


def _with_decimals(parts: list[str], phrase: str) -> list[str]:
    """Return parts with those joined again that a decimal comma behind words set apart: `it costs 3,50`."""
    joined = parts[:1]
    for part in parts[1:]:
        whole = f"{joined[-1]},{part}"
        if joined[-1][-1:].isdigit() and part[:1].isdigit() and _LETTERS.search(joined[-1]) and whole in phrase:
            joined[-1] = whole
        else:
            joined.append(part)
    return joined


def literal(text: str) -> Any:
    """Return the value of a literal of Python: strings, numbers, tuples, lists, sets and objects.

    Raises:
        NoLiteral: it is none, or too long or nested too deep.
    """
    if len(text) > MAX_LITERAL or max(text.count("("), text.count("["), text.count("{")) > 10 * _DEPTH:
        raise NoLiteral
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > _DEPTH:
            raise NoLiteral
    if _WARNED.search(text):
        raise NoLiteral
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise NoLiteral from None
