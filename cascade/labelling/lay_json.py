"""lay_json(): JSON answers laid out in lines, with the lines marked that differ from the gold answer or the first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

Lines = list[tuple[str, bool]]
"""Lines of laid-out JSON, and whether each differs."""

MOST_LINES = 1_000
"""JSON of more lines is shown as the text that it is."""


class _Number(str):
    """A number as it stands in the answer: an annotator must see the digits that the model wrote."""

    __slots__ = ()


def lay_json(answers: Sequence[str], gold: str | None) -> dict[str, Any]:
    """Return the lines of each answer and of the gold answer; None for a text that is no JSON object or list.

    Keys are sorted, so that another order is no difference. Lines are compared with the gold answer's, else with those
    of the first answer that is JSON.

    Args:
        answers: the answers' texts.
        gold: the right answer; None where there is none.
    """
    laid = [_laid(text) for text in answers]
    right = None if gold is None else _laid(gold)
    first = next((lines for lines in laid if lines is not None), None)
    against = right if right is not None else first
    return {
        "gold": None if right is None else [(line, False) for line in right],
        "answers": [None if lines is None or against is None else _marked(lines, against) for lines in laid],
    }


def _marked(lines: list[str], against: list[str]) -> Lines:
    bare, other = ([line.rstrip(",") for line in one] for one in (lines, against))
    same = [False] * len(lines)
    for block in SequenceMatcher(None, bare, other, autojunk=False).get_matching_blocks():
        same[block.a : block.a + block.size] = [True] * block.size
    return [(line, not equal) for line, equal in zip(lines, same, strict=True)]


def _laid(text: str) -> list[str] | None:
    try:
        found = json.loads(_inner(text), parse_float=_Number, parse_int=_Number, parse_constant=_Number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict | list):
        return None
    try:
        lines = list(_written(found, ""))
    except RecursionError:
        return None
    return lines if len(lines) <= MOST_LINES else None


def _inner(text: str) -> str:
    """Return the JSON in an answer: what stands in a fence, else the whole text."""
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```") and "\n" in bare:
        return bare[bare.index("\n") : -3]
    return bare


def _written(value: Any, indent: str, before: str = "", after: str = "") -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        opens, closes = ("{", "}") if isinstance(value, dict) else ("[", "]")
        yield f"{indent}{before}{opens}"
        inside: list[tuple[str, Any]] = (
            [(f"{_text(key)}: ", value[key]) for key in sorted(value)]
            if isinstance(value, dict)
            else [("", one) for one in value]
        )
        for place, (name, one) in enumerate(inside, start=1):
            yield from _written(one, f"{indent}  ", name, "," if place < len(inside) else "")
        yield f"{indent}{closes}{after}"
        return
    yield f"{indent}{before}{value if isinstance(value, _Number) else _text(value)}{after}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
