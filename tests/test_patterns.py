"""No regular expression of ours can run away: no repetition inside an ambiguous repetition, none beside its like."""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import PACKAGES, ROOT, checked_in

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # the parser of the standard library

FUNCTIONS = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}
MANY = 64
"""Repetitions from which on one counts as without end."""
LETTERS = [chr(code) for code in (*range(256), 0x3B1, 0x3042, 0x89E3, 0x200B, 0x2028, 0x1D11E, 0xD800)]

ELSEWHERE = {"langchain_core"}
"""Packages that only environments of `make clients` have; patterns of modules that need them are found as they are
written."""

Node = tuple[Any, Any]


def written() -> Iterator[tuple[Path, str]]:
    """Give every regular expression that stands in our own code as a text."""
    for path in checked_in(*PACKAGES, "tools", "benchmarks"):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[first, *_]) if (
                    name in FUNCTIONS
                ):
                    text = _text(first)
                    if text is not None:
                        yield path, text


def compiled() -> Iterator[tuple[Path, str]]:
    """Give every regular expression that a module of ours holds ready, those put together from parts too."""
    for path in checked_in(*PACKAGES):
        if path.suffix != ".py" or path.stem == "__main__" or "migrations" in path.parts:  # Alembic runs those
            continue
        name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in ELSEWHERE:
                raise
            continue
        for value in vars(module).values():
            if isinstance(value, re.Pattern):
                yield path, str(value.pattern)


def _text(node: ast.expr) -> str | None:
    """Return a constant's text, of an f-string with what is filled in left out; None where it is put together."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr) and all(isinstance(part, ast.Constant) for part in node.values):
        return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    return None


def dangers(pattern: str) -> list[str]:
    """Say what could take more than linear time for one attempt, ambiguous repetitions, or return nothing."""
    return list(_dangers(_parser.parse(pattern)))


def _dangers(sequence: Any) -> Iterator[str]:
    beside: set[str] = set()
    for node in sequence:
        if _endless(node):
            inner = node[1][2]
            yield from (["a repetition inside an ambiguous repetition"] if _ambiguous(inner) else [])
            if _first(inner) & beside:
                yield "a repetition beside another of the same letters"
            beside |= _letters(inner)
        elif _least(node) > 0:
            beside = set()
        for part in _parts(node):
            yield from _dangers(part)


def _ambiguous(body: Any) -> bool:
    """Tell whether what is repeated could be cut into repetitions in several ways."""
    return any(map(_cut_in_two_ways, _bodies(list(body))))


def _cut_in_two_ways(body: list[Node]) -> bool:
    inner = [node for node in body if _endless(node)]
    fixed = [_letters([node]) for node in body if not _endless(node) and _least(node) > 0]
    return any(all(_letters(node[1][2]) & own for own in fixed) for node in inner)


def _bodies(body: list[Node]) -> Iterator[list[Node]]:
    """Give a body once for each way through its branches, groups opened."""
    for place, (kind, value) in enumerate(body):
        ways = value[1] if kind is _constants.BRANCH else [value[-1]] if kind is _constants.SUBPATTERN else None
        if ways is not None:
            for way in ways:
                yield from _bodies([*body[:place], *way, *body[place + 1 :]])
            return
    yield body


def _first(body: Any) -> set[str]:
    """Return the letters, of a few hundred, with which a body can begin."""
    found: set[str] = set()
    for node in body:
        kind, value = node
        ways = value[1] if kind is _constants.BRANCH else None
        inner = [value[2]] if kind in REPEATS else [value[-1]] if kind is _constants.SUBPATTERN else ways
        found |= set().union(*map(_first, inner)) if inner is not None else _letters([node])
        if _least(node) > 0:
            break
    return found


def _endless(node: Node) -> bool:
    return node[0] in REPEATS and node[1][1] > MANY


def _least(node: Node) -> int:
    if node[0] in REPEATS:
        return int(node[1][0])
    if node[0] is _constants.SUBPATTERN:
        return int(node[1][-1].getwidth()[0])
    if node[0] is _constants.BRANCH:
        return min(int(one.getwidth()[0]) for one in node[1][1])
    return 0 if node[0] in (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT) else 1


def _parts(node: Node) -> list[Any]:
    kind, value = node
    if kind in REPEATS:
        return [value[2]]
    if kind is _constants.SUBPATTERN:
        return [value[-1]]
    if kind is _constants.BRANCH:
        return list(value[1])
    return [value[1]] if kind in (_constants.ASSERT, _constants.ASSERT_NOT) else []


def _letters(body: Any) -> set[str]:
    """Return the letters, of a few hundred, that single characters in a body can be."""
    found: set[str] = set()
    for node in body:
        if node[0] in (_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY):
            state = _parser.State()
            state.str = ""
            single = _compiler.compile(_parser.SubPattern(state, [node]))
            found |= {letter for letter in LETTERS if single.fullmatch(letter)}
        for part in _parts(node):
            found |= _letters(part)
    return found


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a*)*", "(a|b+)*", r"(\w+\s?)*", r"(.*a){20,}", r"```\w*\s*(.*?)\s*```", r"\s*.*?\s*", r"\d+\d+",
        "(?:x+y?)+", "([^,]*,?)*", "(?:(?:a+|b)c?)*",
    ],
)  # fmt: skip
def test_the_check_sees_what_it_should(pattern: str) -> None:
    assert dangers(pattern)


@pytest.mark.parametrize(
    "pattern", [r"\w+(?:'\w+)*", r"[a-z]+-[a-z]+", r"(?:,\d+)*", r'"[^"\\]*(?:\\.[^"\\]*)*"', "a{1,9}a+"]
)
def test_the_check_lets_pass_what_is_linear(pattern: str) -> None:
    assert not dangers(pattern)


def test_no_pattern_of_ours_can_run_away() -> None:
    found = {
        f"{path}: {pattern[:80]}": said for path, pattern in chain(written(), compiled()) if (said := dangers(pattern))
    }
    assert not found


def test_patterns_are_found() -> None:
    assert len({pattern for _, pattern in written()}) > 40
