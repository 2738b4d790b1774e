"""Numerals: numbers in English words and in Chinese and Japanese characters."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_ONES: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ENGLISH: Final = {word: number for number, word in enumerate(_ONES)} | {
    word: 10 * number for number, word in enumerate(_TENS, 2)
}
_ENGLISH_SCALES: Final = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_HAN: Final = {character: number % 10 for number, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "兩": 2,
}
_HAN_SCALES: Final = {"十": 10, "百": 100, "千": 1000}
_HAN_MYRIADS: Final = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}

_PARTS: Final = dict(
    zip(
        ("half", "halve", "third", "quarter", "fourth", "fifth", "sixth", "seventh", "eighth"),
        (2, 2, 3, 4, 4, 5, 6, 7, 8),
        strict=True,
    )
)
_ENGLISH_WORD = "|".join((*_ENGLISH, *_ENGLISH_SCALES))
_HAN_RUN = f"[{''.join((*_HAN, *_HAN_SCALES, *_HAN_MYRIADS))}]"
DIGIT_WORDS = re.compile(
    rf"\b(?:an?|{_ENGLISH_WORD})[ -](?:{'|'.join(_PARTS)})s?\b"
    rf"|(?:minus |negative )?\b(?:{_ENGLISH_WORD})(?:(?:[ -]|,? and )(?:{_ENGLISH_WORD}))*\b"
    rf"|负?{_HAN_RUN}{{1,30}}(?:点{_HAN_RUN}{{1,20}})?(?:分之{_HAN_RUN}{{1,30}})?",
    re.IGNORECASE,
)
"""A run of words, or of characters, that may be a number."""


def numeral(text: str) -> Fraction | None:
    """Return the number that words or characters say, as `twenty-one` and `三百零五`; None if they say none."""
    folded = text.casefold()
    for minus in ("minus ", "negative ", "负"):
        if folded.startswith(minus):
            value = numeral(folded[len(minus) :])
            return None if value is None else -value
    if "分之" in folded:
        under, over = (_han(part) for part in folded.split("分之"))
        return over / under if over is not None and under else None
    count, _, part = re.sub("[ -]", " ", folded).rpartition(" ")
    if part.removesuffix("s") in _PARTS:
        times = Fraction(1) if count in ("a", "an") else _english(count)
        return None if times is None else times / _PARTS[part.removesuffix("s")]
    return _english(folded) if folded[0] < "\u3000" else _han(folded)


def _english(text: str) -> Fraction | None:
    total = current = 0
    last = 10**12
    for word in re.split(r"[ ,-]+", text):
        if word == "and":
            continue
        if word in _ENGLISH:
            value = _ENGLISH[word]
            if value >= last or (last < 20) or (last < 100 and value >= 10):
                return None
            current, last = current + value, value or 1
        else:
            scale = _ENGLISH_SCALES[word]
            if not current:
                return None
            if scale == 100:
                current *= 100
            else:
                total, current = total + current * scale, 0
            last = scale
    return Fraction(total + current)


def _han(text: str) -> Fraction | None:
    whole, _, decimals = text.partition("点")
    if all(character in _HAN for character in whole):
        if len(whole) > 1 and not decimals:  # digits in a row: 二〇二四
            value = Fraction(int("".join(str(_HAN[character]) for character in whole)))
        else:
            value = Fraction(_HAN[whole] if len(whole) == 1 else int("".join(str(_HAN[one]) for one in whole)))
    else:
        read = _han_whole(whole)
        if read is None:
            return None
        value = Fraction(read)
    if decimals:
        if not all(character in _HAN for character in decimals):
            return None
        value += Fraction(int("".join(str(_HAN[character]) for character in decimals)), 10 ** len(decimals))
    return value


def _han_whole(text: str) -> int | None:
    total = section = digit = 0
    for character in text:
        if character in _HAN:
            digit = _HAN[character]
        elif character in _HAN_SCALES:
            section, digit = section + (digit or 1) * _HAN_SCALES[character], 0
        else:
            total, section, digit = total + (section + digit) * _HAN_MYRIADS[character], 0, 0
            if not total:
                return None
    return total + section + digit
