"""Working: the equations that an answer shows, evaluated exactly; linear in the answer's length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

MAX_CHARS = 50_000
"""Characters read of one answer, from its end."""

LONGEST_SIDE = 200
"""Characters of one side of an equation; a longer one is prose."""

_LATEX = (
    (re.compile(r"\\(?:d|t)?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}"), r"((\1)/(\2))"),
    (re.compile(r"\\(?:times|cdot)\b"), "*"),
    (re.compile(r"\\div\b"), "/"),
    (re.compile(r"\\(?:text|mathrm|textbf|boxed)\{([^{}]{0,80})\}"), r" \1 "),
    (re.compile(r"\\[,;!() \[\]]|\\left|\\right|\\quad"), " "),
    (re.compile(r"\\([$%€£])"), r"\1"),
)
_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "−": "-", "–": "-", "≈": "=", "＝": "=", "＋": "+"}
)
_CALCULATOR = re.compile(r"<<[^<>]{0,120}>>")
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(rf"\s*(?:(?P<number>{_NUMBER})|(?P<sign>\*\*|[-+*/^()%])|(?P<times>[xX](?=[\s\d($€£]))|"
                    r"(?P<of>of\b)|(?P<money>[$€£])|(?P<word>[^\W\d_]+(?:['’-][^\W\d_]+)*))", re.UNICODE)  # fmt: skip
_BREAK = re.compile(r"[\n;:!?]|\.(?=\s|$)|,(?=\s)|(?<![<>=!])=(?!=)")
_OPERATORS = frozenset("+-*/^")


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation that an answer shows, such as `9 * $2 = $18`."""

    text: str
    """Both sides."""
    holds: bool
    """Whether they are equal, to the digits that the second side shows."""
    result: Fraction
    """What the second side says."""


def equations_of(text: str) -> list[Equation]:
    """Return the equations of a text, in order: two sides that can be evaluated, of which the first has an operator.

    Read are decimals with grouped thousands, + − × ÷ ^, parentheses, percentages ("20 % of 50"), LaTeX's fractions and
    signs, currency signs and units between numbers; what has variables is not read. A chain `a = b = c` is an equation
    a pair. A side is compared to the digits that the other one shows; figures are exact rationals.
    """
    found: list[Equation] = []
    for line in _plain(text[-MAX_CHARS:]):
        sides = [_evaluated(side, first=place == 0) for place, side in enumerate(line)]
        for place, (first, second) in enumerate(pairwise(sides)):
            if first is None or second is None or not first.operators:
                continue
            shown = f"{line[place].strip()} = {line[place + 1].strip()}"
            found.append(Equation(text=shown, holds=_equal(first.value, second), result=second.value))
    return found


@dataclass(frozen=True, slots=True)
class _Side:
    value: Fraction
    operators: int
    decimals: int
    percent: bool


def _plain(text: str) -> Iterator[list[str]]:
    """Yield the sides of each run of equations, in plain signs."""
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    text = _CALCULATOR.sub("", text).translate(_SIGNS).replace("**", "^").replace("*$", "* $")
    run: list[str] = []
    start = 0
    for mark in _BREAK.finditer(f"{text}\n"):
        side = text[start : mark.start()]
        start = mark.end()
        run.append(side[-LONGEST_SIDE:] if mark[0] == "=" and not run else side[:LONGEST_SIDE])
        if mark[0] != "=":
            if len(run) > 1:
                yield run
            run = []


def _evaluated(side: str, *, first: bool) -> _Side | None:
    """Evaluate a side; None where it is no expression of numbers alone."""
    tokens = _tokens(side, first=first)
    if not tokens:
        return None
    reader = _Reader(tokens)
    value = reader.sum()
    if value is None or reader.at != len(tokens):
        return None
    decimals = max(len(token.partition(".")[2]) for token in tokens if token[0].isdigit())
    operators = sum(token in _OPERATORS for token in tokens)
    return _Side(value, operators, decimals, tokens[-1] == "%")


def _tokens(side: str, *, first: bool) -> list[str] | None:
    """Return the tokens of a side's expression: its last one before the first `=`, else the one that it begins with.

    Words before it, and units after its numbers, are left out. None where it has variables.
    """
    expression = _Expression(first=first)
    at, length = 0, len(side.rstrip())
    while at < length and not expression.over:
        match = _TOKEN.match(side, at)
        if match is None:
            return expression.tokens if expression.has_number and not first else None
        at = match.end()
        if not expression.take(match, follows_space=side[at : at + 1].isspace()):
            return None
    return expression.tokens if expression.has_number else None


class _Expression:
    """The tokens of an expression among words."""

    def __init__(self, *, first: bool) -> None:
        self.tokens: list[str] = []
        self.over = False
        """True where what follows is prose."""
        self._first = first
        self._before = ""

    @property
    def has_number(self) -> bool:
        return any(token[0].isdigit() for token in self.tokens)

    def take(self, match: re.Match[str], *, follows_space: bool) -> bool:
        """Add a token; return False where the side has variables."""
        if match["money"]:
            return True
        if match["word"]:
            return self._word(match)
        begins = bool(match["number"]) or (match["sign"] == "(" and self._before != "sign")
        if begins and self._before in ("number", "word") and self.has_number:
            if not self._first and not (match["sign"] and self._before == "number"):
                self.over = True
                return True
            if self._before == "word" or match["number"]:
                self.tokens = []  # that was prose, and the expression begins here
        if match["number"]:
            digits = match["number"].replace(",", "")
            self.tokens.append(digits if digits[0] != "." else f"0{digits}")
            self._before = "number"
        elif match["times"] or match["of"]:
            self.tokens += ["*"] if self.tokens else []
            self._before = "sign" if self.tokens else "word"
        else:
            return self._sign(match["sign"], bullet=follows_space)
        return True

    def _sign(self, sign: str, *, bullet: bool) -> bool:
        if not self.tokens and self._before == "word" and sign not in "()":
            return False  # the name of something: age − 4
        if not (bullet and sign == "-" and not self.tokens):
            self.tokens.append(sign)
        self._before = "number" if sign in ")%" else "sign"
        return True

    def _word(self, match: re.Match[str]) -> bool:
        word, close = match["word"], match.start() == match.start("word")
        if len(word) == 1 or (close and self._before == "number" and len(word) < 3):
            return False  # a variable: 5x, 2S, B − 3
        if self.tokens and self.tokens[-1] in _OPERATORS:
            if not close or self.tokens[-1] not in "/-":
                return False  # a named quantity: 2 * her age
            self.tokens.pop()  # a unit's own slash (dollars/apple), a hyphen (24-hour)
        self._before = "word"
        return True


class _Reader:
    """Reads a sum of products of powers by recursive descent."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self.at = 0
        self._depth = 0

    def sum(self) -> Fraction | None:
        value = self._product()
        while value is not None and self._peek() in ("+", "-"):
            sign = self._take()
            other = self._product()
            value = None if other is None else value + other if sign == "+" else value - other
        return value

    def _product(self) -> Fraction | None:
        value = self._power()
        while value is not None and self._peek() in ("*", "/", "("):
            sign = "*" if self._peek() == "(" else self._take()
            other = self._power()
            if other is None or (sign == "/" and other == 0):
                return None
            value = value * other if sign == "*" else value / other
        return value

    def _power(self) -> Fraction | None:
        value = self._atom()
        if value is not None and self._peek() == "^":
            self._take()
            exponent = self._atom()
            if exponent is None or exponent.denominator != 1 or abs(exponent) > 64 or (value == 0 and exponent < 0):
                return None
            value = value ** int(exponent)
        return value

    def _atom(self) -> Fraction | None:
        part = self._peek()
        if part == "-":
            self._take()
            value = self._atom()
            return None if value is None else -value
        if part == "(":
            self._depth += 1
            if self._depth > 30:
                return None
            self._take()
            value = self.sum()
            if value is None or self._peek() != ")":
                return None
            self._take()
            return self._percent(value)
        if not part or not part[0].isdigit() or len(part) > 40:
            return None
        return self._percent(Fraction(Decimal(self._take())))

    def _percent(self, value: Fraction) -> Fraction:
        if self._peek() == "%":
            self._take()
            return value / 100
        return value

    def _peek(self) -> str:
        return self._tokens[self.at] if self.at < len(self._tokens) else ""

    def _take(self) -> str:
        self.at += 1
        return self._tokens[self.at - 1]


def _equal(value: Fraction, shown: _Side) -> bool:
    """Compare a value with what a side shows: rounded to its digits, cut after them, or as a percentage."""
    if value == shown.value or (shown.percent and value == 100 * shown.value):
        return True
    if shown.operators:
        return False
    unit = Fraction(1, 10**shown.decimals) / (100 if shown.percent else 1)
    off = min(abs(value - shown.value), abs(value / 100 - shown.value) if shown.percent else abs(value - shown.value))
    return off < unit if shown.decimals else off < unit / 2
