"""Amounts in a text: its numbers that are no part of a name, a date, an ordinal or a range."""

from __future__ import annotations

import re
from typing import Final

from cascade.reading import words
from cascade.reading.language import COMMA, is_one_of
from cascade.reading.numbers import match_number
from cascade.reading.quantities import read_quantity
from cascade.reading.values import Key, Number

MAX_BEFORE: Final = 30
"""Characters before a number that are looked at."""

_NAME_BEFORE = re.compile(r"([^\W\d_][\w'’.-]*)[ -]?$")
START = re.compile(
    r"(?<![\w.,])[-+]?(?:(?:US|R|HK|NT|[CAS])\$ ?|[$€£¥₩₹₽₺₪฿₫₱₦₴] ?"
    r"|(?:USD|EUR|GBP|JPY|CNY|INR|KRW|RUB|BRL|CHF|CAD|AUD|MXN|RMB) ?)?-?[.]?\d"
    r"|(?<=[\u3000-\uffff])[-+]?(?:[$€£¥₩₹₽₺₪฿₫₱₦₴] ?)?\d|(?<=[=(])-?\d"
)
"""Where a number may begin."""
_CURRENCIES = frozenset("$€£¥₩₹₽₺₪฿₫₱₦₴")
_BOUNDS = frozenset("<>≤≥≠")
_END = re.compile(r"[\w.,:/-]*")


def settled(number: Number, context: str) -> Number:
    """Return a number of two readings as the language around it writes numbers."""
    if number.alternative is None or not is_one_of(context, COMMA):
        return number
    return Number(value=number.alternative, unit=number.unit, noun=number.noun, alternative=number.value)


def numbers_of(text: str, context: str = "") -> list[Number]:
    """Return the numbers in a plain text that are amounts: no part of a name, an ordinal, a date or a range.

    Equal ones stand once. Takes time linear in the text.
    """
    found: dict[Key, Number] = {}
    at = 0
    for figure in START.finditer(text):
        if figure.start() < at:
            continue
        matched = match_number(text, figure.start())
        if matched is None:
            at = _END.match(text, figure.start()).end()  # type: ignore[union-attr]  # it matches everywhere
            continue
        number, at = matched
        before = text[max(0, figure.start() - MAX_BEFORE) : figure.start()]
        if (
            (in_name(before) and figure[0][0] not in _CURRENCIES)
            or before.rstrip()[-1:] in _BOUNDS
            or (
                text[at : at + 1].isalpha()
                and text[at] < "\u3000"
                and read_quantity(text[figure.start() : at + 12]) is None
            )
        ):
            continue
        rest = re.split(r"[.,;:!?()。，]|\d", text[at : at + 40], maxsplit=1)[0]
        with_unit = read_quantity(text[figure.start() : at] + rest) or number
        amount = settled(with_unit, context or text)
        amount = Number(value=amount.value, unit=amount.unit, alternative=amount.alternative)
        found.setdefault(amount.key, amount)
    return list(found.values())


def in_name(before: str) -> bool:
    """Return whether the word before a number makes one name of the two: `Apollo 11`, `Step 3`, `第3`."""
    if before.endswith(("第", "№", "#", "제")):
        return True
    word = _NAME_BEFORE.search(before)
    if word is None or word[1][0] > "\u0530":
        return False
    if word[1].casefold() in words.COUNTED:
        return True
    return word[1][0].isupper() and word[1].casefold() not in words.BEFORE_AMOUNTS
