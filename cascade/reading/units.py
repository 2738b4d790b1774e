"""Units: names in sixteen languages and symbols, composed of factors, to dimension, scale and offset."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cascade.reading.unit_table import CURRENCIES, OFFSETS, SCALES

_SYMBOLS: Final = {
    "m": "meter", "km": "kilometer", "h": "hour", "hr": "hour", "hrs": "hour", "s": "second", "sec": "second",
    "secs": "second", "min": "minute", "mins": "minute", "d": "day", "g": "gram", "t": "tonne", "l": "liter",
    "L": "liter", "cc": "cubic-centimeter", "lb": "pound", "lbs": "pound", "oz": "ounce", "in": "inch",
    "ft": "foot", "kph": "kilometer-per-hour", "kmh": "kilometer-per-hour", "mph": "mile-per-hour",
    "°C": "celsius", "℃": "celsius", "°F": "fahrenheit", "degC": "celsius", "degF": "fahrenheit",
    "μm": "micrometer", "um": "micrometer", "µm": "micrometer", "a": "year", "yr": "year", "yrs": "year",
    "%": "percent", "pct": "percent", "percentage": "percent", "‰": "permille", "°": "degree", "deg": "degree",
    "Ohm": "ohm", "ohms": "ohm", "kWh": "kilowatt-hour", "cal": "calorie", "kcal": "kilocalorie",
    "GB": "gigabyte", "MB": "megabyte", "KB": "kilobyte", "TB": "terabyte", "mol": "mole", "rad": "radian",
    "psi": "pound-force-per-square-inch", "atm": "atmosphere", "mmHg": "millimeter-ofhg", "metre": "meter",
    "metres": "meter", "kilometre": "kilometer", "kilometres": "kilometer", "centimetre": "centimeter",
    "centimetres": "centimeter", "millimetre": "millimeter", "millimetres": "millimeter", "litre": "liter",
    "litres": "liter", "millilitre": "milliliter", "millilitres": "milliliter", "gramme": "gram",
    "grammes": "gram", "kilo": "kilogram", "kilos": "kilogram", "kgs": "kilogram", "Std": "hour",
    "Sek": "second", "Min": "minute", "percent": "percent", "per cent": "percent", "prozent": "percent",
    "pour cent": "percent", "por ciento": "percent", "por cento": "percent", "per cento": "percent",
    "процент": "percent", "процента": "percent", "процентов": "percent", "パーセント": "percent",
    "퍼센트": "percent", "प्रतिशत": "percent", "في المئة": "percent", "بالمئة": "percent", "公斤": "kilogram",
    "千米": "kilometer", "分": "minute", "小時": "hour", "小时": "hour", "个小时": "hour", "個小時": "hour",
    "분": "minute", "度": "degree", "摄氏度": "celsius", "攝氏度": "celsius", "华氏度": "fahrenheit",
    "吨": "tonne", "噸": "tonne", "トン": "tonne", "톤": "tonne", "킬로그램": "kilogram",
    "킬로미터": "kilometer", "グラム": "gram", "リットル": "liter", "キロ": "kilogram", "平米": "square-meter",
    "平方米": "square-meter", "minutes of arc": "arc-minute", "тонна": "tonne", "тонны": "tonne",
    "тонн": "tonne", "tonnes": "tonne", "Tonnen": "tonne", "Tonne": "tonne", "toneladas": "tonne",
    "tonnellate": "tonne", "किलो": "kilogram", "साल": "year", "Jahre": "year", "C": "celsius",
    "F": "fahrenheit", "Kelvin": "kelvin", "kelvins": "kelvin", "К": "kelvin",
    **dict.fromkeys(("минут", "минута", "минуты", "минуту"), "minute"),
    **dict.fromkeys(("секунд", "секунда", "секунды", "секунду"), "second"),
    "dagar": "day",
    "килограммов": "kilogram", "килограмма": "kilogram",
}  # fmt: skip
"""Symbols and names beside those of CLDR, and those that CLDR gives two meanings."""
_NOT_UNITS: Final = frozenset({"M", "B", "斤", "里"})
_MONEY: Final = {
    "$": "USD", "US$": "USD", "dollar": "USD", "dollars": "USD", "usd": "USD", "us-dollar": "USD",
    "dólar": "USD", "dólares": "USD", "dolares": "USD", "dollaro": "USD", "dollari": "USD", "доллар": "USD",
    "доллара": "USD", "долларов": "USD", "美元": "USD", "美金": "USD", "ドル": "USD", "달러": "USD",
    "डॉलर": "USD", "دولار": "USD", "bucks": "USD", "buck": "USD", "€": "EUR", "euro": "EUR", "euros": "EUR",
    "евро": "EUR", "欧元": "EUR", "歐元": "EUR", "ユーロ": "EUR", "유로": "EUR", "यूरो": "EUR", "يورو": "EUR",
    "£": "GBP", "pound sterling": "GBP", "quid": "GBP", "英镑": "GBP", "英鎊": "GBP", "ポンド": "GBP",
    "파운드": "GBP", "¥": "JPY|CNY", "円": "JPY", "yen": "JPY", "元": "CNY", "块": "CNY", "塊": "CNY",
    "块钱": "CNY", "yuan": "CNY", "rmb": "CNY", "人民币": "CNY", "人民幣": "CNY", "元人民币": "CNY", "₩": "KRW",
    "원": "KRW", "won": "KRW", "₹": "INR", "rs": "INR", "rs.": "INR", "rupee": "INR", "rupees": "INR",
    "रुपये": "INR", "रुपए": "INR", "रुपया": "INR", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "рубль": "RUB",
    "рубля": "RUB", "рублей": "RUB", "r$": "BRL", "real": "BRL", "reais": "BRL", "fr.": "CHF", "sfr.": "CHF",
    "franken": "CHF", "c$": "CAD", "a$": "AUD", "₺": "TRY", "₪": "ILS", "฿": "THB", "₫": "VND", "₱": "PHP",
    "₦": "NGN", "₴": "UAH", "zł": "PLN", "hk$": "HKD", "nt$": "TWD", "s$": "SGD", "일본 엔": "JPY", "엔": "JPY",
}  # fmt: skip
_CENTS: Final = {"cent": "USD", "cents": "USD", "¢": "USD", "centavos": "USD", "pence": "GBP", "penny": "GBP"}
_PER: Final = re.compile(r"\s*/\s*|\s+(?:per|pro|par|por|a|al|all'|в)\s+(?!cent|cien)|(?<=\S)毎|每", re.IGNORECASE)
_POWER: Final = re.compile(r"(?:\s?\^\s?\(?|(?<=\w))(-?[1-9])\)?$")
_SQUARED: Final = (("square ", 2), ("sq ", 2), ("sq. ", 2), ("cubic ", 3))


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement or a currency."""

    dimension: tuple[tuple[str, int], ...]
    """Base units and their exponents, sorted."""

    scale: Fraction
    """How many base units it is."""

    offset: Fraction = Fraction(0)
    """What is added before it is scaled (temperatures)."""

    @property
    def is_percent(self) -> bool:
        """Whether it is a share: per cent or per mille."""
        return self.dimension == (("%", 1),)


@lru_cache(maxsize=1)
def names() -> dict[str, dict[str, Any]]:
    """Return the tables of `names.json`, from Unicode's CLDR: units, currencies and months by name."""
    tables: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
    tables["folded"] = {}
    for name, unit in tables["units"].items():
        tables["folded"].setdefault(name.casefold(), unit)
    return tables


@lru_cache(maxsize=2048)
def unit_of(text: str) -> Unit | None:
    """Return the unit that a text names, whole: `km`, `metres per second`, `m/s²`, `元`; None if it names none."""
    text = text.strip(" .") if text.casefold() not in _MONEY else text
    if not text or len(text) > 60:
        return None
    single = _single(text)
    if single is not None:
        return single
    parts = _PER.split(text)
    if len(parts) == 1 and " " not in text and not any(sign in text for sign in "×*·"):
        return None
    result: Unit | None = None
    for place, part in enumerate(parts):
        for factor in re.split(r"[×*·]", part):
            unit = _single(factor.strip(" ()"))
            if unit is None or unit.offset:
                return None
            result = unit if result is None else _times(result, unit, -1 if place else 1)
    return result if len(parts) > 1 or "×" in text or "*" in text or "·" in text else None


def _single(text: str) -> Unit | None:
    power = _POWER.search(text)
    if power is not None and power.start() and not text[power.start() - 1].isdigit() and "/" not in text:
        base = _single(text[: power.start()].strip())
        return None if base is None or base.offset else _raised(base, int(power[1]))
    folded = text.casefold()
    if folded in _CENTS:
        return Unit(((_CENTS[folded], 1),), Fraction(1, 100))
    code = _MONEY.get(text) or _MONEY.get(folded) or names()["currencies"].get(folded)
    if code is None and text.upper() in CURRENCIES and (text.isupper() or len(text) == 3):
        code = text.upper()
    if code is not None:
        return Unit(((code, 1),), Fraction(1))
    if text in _NOT_UNITS:
        return None
    known = names()
    unit = _SYMBOLS.get(text) or known["units"].get(text)
    if unit is None and len(folded) > 2:
        unit = _SYMBOLS.get(folded) or known["folded"].get(folded)
    if unit is not None:
        dimension, scale = SCALES[unit]
        return Unit(_parsed(dimension), scale, OFFSETS.get(unit, Fraction(0)))
    for word, exponent in _SQUARED:
        if folded.startswith(word):
            base = _single(text[len(word) :].strip())
            return None if base is None else _raised(base, exponent)
    return None


@lru_cache(maxsize=256)
def _parsed(dimension: str) -> tuple[tuple[str, int], ...]:
    factors = (factor.partition("^") for factor in dimension.split())
    return tuple(sorted((base, int(exponent or 1)) for base, _, exponent in factors))


def _raised(unit: Unit, exponent: int) -> Unit:
    return Unit(tuple((base, own * exponent) for base, own in unit.dimension), unit.scale**exponent)


def _times(left: Unit, right: Unit, sign: int) -> Unit:
    total = dict(left.dimension)
    for base, exponent in right.dimension:
        total[base] = total.get(base, 0) + sign * exponent
    dimension = tuple(sorted((base, exponent) for base, exponent in total.items() if exponent))
    return Unit(dimension, left.scale * right.scale**sign)
