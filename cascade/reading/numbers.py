"""Numbers at a place of a text: digits grouped as in any country, powers of ten, fractions, currencies."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from cascade.reading.digits import decimal_of
from cascade.reading.numerals import DIGIT_WORDS, numeral
from cascade.reading.scales import scaled
from cascade.reading.units import unit_of
from cascade.reading.values import Number

MAX_EXPONENT: Final = 1000
"""Greatest power of ten."""
_DIGITS = r"(?:\d+(?:[.,·'_]\d+| \d{3}(?!\d))*|[.,]\d+)"
_CURRENCY = (
    r"(?:(?:US\$|R\$|HK\$|NT\$|[CAS]\$) ?|[$€£¥₩₹₽₺₪฿₫₱₦₴]|Rs\.? ?"
    r"|(?:USD|EUR|GBP|JPY|CNY|INR|KRW|RUB|BRL|CHF|CAD|AUD|MXN|RMB) ?)"
)
_NUMBER = re.compile(
    rf"(?P<about>(?:about|approximately|approx\.?|around|roughly|nearly|exactly|circa|ca\.|etwa|ungefähr|rund|environ"
    rf"|aproximadamente|unos|unas|circa|около|примерно|约|約|大约|およそ|약|लगभग|حوالي|≈|~|=)\s*)?"
    rf"(?P<sign>[-+]|minus |negative |moins |menos |meno |минус |负|負|マイナス ?|마이너스 ?|ऋण |سالب )?"
    rf"(?P<currency>{_CURRENCY})?(?P<late>-)?(?P<digits>{_DIGITS})"
    rf"(?:(?P<e>[eE][-+]?\d{{1,4}})(?![\w])|\s?[×x*]\s?10\s?(?:\^|\*\*)\s?[({{]?(?P<power>[-+]?\s?\d{{1,4}})[)}}]?"
    rf"|(?:\^|\*\*)[({{]?(?P<raised>[-+]?\d{{1,3}})[)}}]?"
    rf"|\s?/\s?(?P<under>\d{{1,40}})(?![\d/.,]*\d)|\s(?P<over>\d{{1,9}})/(?P<below>\d{{1,9}})(?![\d/]))?",
    re.IGNORECASE,
)
_LATEX_RATIO = re.compile(r"(?P<sign>-?)\((?P<over>-?\d{1,40})\)/\((?P<under>-?\d{1,40})\)")
_EXPONENT_ONLY = re.compile(r"(?P<sign>-?)10\s?(?:\^|\*\*)\s?[({]?(?P<power>[-+]?\d{1,4})[)}]?")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|ère|ème|º|ª|-?й|-?я|-?е|번째|番目|位|号|號)(?!\w)", re.IGNORECASE)


def match_number(text: str, start: int = 0) -> tuple[Number, int] | None:
    """Return the number that begins at a place of a plain text, with currency and scale, and where it ends.

    None if there is none there, or if it is part of a word, a version, a range, an ordinal.
    """
    ratio = _LATEX_RATIO.match(text, start)
    if ratio is not None and int(ratio["under"]):
        value = Fraction(int(ratio["over"]), int(ratio["under"]))
        return Number(value=-value if ratio["sign"] else value), ratio.end()
    exponent = _EXPONENT_ONLY.match(text, start)
    if exponent is not None and abs(int(exponent["power"])) <= MAX_EXPONENT:
        value = Fraction(10) ** int(exponent["power"])
        return Number(value=-value if exponent["sign"] else value), exponent.end()
    found = _NUMBER.match(text, start)
    if found is None:
        return _words(text, start)
    end = found.end()
    digits = found["digits"]
    read = decimal_of(digits)
    if read is None and " " in digits:  # 12 345 678 are three numbers where the first group is too long
        return None
    if read is None or not _shape(text, end):
        return None
    value, other = read
    factor = _factor(found)
    if factor is None:
        return None
    base, added = factor
    if base != 1:
        other = None  # a power of ten stands behind a decimal
    value, other = value * base + added, None if other is None else other * base + added
    if found["raised"]:
        exponent_of = int(found["raised"])
        if abs(exponent_of) > 64 or (not value and exponent_of < 0):
            return None
        value, other = value**exponent_of, None
    value, end, other = scaled(text, value, end, found, other)
    if found["sign"] not in (None, "+") or found["late"]:
        value, other = -value, None if other is None else -other
    unit = unit_of(found["currency"].strip()) if found["currency"] else None
    return Number(value=value, unit=unit, alternative=other), end


def _shape(text: str, end: int) -> bool:
    rest = text[end : end + 12]
    return not (rest[:1] == "_" or (rest[:1] in ".,:/-" and rest[1:2].isdigit()) or _ORDINAL.match(rest))


def _factor(found: re.Match[str]) -> tuple[Fraction, Fraction] | None:
    """Return what a number is multiplied by, and what is added, for powers of ten and fractions."""
    zero = Fraction(0)
    power = found["power"] or (found["e"] or "")[1:]
    if power:
        exponent = int(power.replace(" ", ""))
        return (Fraction(10) ** exponent, zero) if abs(exponent) <= MAX_EXPONENT else None
    if found["under"]:
        return (Fraction(1, int(found["under"])), zero) if int(found["under"]) else None
    if found["over"]:
        return (Fraction(1), Fraction(int(found["over"]), int(found["below"]))) if int(found["below"]) else None
    return Fraction(1), zero


def _words(text: str, start: int) -> tuple[Number, int] | None:
    """Return a number written in words or in Chinese numerals."""
    found = DIGIT_WORDS.match(text, start)
    value = None if found is None else numeral(found[0])
    if found is None or value is None:
        return None
    if _ORDINAL.match(text, found.end()):
        return None
    return Number(value=Fraction(value)), found.end()
