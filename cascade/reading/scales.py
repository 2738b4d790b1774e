"""Scales: powers of ten by their names, behind a number: thousand, Milliarden, 万, k."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from cascade.reading.digits import decimal_of

SCALES: Final = {
    "hundred": 2, "thousand": 3, "thousands": 3, "million": 6, "millions": 6, "billion": 9, "billions": 9,
    "trillion": 12, "trillions": 12, "bn": 9, "mn": 6, "tn": 12, "mln": 6, "mio": 6, "mio.": 6, "mrd": 9,
    "mrd.": 9, "tsd": 3, "tsd.": 3, "tausend": 3, "millionen": 6, "milliarde": 9, "milliarden": 9,
    "billionen": 12, "mille": 3, "milliers": 3, "milliard": 9, "milliards": 9, "mil": 3, "millón": 6,
    "millon": 6, "millones": 6, "milhão": 6, "milhões": 6, "bilhão": 9, "bilhões": 9, "trilhões": 12,
    "billones": 12, "billón": 12, "mila": 3, "milione": 6, "milioni": 6, "miliardo": 9, "miliardi": 9,
    "hundert": 2, "cent mille": 5, "тыс": 3, "тыс.": 3, "тысяча": 3, "тысячи": 3, "тысяч": 3, "млн": 6,
    "миллион": 6, "миллиона": 6, "миллионов": 6, "млрд": 9, "миллиард": 9, "миллиарда": 9, "миллиардов": 9,
    "трлн": 12, "百": 2, "千": 3, "万": 4, "萬": 4, "百万": 6, "千万": 7, "亿": 8, "億": 8, "百億": 10,
    "千億": 11, "兆": 12, "万亿": 12, "백": 2, "천": 3, "만": 4, "백만": 6, "천만": 7, "억": 8, "조": 12,
    "lakh": 5, "lakhs": 5, "lac": 5, "crore": 7, "crores": 7, "हज़ार": 3, "हजार": 3, "लाख": 5, "करोड़": 7,
    "duizend": 3, "miljoen": 6, "miljard": 9,
    "tysiąc": 3, "tysiące": 3, "tysięcy": 3, "milion": 6, "miliony": 6, "milionów": 6, "miliard": 9, "miliardy": 9,
    "miliardów": 9, "tusen": 3, "miljon": 6, "miljoner": 6, "miljarder": 9, "bin": 3, "milyon": 6, "milyar": 9,
    "मिलियन": 6, "बिलियन": 9, "mill.": 6, "mds": 9, "md": 9, "triliun": 12, "juta": 6,
    "अरब": 9, "ألف": 3, "آلاف": 3,
    "مليون": 6, "ملايين": 6, "مليار": 9, "مليارات": 9,
}  # fmt: skip
"""Powers of ten by their names."""
_ATTACHED: Final = {"k": 3, "K": 3, "M": 6, "B": 9}
_WITH_MONEY: Final = {**_ATTACHED, "m": 6, "b": 9, "bn": 9, "T": 12}
_SCALE = re.compile(
    r"\s?(" + "|".join(map(re.escape, sorted(SCALES, key=len, reverse=True))) + r")(?![^\W\d_\u3040-\uffff])",
    re.IGNORECASE,
)
_CJK_SCALE: Final = frozenset("百千万萬亿億兆백천만억조")
_LETTER = re.compile(r"[^\W\d_]")


def scaled(
    text: str, value: Fraction, end: int, found: re.Match[str], other: Fraction | None
) -> tuple[Fraction, int, Fraction | None]:
    """Multiply by the scales that follow: 5k, 3 million, 1億2000万."""
    suffix = text[end : end + 2]
    attached = _WITH_MONEY if found["currency"] else _ATTACHED
    for name in (suffix, suffix[:1]):
        if name in attached and not _LETTER.match(text[end + len(name) : end + len(name) + 1]) and name:
            scale = 10 ** attached[name]
            return value * scale, end + len(name), None if other is None else other * scale
    total = Fraction(0)
    while scale_word := _SCALE.match(text, end):
        factor = 10 ** SCALES[scale_word[1].casefold()]
        value, other = value * factor, None
        end = scale_word.end()
        if scale_word[1][0] not in _CJK_SCALE:
            continue
        further = re.compile(r"\s?(\d[\d,]*(?:\.\d+)?)").match(text, end)
        if further is not None and (part := decimal_of(further[1])) is not None and part[0] < factor:
            total, value, end = total + value, part[0], further.end()
    return total + value, end, other
