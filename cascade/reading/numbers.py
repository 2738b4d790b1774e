"""Numbers in a phrase: digits grouped as in any country, scales, powers of ten, fractions, currencies and units."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from cascade.reading.numerals import DIGIT_WORDS, numeral
from cascade.reading.units import Unit, unit_of
from cascade.reading.values import Number
from cascade.reading.wording import DENIED, EXCLUDED
from cascade.reading.words import NEGATIONS

MAX_DIGITS: Final = 400
"""Most digits of a number that is read as one."""
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

_PADDED = re.compile(r"0\d")
"""Figures that are padded with zeros: a code, and no amount."""

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
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|ère|ème|º|ª|-?й|-?я|-?е|번째|番目|位|号|號)(?!\w)", re.IGNORECASE)
_RATE = re.compile(r"\s*(?:/|per |pro |par |por |al |each |every )", re.IGNORECASE)
_VERB = re.compile(
    r"(?:is|are|was|were|isn't|aren't|would|could|can|cannot|will|may|might|must|should|has|have|had|seems|looks|appears"
    r"|ist|sind|war|wäre|wird|kann|scheint|scheidet|est|sont|n'est|serait|reste|es|son|queda|resulta|sería|é|são|fica|seria"
    r"|está|è|sono|sarebbe|resta|zijn|blijft|klopt|jest|to|był\w*|является|будет|är|blir)\b"
)
"""A verb behind a number, which makes a sentence: `5 is not the answer`."""
_NEAR: Final = Fraction(1, 50)
"""How far a number in another unit may be from what it restates: it is rounded."""
_DENYING: Final = NEGATIONS - {"mai", "ni"}
"""Words behind a number that deny it: `5 does not work`."""
_UNIT_WORDS: Final = 3
"""Most words of a unit."""
_NOUN_WORDS: Final = 14
"""Most words after a number that still are what is counted."""


def decimal_of(token: str) -> tuple[Fraction, Fraction | None] | None:
    """Return the value of grouped digits, and the other reading where there are two; None if they are no number.

    A lone comma or point before just three digits has two: 1,234 is read as grouped, 1.234 as a decimal.
    """
    if len(token) > MAX_DIGITS or _PADDED.match(token):
        return None
    if token[0] in ".,":
        token = "0" + token
    marks = [character for character in token if character in ".,·"]
    decimal, other = "", ""
    if "·" in marks:
        decimal = "·"
    elif len(set(marks)) == 2:
        decimal = marks[-1]
    elif len(marks) == 1:
        before, after = token.split(marks[0])
        if len(after) != 3 or len(before) > 3 or before.startswith("0") or not before.isdigit():
            decimal = marks[0]
        else:
            decimal, other = ("", marks[0]) if marks[0] == "," else (marks[0], "group")
    if decimal and token.count(decimal) != 1:
        return None
    value = _grouped(token, decimal)
    if value is None:
        return None
    return value, None if not other else _grouped(token, "" if other == "group" else other)


def _grouped(token: str, decimal: str) -> Fraction | None:
    whole, _, fraction = token.partition(decimal) if decimal else (token, "", "")
    if not fraction.isdigit() and fraction:
        return None
    groups = re.split(r"[.,'_ ]", whole)
    if len(groups) > 1:
        western = all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3
        indian = len(groups[-1]) == 3 and all(len(group) == 2 for group in groups[1:-1]) and len(groups[0]) <= 2
        if not (western or indian) or (len({mark for mark in whole if not mark.isdigit()}) > 1):
            return None
    digits = "".join(groups)
    return Fraction(int(digits + fraction), 10 ** len(fraction))


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
    value, end, other = _scaled(text, value, end, found, other)
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


def _scaled(
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


def _words(text: str, start: int) -> tuple[Number, int] | None:
    """Return a number written in words or in Chinese numerals."""
    found = DIGIT_WORDS.match(text, start)
    value = None if found is None else numeral(found[0])
    if found is None or value is None:
        return None
    if _ORDINAL.match(text, found.end()):
        return None
    return Number(value=Fraction(value)), found.end()


def read_quantity(phrase: str) -> Number | None:
    """Return the quantity that a plain phrase is, whole: a number with its unit, or with what is counted; else None."""
    matched = match_number(phrase)
    if matched is None:
        return None
    number, end = matched
    rest = phrase[end:]
    if not rest.strip():
        return number
    if _LETTER.match(rest[:1]) and rest[0] < "\u3040" and unit_of(rest.split(" ")[0].rstrip(".,;")) is None:
        return None
    return _with_unit(number, rest)


def _with_unit(number: Number, rest: str) -> Number | None:
    """Return the number with the unit, or the noun, that follows it; compound quantities (1 h 30 min) are added up."""
    rest = rest.strip()
    dash = re.match(r"-(?=[^\W\d])", rest)
    rest = rest[1:] if dash else rest
    unit, noun = number.unit, ""
    if unit is None:
        unit, rest = _leading_unit(rest)
    rest = rest.strip(" .,;")
    if rest and (unit is not None or rest[0] in "(="):
        added = None if unit is None else _compound(number, unit, rest)
        if added is None:
            added = _restated(Number(value=number.value, unit=unit, alternative=number.alternative), rest)
        if added is not None:
            return added
    if rest:
        if any(character.isdigit() for character in rest) or len(rest.split()) > _NOUN_WORDS:
            return None
        if rest[:1] in "+-*/=<>^×(":
            return (
                None
                if not rest.startswith("(")
                else Number(value=number.value, unit=unit, alternative=number.alternative)
            )
        noun = " ".join(rest.casefold().split())
        if (
            _VERB.match(noun)
            or not _DENYING.isdisjoint(noun.replace("n't", " n't").split())
            or DENIED.search(noun)
            or EXCLUDED.search(noun)
        ):
            return None
    return Number(value=number.value, unit=unit, noun=noun, alternative=number.alternative)


def _leading_unit(rest: str) -> tuple[Unit | None, str]:
    """Return the unit at the beginning of a text, the longest that is one, and what follows it."""
    words = rest.split(" ")
    for count in range(min(_UNIT_WORDS, len(words)), 0, -1):
        candidate = " ".join(words[:count]).strip(",;")
        unit = unit_of(candidate) or unit_of(candidate.rstrip("."))
        if unit is not None and not (_RATE.search(candidate) and any(len(base) == 3 for base, _ in unit.dimension)):
            return unit, " ".join(words[count:])
    slash = re.match(r"([^\W\d]+\.?|[^\w\s])\s?/", rest)  # a rate of money: 元/个
    if slash and (unit := unit_of(slash[1])) is not None:
        return unit, rest[slash.end(1) :]
    for length in range(min(6, len(words[0])), 0, -1):  # in scripts without blanks
        if words[0][0] < "\u0900" and length < len(words[0]):
            break
        unit = unit_of(words[0][:length])
        if unit is not None:
            return unit, rest[length:]
    return None, rest


def _compound(number: Number, unit: Unit, rest: str) -> Number | None:
    rest = re.sub(r"^(?:(?:and|und|et|y|e|en|i|и|ve|och|और|,)\s+|(?:و|와|과|と|和|又)\s?)", "", rest)
    if not rest[:1].isdigit() or number.unit is not None:
        return None
    further = read_quantity(rest)
    if further is None or further.unit is None or further.noun or further.unit.dimension != unit.dimension:
        return None
    if further.unit.scale >= unit.scale or number.value < 0:
        return None
    total = number.value + further.value * further.unit.scale / unit.scale
    return Number(value=total, unit=unit)


def _restated(number: Number, rest: str) -> Number | None:
    """Return a number that is said again in another form, `5 km (5,000 m)`, if the two are near enough."""
    again = rest[1:-1] if rest[0] == "(" and rest[-1] == ")" else rest[1:] if rest[0] in "=≈" else None
    other = None if again is None else read_quantity(again.strip().removeprefix("=").removeprefix("≈").strip())
    if other is None or other.noun:
        return None
    one, two = (
        part.share if part.unit is not None and part.unit.is_percent else part.scaled for part in (number, other)
    )
    dimensions = [() if part.unit is None or part.unit.is_percent else part.unit.dimension for part in (number, other)]
    near = abs(one - two) <= max(abs(one), abs(two)) * _NEAR
    return number if dimensions[0] == dimensions[1] and near else None
